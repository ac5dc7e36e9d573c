//! `tapal standby`: the server with which a checkpoint goes on when its centre cannot be reached.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use tapal_server::{SystemClock, serve::serve_standby, standby::start};

use super::{Settings, edge::TOKEN};
use crate::{centre, inference, logging, progress};

/// Arguments of `tapal standby`.
#[derive(clap::Args)]
pub struct Args {
    /// Address of the centre, such as https://centre:8443.
    #[arg(long, value_name = "URL")]
    centre: String,
    /// The centre's certificate (certificate.pem of its data folder); no other is trusted.
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// One-time token from the console's page of standby servers; needed once. Better given as TAPAL_ENROL.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Model pack faces are compared with at the desk; the centre's.
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
    /// Stop when standard input ends: the program that started this server has gone.
    #[arg(long, hide = true)]
    with_parent: bool,
}

/// Runs it until Ctrl-C or SIGTERM.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let settings = settings
        .with("listen", args.listen)
        .with("pack", args.pack)
        .with("models", args.models)
        .with("engine", args.engine)
        .with("ort_library", args.ort_library);
    let config = settings.load()?;
    logging::start(config.text("log"));
    let pem_name = args.ca.display().to_string();
    let pem = std::fs::read(&args.ca).with_context(|| format!("cannot read {pem_name}"))?;
    let at = start::Centre {
        url: args.centre,
        pem,
        pem_name,
        token: args.token.or_else(|| std::env::var(TOKEN).ok()),
    };
    let with_parent = args.with_parent;
    centre::runtime()?.block_on(async {
        let (settings, enrol) = match inference::open(&config) {
            Ok(open) => centre::parts(&config, &open)?,
            // The desk must work when a model file is damaged; comparing a face then says why not.
            Err(fault) => {
                progress::say(&format!("Faces cannot be compared: {fault:#}"));
                centre::parts_without_pack(&config)?
            }
        };
        let standby = start::open(settings, &at, enrol, Arc::new(SystemClock)).await?;
        let running = serve_standby(standby).await?;
        progress::say(&format!("Listening on https://{}", running.address));
        progress::say(&format!("Certificate SHA-256 {}", running.fingerprint));
        progress::say("Officers and camera nodes of this checkpoint use this address.");
        tokio::select! {
            () = centre::stop_signal() => {}
            () = parent_gone(with_parent) => {}
        }
        progress::say("Stopping.");
        running.stop().await;
        Ok(())
    })
}

/// Ends when standard input does; never, unless asked for.
async fn parent_gone(asked: bool) {
    if !asked {
        return std::future::pending().await;
    }
    let (gone, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = gone.send(());
    });
    let _ = told.await;
}
