//! `tapal serve`: the centre.

use anyhow::Result;

use super::Settings;
use crate::{centre, inference, logging, progress};

/// Arguments of `tapal serve`.
#[derive(clap::Args)]
pub struct Args {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Model pack photographs are enrolled with.
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
    let runtime = centre::runtime()?;
    runtime.block_on(async {
        let state = match inference::open(&config) {
            Ok(open) => {
                progress::say(&format!("Model pack {} on {}.", open.pack.card().name, open.engine.name()));
                centre::open(&config, &open).await?
            }
            // Officers must be able to work on alerts when a model file is damaged; enrolling then says why not.
            Err(fault) => {
                progress::say(&format!("Photographs cannot be enrolled: {fault:#}"));
                centre::open_without_pack(&config).await?
            }
        };
        let fresh = tapal_store::account::list(&state.db, "", 1).await?.is_empty();
        let running = centre::serve(state).await?;
        progress::say(&format!("Listening on https://{}", running.address));
        progress::say(&format!("Certificate SHA-256 {}", running.fingerprint));
        if fresh {
            progress::say("There is no account yet: run `tapal admin account add USERNAME --role system_admin`.");
        }
        centre::stop_signal().await;
        progress::say("Stopping.");
        running.stop().await;
        Ok(())
    })
}
