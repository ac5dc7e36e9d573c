//! `tapal edge`: the camera node of one site.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result};
use tapal_lane::{
    clock::SystemClock,
    node::{EdgeOptions, run as run_node},
};

use super::Settings;
use crate::{centre, config::Config, inference, logging};

/// Environment variable with the one-time enrolment token: a command line could be read by other users.
pub const TOKEN: &str = "TAPAL_ENROL";

/// Arguments of `tapal edge`.
#[derive(clap::Args)]
pub struct Args {
    /// Address of the centre, such as https://centre:8443.
    #[arg(long, value_name = "URL")]
    centre: String,
    /// The centre's certificate (certificate.pem of its data folder); no other is trusted.
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// One-time token from the console's page of nodes; needed once. Better given as TAPAL_ENROL.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Model pack; must be the centre's.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Folder of installed model packs.
    #[arg(long, value_name = "DIR")]
    models: Option<String>,
    /// Inference engine: auto, rten or ort.
    #[arg(long)]
    engine: Option<String>,
    /// ONNX Runtime library or the folder that holds it.
    #[arg(long, value_name = "PATH")]
    ort_library: Option<String>,
    /// Inference threads; by default one a core.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop when standard input ends: the program that started this node has gone.
    #[arg(long, hide = true)]
    with_parent: bool,
}

/// Runs it until Ctrl-C or SIGTERM.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let settings = settings
        .with("pack", args.pack)
        .with("models", args.models)
        .with("engine", args.engine)
        .with("ort_library", args.ort_library)
        .with("threads", args.threads);
    let config = settings.load()?;
    logging::start(config.text("log"));
    let token = args.token.or_else(|| std::env::var(TOKEN).ok());
    let options = EdgeOptions {
        token,
        ..options(&config, args.centre, args.ca)?
    };
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(stop.clone())?;
    if args.with_parent {
        let stop = stop.clone();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            stop.store(true, Ordering::Relaxed);
        });
    }
    run_node(options, Arc::new(SystemClock::new()), &stop).context("the camera node stopped")
}

/// Options of a node from settings.
pub fn options(config: &Config, centre: String, certificate: PathBuf) -> Result<EdgeOptions> {
    let mut options = EdgeOptions::new(
        config.data(),
        centre,
        certificate,
        config.models(),
        inference::pack_name(config)?,
    );
    options.engine = config.text("engine").parse().map_err(anyhow::Error::msg)?;
    options.ort_library = Some(match config.text("ort_library") {
        "" => config.data(),
        text => PathBuf::from(text),
    });
    options.threads = Some(config.threads());
    options.deblocking = config.text("deblocking") == "on";
    Ok(options)
}

fn stop_on_signal(stop: Arc<AtomicBool>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        runtime.block_on(centre::stop_signal());
        stop.store(true, Ordering::Relaxed);
    });
    Ok(())
}
