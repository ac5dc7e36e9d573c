//! Settings: defaults, then `tapal.toml`, then `TAPAL_*` variables, then flags; each value remembers its source.
//! Few keys on purpose: cameras, thresholds, people are rows edited in the console. An unknown key is an error.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Name, default and meaning of every key there is.
pub const KEYS: &[(&str, &str, &str)] = &[
    (
        "data",
        "data",
        "folder for database, keys, certificates and spool",
    ),
    (
        "models",
        "",
        "folder of installed model packs; empty means `models` in the data folder",
    ),
    (
        "pack",
        "auto",
        "model pack to use; auto takes standard when installed, else starter",
    ),
    (
        "engine",
        "auto",
        "inference engine: auto, rten or ort; auto takes ONNX Runtime when its library loads",
    ),
    (
        "ort_library",
        "",
        "ONNX Runtime shared library; empty searches the data folder and ORT_DYLIB_PATH",
    ),
    (
        "deblocking",
        "on",
        "whether a node's decoder smooths block edges: on, or off for a third less decoding and slightly lower likeness",
    ),
    ("threads", "0", "inference threads; 0 means one a core"),
    ("listen", "127.0.0.1:8443", "address the centre listens on"),
    (
        "names",
        "localhost,127.0.0.1",
        "host names and addresses in the certificate made at first run",
    ),
    (
        "escalate_supervisor_s",
        "20",
        "seconds until an untaken alert is on the supervisor's screen",
    ),
    (
        "escalate_centre_s",
        "120",
        "seconds until an untaken alert is on the command centre's screen",
    ),
    (
        "expire_s",
        "1800",
        "seconds until an undecided alert ends as unresolved",
    ),
    (
        "retain_alert_h",
        "24",
        "hours until the evidence of an alert without a hit is destroyed",
    ),
    (
        "retain_attempt_h",
        "24",
        "hours an attempt (no face in it) stays listed",
    ),
    (
        "retain_passenger_h",
        "24",
        "hours after the scheduled arrival until announced passengers nobody asked about are deleted",
    ),
    (
        "small_count",
        "5",
        "counts of one nationality and reason below this are hidden in reports for the public",
    ),
    (
        "registry_url",
        "",
        "address of a registry elsewhere that is asked about documents, such as https://registry.example; empty for none",
    ),
    (
        "registry_credential",
        "",
        "file with the token sent to that registry",
    ),
    (
        "registry_certificate",
        "",
        "file with the certificates trusted for it, PEM",
    ),
    (
        "log",
        "info",
        "log filter, such as info or tapal_lane=debug",
    ),
];

/// One value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The text as given.
    pub value: String,
    /// `default`, `file`, `environment` or `flag`.
    pub source: &'static str,
}

/// All settings, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    values: BTreeMap<&'static str, Setting>,
}

impl Config {
    /// Resolves settings. `file` must exist when given; otherwise `tapal.toml` in the data folder is read if there.
    pub fn load(file: Option<&Path>, flags: &[(&str, String)]) -> Result<Self> {
        let env = |key: &str| std::env::var(format!("TAPAL_{}", key.to_uppercase())).ok();
        Self::resolve(file, flags, env)
    }

