//! `tapal eval`: measures accuracy on photographs and the whole path on clips. JSON with `--json`.

pub mod clips;
mod pairs;
pub mod truth;

use clap::Subcommand;

use super::Settings;

/// Arguments of `tapal eval`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run every clip of a folder through the real node and centre once and score the alerts.
    Clips(clips::Args),
    /// Compare pairs of photographs: true accept rate at a false accept rate.
    Pairs(pairs::Args),
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    match args.verb {
        Verb::Clips(args) => clips::run(args, settings),
        Verb::Pairs(args) => pairs::run(args, settings),
    }
}
