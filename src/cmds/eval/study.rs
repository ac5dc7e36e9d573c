//! From settings and a folder of photographs to a study: pack, engine, cache of templates, all scores.
//! The cache lies in `eval-cache` of the data folder, readable by its owner only; it must never hold a listed person.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use tapal_vision::{DetectSize, eval};

use crate::{
    cmds::Settings,
    config::Config,
    inference::{self, Inference},
    progress,
};

/// What to evaluate with, as flags.
#[derive(clap::Args)]
pub struct With {
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Inference engine: auto, rten or ort.
    #[arg(long)]
    engine: Option<String>,
    /// Compute every template anew and keep none. Otherwise templates stay in the data folder, in `eval-cache`.
    #[arg(long)]
    no_cache: bool,
}

/// Opened pack and engine.
pub struct Opened {
    config: Config,
    inference: Inference,
    no_cache: bool,
}

impl With {
    /// Opens pack and engine.
    pub fn open(self, settings: Settings) -> Result<Opened> {
        let config = settings
            .with("pack", self.pack)
            .with("engine", self.engine)
            .load()?;
        Ok(Opened {
            inference: inference::open(&config)?,
            no_cache: self.no_cache,
            config,
        })
    }
}

impl Opened {
    /// Does something with the setup that evaluations take.
    pub fn with<T>(&self, run: impl FnOnce(&eval::Setup<'_>) -> Result<T>) -> Result<T> {
        let mut setup = eval::Setup {
            pack: &self.inference.pack,
            engine: &self.inference.engine,
            detect: DetectSize::default(),
            threads: self.config.threads(),
            cache: None,
        };
        if self.no_cache {
            return run(&setup);
        }
        let cache = eval::Cache::open(&self.config.data().join("eval-cache"), &setup)?;
        setup.cache = Some(&cache);
        run(&setup)
    }

    /// Threads to use.
    pub fn threads(&self) -> usize {
        self.config.threads()
    }

    /// Pack, model and engine in words.
    pub fn about(&self) -> eval::About {
        let card = self.inference.pack.card();
        eval::About {
            pack: card.name.clone(),
            model_id: card.model_id.clone(),
            engine: self.inference.engine.name(),
        }
    }

    /// The thresholds of the card: possible, match.
    pub fn thresholds(&self) -> [f32; 2] {
        let thresholds = &self.inference.pack.card().thresholds;
        [thresholds.possible, thresholds.r#match]
    }

    /// Embeds and compares a whole folder.
    pub fn study(&self, root: &Path) -> Result<(eval::Folder, eval::Study)> {
        let folder = eval::Folder::read(root)?;
        let names = folder.photographs.iter().map(|p| p.path.clone());
        let names = names.collect::<Vec<_>>();
        let bar = Progress::default();
        let show = |done: usize, total: usize| bar.show("embedding", done, total);
        let embedded = self.with(|setup| Ok(eval::embed(root, &names, setup, &show)?))?;
        progress::say(&format!(
            "{} photographs of {} people, {} of them known from the cache",
            names.len(),
            folder.people.len(),
            embedded.cached
        ));
        let study = eval::Study::of(&folder, &embedded, self.threads())?;
        Ok((folder, study))
    }
}

/// People who may be one: a given list, `same_person.tsv` in the folder, or suspects by rule.
pub fn same_people(
    given: Option<&PathBuf>,
    root: &Path,
    folder: &eval::Folder,
    study: &eval::Study,
) -> Result<eval::SamePeople> {
    let beside = root.join("same_person.tsv");
    let list = given
        .cloned()
        .or_else(|| beside.is_file().then_some(beside));
    if let Some(path) = list {
        return Ok(eval::load_same_people(&path, folder)?);
    }
    let all = eval::Compared::of(study, &Default::default(), 0.1);
    Ok(eval::suspects(study, &all))
}

/// A bar that may be moved from several threads and starts anew when its label or total changes.
#[derive(Default)]
pub struct Progress(Mutex<Option<(&'static str, usize, progress::Bar)>>);

impl Progress {
    /// Shows that `done` of `total` are done.
    pub fn show(&self, label: &'static str, done: usize, total: usize) {
        let Ok(mut bar) = self.0.lock() else { return };
        let fresh = bar
            .as_ref()
            .is_none_or(|(l, t, _)| *l != label || *t != total);
        if fresh || done <= 1 {
            *bar = Some((label, total, progress::Bar::new(label, total as u64)));
        }
        if let Some((_, _, bar)) = bar.as_mut() {
            bar.set(done as u64);
        }
    }
}
