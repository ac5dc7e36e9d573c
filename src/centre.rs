//! Opens and runs the centre from settings. Must not know what it is run for.

use std::sync::Arc;

use anyhow::{Context, Result};
use tapal_domain::{
    alert::Timers,
    entry::ListKind,
    screening::Threshold,
    time::{HOUR_MS, SECOND_MS},
};
use tapal_server::{
    AppState, Model, OtherModel, ServerConfig,
    enrol::{Enrol, with_pack::PackEnrol},
    holder::outside::{LIMIT, Outside, Port},
};
use tapal_vision::{Card, pack};

use crate::{config::Config, inference::Inference};

pub use tapal_server::serve::serve;

/// A runtime for the centre.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Opens the centre of the data folder with a pack to enrol with.
pub async fn open(config: &Config, inference: &Inference) -> Result<AppState> {
    let settings = server_config(
        config,
        model(inference.pack.card(), others(config, inference)),
    )?;
    open_with(settings, inference).await
}

/// As [`open`], and the start page tells newcomers what they see.
pub async fn open_demo(config: &Config, inference: &Inference) -> Result<AppState> {
    let settings = server_config(
        config,
        model(inference.pack.card(), others(config, inference)),
    )?;
    let demo = true;
    open_with(ServerConfig { demo, ..settings }, inference).await
}

async fn open_with(settings: ServerConfig, inference: &Inference) -> Result<AppState> {
    let enrol: Arc<dyn Enrol> = Arc::new(PackEnrol::new(&inference.pack, &inference.engine)?);
    Ok(tapal_server::serve::open(settings, Some(enrol)).await?)
}

/// What a server is opened with.
pub type Parts = (ServerConfig, Option<Arc<dyn Enrol>>);

/// Settings of a server with a pack.
pub fn parts(config: &Config, inference: &Inference) -> Result<Parts> {
    let model = model(inference.pack.card(), others(config, inference));
    let enrol: Arc<dyn Enrol> = Arc::new(PackEnrol::new(&inference.pack, &inference.engine)?);
    Ok((server_config(config, model)?, Some(enrol)))
}

/// Settings of a server without one.
pub fn parts_without_pack(config: &Config) -> Result<Parts> {
    Ok((server_config(config, no_model())?, None))
}

/// Opens the centre without a pack: alerts and pages work, photographs cannot be enrolled.
pub async fn open_without_pack(config: &Config) -> Result<AppState> {
    let (settings, enrol) = parts_without_pack(config)?;
    Ok(tapal_server::serve::open(settings, enrol).await?)
}

fn no_model() -> Model {
    Model {
        pack: String::new(),
        demonstration: false,
        calibration: Default::default(),
        thresholds: Vec::new(),
        others: Vec::new(),
    }
}

fn server_config(config: &Config, model: Model) -> Result<ServerConfig> {
    let seconds = |key| config.number(key) as i64 * SECOND_MS;
    let names = config
        .text("names")
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty());
    Ok(ServerConfig {
        public_names: names.collect(),
        timers: Timers {
            supervisor_ms: seconds("escalate_supervisor_s"),
            command_centre_ms: seconds("escalate_centre_s"),
            expire_ms: seconds("expire_s"),
        },
        retention_ms: config.number("retain_alert_h") as i64 * HOUR_MS,
        passenger_list_ms: config.number("retain_passenger_h") as i64 * HOUR_MS,
        small_count: config.number("small_count"),
        outside: outside(config)?,
        ..ServerConfig::new(config.listen()?, config.data(), model)
    })
}

/// The registry elsewhere, when one is set up.
fn outside(config: &Config) -> Result<Option<Outside>> {
    let read = |key: &str| match config.text(key) {
        "" => Ok(Vec::new()),
        path => std::fs::read(path).with_context(|| format!("cannot read {key} {path}")),
    };
    let url = config.text("registry_url").to_owned();
    if url.is_empty() {
        return Ok(None);
    }
    let token = String::from_utf8(read("registry_credential")?)
        .context("registry_credential holds no text")?;
    let outside = Outside {
        url,
        token: token.trim().to_owned(),
        pem: read("registry_certificate")?,
        limit: LIMIT,
    };
    Port::new(&outside).map_err(anyhow::Error::msg)?;
    Ok(Some(outside))
}

/// Installed packs for operation that are not in use: asked when a budget is out of reach. A pack that cannot be read
/// is left out; the budget is refused all the same.
fn others(config: &Config, inference: &Inference) -> Vec<OtherModel> {
    let models = config.models();
    let listed = pack::list(&models).unwrap_or_default();
    let there = listed.into_iter().filter(|one| {
        one.state == pack::State::Installed
            && !one.demonstration
            && one.name != inference.pack.card().name
    });
    let other = |name: String| {
        let card = pack::info(&models, &name).ok()?.card;
        Some(OtherModel {
            pack: card.name,
            calibration: card.calibration,
        })
    };
    there.filter_map(|one| other(one.name)).collect()
}

/// What the centre needs to know of a pack.
pub fn model(card: &Card, others: Vec<OtherModel>) -> Model {
    let threshold = |list| Threshold {
        list,
        possible: card.thresholds.possible,
        strong: card.thresholds.r#match,
    };
    Model {
        pack: card.name.clone(),
        demonstration: card.demonstration,
        calibration: card.calibration.clone(),
        thresholds: ListKind::ALL.into_iter().map(threshold).collect(),
        others,
    }
}

/// Ends when the program is told to stop.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
