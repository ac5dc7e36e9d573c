//! A camera node as a child process of the demonstration. It is the same program that runs at a real site; only
//! enrolling is done for it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use tapal_domain::id::SiteId;
use tapal_server::AppState;

use crate::{cmds::edge::TOKEN, config::Config, progress, seed};

/// One running node.
pub struct Node {
    program: PathBuf,
    arguments: Vec<String>,
    token: Option<String>,
    child: Child,
}

impl Node {
    /// Enrols (at first) and starts a node of `site` with its data in `folder`. `centre` listens already.
    pub async fn start(
        state: &AppState,
        config: &Config,
        site: SiteId,
        folder: &Path,
        threads: usize,
    ) -> Result<Self> {
        let mut arguments: Vec<String> = vec!["edge".into(), "--with-parent".into()];
        let mut option = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        option("data", folder.display().to_string());
        option("models", config.models().display().to_string());
        option("ort-library", ort_library(config));
        option("engine", config.text("engine").into());
        option("pack", crate::inference::pack_name(config)?);
        option("threads", threads.to_string());
        option(
            "centre",
            format!("https://localhost:{}", config.listen()?.port()),
        );
        option(
            "ca",
            tapal_server::certificate::certificate_path(&config.data())
                .display()
                .to_string(),
        );
        let enrolled = folder.join("identity.json").exists();
        let token = if enrolled {
            None
        } else {
            Some(seed::node(state, site, "demo").await?)
        };
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let child = spawn(&program, &arguments, token.as_deref())?;
        Ok(Self {
            program,
            arguments,
            token,
            child,
        })
    }

    /// Starts the node again when it has ended.
    pub fn revive(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            progress::say(&format!(
                "A camera node ended ({status}); starting it again."
            ));
            if let Ok(child) = spawn(&self.program, &self.arguments, self.token.as_deref()) {
                self.child = child;
            }
        }
    }

    /// Ends it: closes its standard input, and waits a little before it is made to.
    pub fn stop(mut self) {
        drop(self.child.stdin.take());
        for _ in 0..30 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ort_library(config: &Config) -> String {
    match config.text("ort_library") {
        "" => config.data().display().to_string(),
        text => text.into(),
    }
}

fn spawn(program: &Path, arguments: &[String], token: Option<&str>) -> Result<Child> {
    let mut command = Command::new(program);
    // The end of its standard input tells a node that we are gone, however we went.
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    if let Some(token) = token {
        command.env(TOKEN, token);
    }
    command.spawn().context("cannot start a camera node")
}
