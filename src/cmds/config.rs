//! `tapal config show`: each setting, its value, where it comes from and what it means.

use clap::Subcommand;

use super::Settings;
use crate::progress;

/// Arguments of `tapal config`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Print every setting with its source.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> anyhow::Result<()> {
    let Verb::Show { json } = args.verb;
    let config = settings.load()?;
    if json {
        let rows: Vec<_> = config
            .entries()
            .map(|(key, s, meaning)| serde_json::json!({"key": key, "value": s.value, "source": s.source, "meaning": meaning}))
            .collect();
        progress::result(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for (key, setting, meaning) in config.entries() {
        let value = if setting.value.is_empty() {
            "(empty)"
        } else {
            &setting.value
        };
        progress::result(&format!(
            "{key:<24} {value:<22} {:<12} {meaning}",
            setting.source
        ));
    }
    Ok(())
}
