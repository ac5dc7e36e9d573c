//! `tapal mrz parse`: reads machine readable zones from standard input, a document's lines each, apart by blank lines. `tapal
//! mrz photo`: reads those of photographs. Must not write anything of a person but to standard output, and there only when asked for JSON.

use std::{
    io::{BufRead, Read},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use tapal_documents::mrz;
use tapal_domain::day::Day;
use tapal_server::mrz::from_photograph;

use crate::{clock, progress};

/// The longest line that is kept, bytes: twice a zone's, so that a wrong file is said and not swallowed.
const MOST: u64 = 128;

/// Arguments of `tapal mrz`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Read documents from standard input; a line of output each.
    Parse {
        /// A JSON line each, with every field.
        #[arg(long)]
        json: bool,
        /// The day that tells the century of two-digit years; today when left out.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<Day>,
    },
    /// Read the zones in photographs of documents' pages (JPEG or PNG) with tesseract; a JSON line each.
    Photo {
        /// Photographs.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The day that tells the century of two-digit years; today when left out.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<Day>,
    },
}

/// Runs it. The exit status says whether the input could be read, not whether each document is valid.
pub fn run(args: Args) -> Result<()> {
    let today = |on: Option<Day>| on.unwrap_or_else(|| Day::at(clock::now(), 0));
    match args.verb {
        Verb::Parse { json, on } => parse(json, today(on)),
        Verb::Photo { files, on } => photo(&files, today(on)),
    }
}

/// A photograph without a zone is said in its line; a machine that cannot read any is an error.
fn photo(files: &[PathBuf], on: Day) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()?;
    for file in files {
        let image =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        match runtime.block_on(from_photograph(image, on)) {
            Ok(found) => progress::result(&serde_json::to_string(&found)?),
            Err(error) if error.code == "no_ocr" => bail!(error.message),
            Err(error) => progress::result(
                &serde_json::json!({ "state": "unsure", "code": error.code }).to_string(),
            ),
        }
    }
    Ok(())
}

fn parse(json: bool, on: Day) -> Result<()> {
    let mut input = std::io::stdin().lock();
    let (mut document, mut line) = (String::new(), Vec::new());
    loop {
        line.clear();
        let read = input
            .by_ref()
            .take(MOST)
            .read_until(b'\n', &mut line)
            .context("standard input cannot be read")?;
        let text = String::from_utf8_lossy(&line);
        let blank = text.trim().is_empty();
        // Four lines are too many for any document: more would only be kept.
        if !blank && document.lines().count() < 4 {
            document.push_str(text.trim_end());
            document.push('\n');
        }
        if (blank || read == 0) && !document.is_empty() {
            say(&mrz::read(&document, on), json)?;
            document.clear();
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn say(found: &mrz::Reading, json: bool) -> Result<()> {
    if json {
        progress::result(&serde_json::to_string(found)?);
        return Ok(());
    }
    let format = serde_json::to_value(found.format)?;
    let format = format.as_str().unwrap_or("no document");
    match found.valid {
        true => progress::result(&format!("{format}: valid")),
        false => {
            let faults = serde_json::to_string(&found.faults)?;
            progress::result(&format!("{format}: not valid, {faults}"));
        }
    }
    Ok(())
}
