//! One file a verb, each with its own `Args` and `run`.

pub mod admin;
pub mod bench;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod edge;
pub mod eval;
pub mod models;
pub mod mrz;
pub mod registry;
pub mod serve;
pub mod standby;

use std::path::PathBuf;

use crate::config::Config;

/// The global flags, handed to each verb, which may add its own.
pub struct Settings {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Flags that set a key.
    pub flags: Vec<(&'static str, String)>,
}

impl Settings {
    /// Adds a flag when it was given.
    pub fn with<T: ToString>(mut self, key: &'static str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.flags.push((key, value.to_string()));
        }
        self
    }

    /// Resolves all settings.
    pub fn load(&self) -> anyhow::Result<Config> {
        Config::load(self.file.as_deref(), &self.flags)
    }
}
