//! `tapal bench`: measures speed on this machine. JSON with `--json`.

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
    /// Several cameras on one node for some minutes: latency, dropped frames, processor time, memory.
    Node(node::Args),
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    match args.verb {
        Verb::Node(args) => node::run(args, settings),
    }
}
