//! `tapal bench`: measures speed on this machine. JSON with `--json`.

mod alerts;
mod node;

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
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    match args.verb {
        Verb::Alerts(args) => alerts::run(args, settings),
        Verb::Node(args) => node::run(args, settings),
    }
}
