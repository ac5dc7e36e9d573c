//! `tapal doctor`: checks this machine and installation and says what to do about each fault. Changes nothing.

use std::process::Command;

use anyhow::{Result, bail};
use serde::Serialize;

use super::Settings;
use crate::{config::Config, inference, progress};

/// Arguments of `tapal doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// A fault here does not stop anything.
    optional: bool,
    detail: String,
    next: Option<String>,
}

impl Check {
    fn of(name: &'static str, result: Result<String, (String, String)>) -> Self {
        match result {
            Ok(detail) => Self {
                name,
                ok: true,
                optional: false,
                detail,
                next: None,
            },
            Err((detail, next)) => Self {
                name,
                ok: false,
                optional: false,
                detail,
                next: Some(next),
            },
        }
    }
    fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let config = settings.load()?;
    let checks = [
        Check::of("ffmpeg", program("ffmpeg")),
        Check::of("ffprobe", program("ffprobe")),
        Check::of("data folder", data_folder(&config)),
        Check::of("model pack", model_pack(&config)),
        Check::of("engine", engine(&config)),
        Check::of("accelerator", accelerator(&config)).optional(),
        Check::of("port", port(&config)).optional(),
    ];
    let ok = checks.iter().all(|c| c.ok || c.optional);
    if args.json {
        progress::result(&serde_json::to_string_pretty(
            &serde_json::json!({"ok": ok, "checks": checks}),
        )?);
    } else {
        for check in &checks {
            let mark = match (check.ok, check.optional) {
                (true, _) => "ok  ",
                (false, true) => "note",
                (false, false) => "BAD ",
            };
            progress::result(&format!("{mark} {:<12} {}", check.name, check.detail));
            if let Some(next) = &check.next {
                progress::result(&format!("     {:<12} {next}", ""));
            }
        }
    }
    if !ok {
        bail!("something is missing; see above");
    }
    Ok(())
}

fn program(name: &str) -> Result<String, (String, String)> {
    let missing = || {
        (
            format!("{name} was not found"),
            "install it: apt-get install ffmpeg".to_owned(),
        )
    };
    let output = Command::new(name)
        .arg("-version")
        .output()
        .map_err(|_| missing())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned).ok_or_else(missing)
}

fn data_folder(config: &Config) -> Result<String, (String, String)> {
    let data = config.data();
    let fault = |e: std::io::Error| {
        (
            format!("{}: {e}", data.display()),
            "choose another folder with --data, or make it writable".to_owned(),
        )
    };
    if !data.exists() {
        return Ok(format!(
            "{} does not exist yet; it is made at first run",
            data.display()
        ));
    }
    let probe = data.join(".doctor");
    std::fs::write(&probe, b"")
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(fault)?;
    Ok(format!("{} is writable", data.display()))
}

fn model_pack(config: &Config) -> Result<String, (String, String)> {
    let open = inference::pack_name(config)
        .and_then(|name| Ok(tapal_vision::Pack::open(&config.models(), &name)?));
    let pack = open.map_err(|e| (format!("{e:#}"), "run `tapal models list`".to_owned()))?;
    let note = if pack.card().demonstration {
        ", for demonstration only"
    } else {
        ""
    };
    Ok(format!(
        "{} ({}){note}",
        pack.card().name,
        pack.card().model_id
    ))
}

fn engine(config: &Config) -> Result<String, (String, String)> {
    let (engine, _) = inference::engine(config)
        .map_err(|e| (format!("{e:#}"), "set engine = 'auto'".to_owned()))?;
    Ok(engine.name())
}

fn accelerator(config: &Config) -> Result<String, (String, String)> {
    let (engine, why) = inference::engine(config).map_err(|e| (format!("{e:#}"), String::new()))?;
    match why {
        None => Ok(format!("{} is in use", engine.name())),
        Some(why) => Err((
            why,
            "put libonnxruntime.so from the PyPI package `onnxruntime` into the data folder"
                .to_owned(),
        )),
    }
}

fn port(config: &Config) -> Result<String, (String, String)> {
    let address = config
        .listen()
        .map_err(|e| (format!("{e:#}"), "correct `listen`".to_owned()))?;
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(e) => Err((
            format!("{address}: {e}"),
            "the centre may be running already; otherwise choose another with --listen".to_owned(),
        )),
    }
}
