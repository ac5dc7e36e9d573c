//! `tapal bench`: measures speed on this machine. JSON with `--json`.

mod embed;
mod node;
mod play;
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
    /// Several cameras on one node for some minutes: latency, dropped frames, processor time, memory.
    Node(node::Args),
    /// One recording through one core: what each stage costs, and the usual Python pipeline beside it.
    Video(video::Args),
    /// Templates a second by batch, and finding faces by picture size, on one thread.
    Embed(embed::Args),
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    match args.verb {
        Verb::Node(args) => node::run(args, settings),
        Verb::Video(args) => video::run(args, settings),
        Verb::Embed(args) => embed::run(args, settings),
    }
}
