//! `tapal registry`: a registry of invented holders that speaks the contract of the port to an outside registry, for
//! demonstrations and for whoever writes the other side. Must not be used with people who live.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result, bail};
use tapal_server::holder::simulator;

use crate::progress;

/// Arguments of `tapal registry`.
#[derive(clap::Args)]
pub struct Args {
    /// JSON list of invented holders, such as fixtures/registry/holders.json.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Address of this machine to listen on.
    #[arg(long, default_value = "127.0.0.1:8470")]
    listen: SocketAddr,
    /// File with the token that whoever asks must send; without it everybody on this machine may ask.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Serves until it is stopped.
pub fn run(args: &Args) -> Result<()> {
    if !args.listen.ip().is_loopback() {
        bail!(
            "the simulator speaks plain HTTP and listens on this machine only, such as 127.0.0.1:8470"
        );
    }
    let file = std::fs::read(&args.file)
        .with_context(|| format!("cannot read {}", args.file.display()))?;
    let token = match &args.token_file {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => String::new(),
    };
    let router = simulator::router(&file, token.trim()).with_context(|| {
        format!(
            "{} is no list of holders; fixtures/registry/holders.json shows the form",
            args.file.display()
        )
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        progress::say(&format!(
            "a registry of invented holders answers at http://{}/v1/documents/STATE/NUMBER",
            listener.local_addr()?
        ));
        simulator::serve(listener, router)
            .await
            .context("the simulator stopped")
    })
}
