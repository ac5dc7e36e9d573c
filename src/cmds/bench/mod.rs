//! `tapal bench`: measures speed on this machine. JSON with `--json`.

mod alerts;
mod embed;
mod ledger;
mod names;
mod node;
mod play;
pub mod search;
mod video;

use clap::Subcommand;

use super::Settings;

/// Arguments of `tapal bench`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Many open consoles at one centre: how long until each shows an alert.
    Alerts(alerts::Args),
    /// Several cameras on one node for some minutes: latency, dropped frames, processor time, memory.
    Node(node::Args),
    /// The exact search on made-up templates: by number, against the memory's speed and against peers.
    Search(search::Args),
    /// A list of invented names: building, memory, and how quickly it answers.
    Names(names::Args),
    /// A ledger of invented crossings: how quickly a desk finds a stay, and how long a monthly report takes.
    Ledger(ledger::Args),
    /// One recording through one core: what each stage costs, and the usual Python pipeline beside it.
    Video(video::Args),
    /// Templates a second by batch, and finding faces by picture size, on one thread.
    Embed(embed::Args),
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    match args.verb {
        Verb::Alerts(args) => alerts::run(args, settings),
        Verb::Node(args) => node::run(args, settings),
        Verb::Search(args) => search::run(args),
        Verb::Names(args) => names::run(args),
        Verb::Ledger(args) => ledger::run(args),
        Verb::Video(args) => video::run(args, settings),
        Verb::Embed(args) => embed::run(args, settings),
    }
}
