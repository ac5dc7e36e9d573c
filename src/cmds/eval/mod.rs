//! `tapal eval`: measures accuracy on photographs and the whole path on clips. JSON with `--json`.

mod baseline;
mod calibrate;
pub mod clips;
mod names;
mod pairs;
mod report;
mod search;
mod study;
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
    /// Search lists of several sizes with listed and unlisted people: what was predicted and what was measured.
    Search(search::Args),
    /// Compare pairs of names with a known answer: F1 at the shipped threshold, processor time a pair.
    Names(names::Args),
    /// Fit what a score means and print the table for a model card.
    Calibrate(calibrate::Args),
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    match args.verb {
        Verb::Clips(args) => clips::run(args, settings),
        Verb::Pairs(args) => pairs::run(args, settings),
        Verb::Search(args) => search::run(args, settings),
        Verb::Names(args) => names::run(args),
        Verb::Calibrate(args) => calibrate::run(args, settings),
    }
}