    fn resolve(
        file: Option<&Path>,
        flags: &[(&str, String)],
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut values: BTreeMap<_, _> = KEYS
            .iter()
            .map(|(key, default, _)| {
                (
                    *key,
                    Setting {
                        value: (*default).into(),
                        source: "default",
                    },
                )
            })
            .collect();
        let flag = |key: &str| {
            flags
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| v.clone())
        };
        let data = flag("data")
            .or_else(|| env("data"))
            .unwrap_or_else(|| "data".into());
        let beside = Path::new(&data).join("tapal.toml");
        let path = file
            .map(Path::to_path_buf)
            .or_else(|| beside.exists().then_some(beside));
        if let Some(path) = path {
            for (key, value) in read_file(&path)? {
                set(&mut values, &key, value, "file")
                    .with_context(|| format!("in {}", path.display()))?;
            }
        }
        for (key, _, _) in KEYS {
            if let Some(value) = env(key) {
                set(&mut values, key, value, "environment")?;
            }
            if let Some(value) = flag(key) {
                set(&mut values, key, value, "flag")?;
            }
        }
        let config = Self { values };
        config.check()?;
        Ok(config)
    }

    /// The same settings for a centre of its own in another folder, with the packs of this one.
    pub fn at(&self, data: &Path, listen: &str) -> Result<Self> {
        let mut values = self.values.clone();
        let library = match self.text("ort_library") {
            "" => self.data().display().to_string(),
            text => text.to_owned(),
        };
        for (key, value) in [
            ("models", self.models().display().to_string()),
            ("ort_library", library),
            ("data", data.display().to_string()),
            ("listen", listen.to_owned()),
        ] {
            set(&mut values, key, value, "flag")?;
        }
        Ok(Self { values })
    }

    /// Every key with its value, source and meaning, for `tapal config show`.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &Setting, &'static str)> + '_ {
        KEYS.iter().filter_map(|(key, _, meaning)| {
            self.values
                .get(key)
                .map(|setting| (*key, setting, *meaning))
        })
    }

    /// The text of a key; empty when the key has no value.
    pub fn text(&self, key: &str) -> &str {
        self.values
            .get(key)
            .map_or("", |setting| setting.value.as_str())
    }

    /// A whole number. `check` has already refused anything else.
    pub fn number(&self, key: &str) -> u64 {
        self.text(key).parse().unwrap_or_default()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        PathBuf::from(self.text("data"))
    }

    /// The folder of model packs.
    pub fn models(&self) -> PathBuf {
        match self.text("models") {
            "" => self.data().join("models"),
            text => PathBuf::from(text),
        }
    }

    /// Inference threads: one a core unless set.
    pub fn threads(&self) -> usize {
        match self.number("threads") as usize {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }

    /// Address to listen on.
    pub fn listen(&self) -> Result<SocketAddr> {
        let text = self.text("listen");
        text.parse().with_context(|| {
            format!("listen = {text}: give an address and port, such as 127.0.0.1:8443")
        })
    }

    fn check(&self) -> Result<()> {
        self.listen()?;
        let numbers = [
            "threads",
            "escalate_supervisor_s",
            "escalate_centre_s",
            "expire_s",
            "retain_alert_h",
            "retain_attempt_h",
            "retain_passenger_h",
            "small_count",
        ];
        for key in numbers {
            if self.text(key).parse::<u32>().is_err() {
                bail!("{key} = {}: give a whole number", self.text(key));
            }
        }
        if !["on", "off"].contains(&self.text("deblocking")) {
            bail!("deblocking = {}: choose on or off", self.text("deblocking"));
        }
        if !["auto", "rten", "ort"].contains(&self.text("engine")) {
            bail!("engine = {}: choose auto, rten or ort", self.text("engine"));
        }
        if self.number("escalate_supervisor_s") >= self.number("escalate_centre_s")
            || self.number("escalate_centre_s") >= self.number("expire_s")
        {
            bail!("timers must grow: escalate_supervisor_s < escalate_centre_s < expire_s");
        }
        Ok(())
    }
}

fn set(
    values: &mut BTreeMap<&'static str, Setting>,
    key: &str,
    value: String,
    source: &'static str,
) -> Result<()> {
    match KEYS.iter().find(|(known, _, _)| *known == key) {
        Some((known, _, _)) => {
            values.insert(known, Setting { value, source });
            Ok(())
        }
        None => bail!("unknown key `{key}`; `tapal config show` lists the keys there are"),
    }
}

fn read_file(path: &Path) -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings file {}", path.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("{} is not valid TOML", path.display()))?;
    let plain = |(key, value): (String, toml::Value)| match value {
        toml::Value::String(text) => Ok((key, text)),
        toml::Value::Integer(n) => Ok((key, n.to_string())),
        _ => bail!("{key} in {}: give a text or a whole number", path.display()),
    };
    table.into_iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, env: &[(&str, &str)], flags: &[(&str, String)]) -> Result<Config> {
        let path = std::env::temp_dir().join(format!(
            "tapal-config-{}-{:?}.toml",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::write(&path, file)?;
        let lookup = |key: &str| {
            env.iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| (*v).to_owned())
        };
        let config = Config::resolve(Some(&path), flags, lookup);
        std::fs::remove_file(&path)?;
        config
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let config = resolve(
            "threads = 2\npack = 'a'\nlog = 'warn'",
            &[("threads", "3"), ("pack", "b")],
            &[("threads", "4".into())],
        )
        .unwrap();
        let sources: Vec<_> = config
            .entries()
            .map(|(k, s, _)| (k, s.value.clone(), s.source))
            .collect();
        for expect in [
            ("threads", "4", "flag"),
            ("pack", "b", "environment"),
            ("log", "warn", "file"),
            ("engine", "auto", "default"),
        ] {
            assert!(
                sources.contains(&(expect.0, expect.1.into(), expect.2)),
                "{expect:?} not in {sources:?}"
            );
        }
    }

    #[test]
    fn wrong_settings_say_what_to_do() {
        for (file, hint) in [
            ("thread = 2", "unknown key `thread`"),
            ("threads = -1", "whole number"),
            ("listen = 'here'", "address and port"),
            ("engine = 'gpu'", "choose auto, rten or ort"),
            ("expire_s = 60", "timers must grow"),
            ("threads = [1]", "text or a whole number"),
            ("threads 1", "not valid TOML"),
        ] {
            let error = format!("{:#}", resolve(file, &[], &[]).unwrap_err());
            assert!(error.contains(hint), "{file}: {error}");
        }
    }

    #[test]
    fn keys_stay_few() {
        assert!(KEYS.len() < 40);
    }
}
