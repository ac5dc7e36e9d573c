//! The script in `tests/peers/search.py`, run beside us: it answers one call at a time, so that the engines take turns.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

const SCRIPT: &str = include_str!("../../../../tests/peers/search.py");

/// The running script.
pub struct Peers {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it said it has: versions, BLAS kernel.
    pub ready: serde_json::Value,
}

/// One answer.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub ms: f64,
    pub cpu_ms: f64,
    /// Best row of each probe.
    pub top: Vec<u64>,
}

impl Peers {
    /// Starts it on a file of raw vectors: rows, then probes. It inherits the cores we may use.
    pub fn start(python: &Path, vectors: &Path, sizes: [usize; 4]) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-c", SCRIPT])
            .arg(vectors)
            .args(sizes.map(|size| size.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let (Some(ask), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("cannot speak with {}", python.display());
        };
        let mut peers = Self {
            child,
            ask,
            answers: BufReader::new(out),
            ready: serde_json::Value::Null,
        };
        peers.ready = peers.line()?["ready"].take();
        Ok(peers)
    }

    /// Asks for one call.
    pub fn ask(&mut self, what: &str) -> Result<Answer> {
        writeln!(self.ask, "{what}")?;
        self.ask.flush()?;
        Ok(serde_json::from_value(self.line()?)?)
    }

    /// Whether it has this package.
    pub fn has(&self, package: &str) -> bool {
        self.ready[package].is_string()
    }

    fn line(&mut self) -> Result<serde_json::Value> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the script of the peers ended early; its message stands above");
        }
        let answer: serde_json::Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => bail!("peers: {error}"),
            None => Ok(answer),
        }
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
