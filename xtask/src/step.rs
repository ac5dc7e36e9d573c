//! One line on the terminal per step, the long output in a log file, the end of it when the step fails.
//! It knows nothing about what the steps do.

use std::fs::{self, File};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::process;

const TAIL: usize = 60;

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// The steps of one run.
pub struct Steps {
    begun: Instant,
    logs: PathBuf,
    done: Vec<(String, Outcome, String)>,
}

impl Steps {
    /// Logs go to `work`.
    pub fn new(work: &Path) -> Result<Self, String> {
        fs::create_dir_all(work).map_err(|e| format!("cannot make {}: {e}", work.display()))?;
        Ok(Steps {
            begun: Instant::now(),
            logs: work.to_owned(),
            done: Vec::new(),
        })
    }

    /// Runs a command to its end. True when it exits 0 within the limit.
    pub fn run(&mut self, name: &str, command: &mut Command, minutes: u64) -> bool {
        self.log(name, |path| {
            watch(name, command, path, Duration::from_secs(minutes * 60))
        })
    }

    /// Runs a piece of our own work that may write to the log file. `Ok` holds a note for the line.
    pub fn log(&mut self, name: &str, work: impl FnOnce(&Path) -> Result<String, String>) -> bool {
        let path = self.logs.join(format!(
            "{}.log",
            name.replace(|c: char| !c.is_alphanumeric(), "-")
        ));
        // The log of an earlier run must not be shown as this one's.
        let _ = fs::remove_file(&path);
        let (outcome, note) = self.timed(name, "FAILED", || work(&path));
        if outcome == Outcome::Failed && path.exists() {
            print!("{}", tail(&path));
        }
        self.done.push((name.to_owned(), outcome, note));
        outcome == Outcome::Passed
    }

    /// Like `log`, for something we can do without: a failure counts as skipped and says what happens instead.
    pub fn optional(
        &mut self,
        name: &str,
        instead: &str,
        work: impl FnOnce(&Path) -> Result<String, String>,
    ) {
        let path = self.logs.join("optional.log");
        let _ = fs::remove_file(&path);
        let done = match self.timed(name, "not available:", || work(&path)) {
            (Outcome::Failed, why) => {
                println!("         {instead} (log: {})", path.display());
                (name.to_owned(), Outcome::Skipped, why)
            }
            (outcome, note) => (name.to_owned(), outcome, note),
        };
        self.done.push(done);
    }

    /// Prints the line of a step around its work.
    fn timed(
        &self,
        name: &str,
        failed: &str,
        work: impl FnOnce() -> Result<String, String>,
    ) -> (Outcome, String) {
        let begun = Instant::now();
        print!("{:>7}  {name} ...", clock(self.begun.elapsed()));
        // A line that cannot be shown is no reason to stop.
        let _ = std::io::stdout().flush();
        let result = work();
        let took = clock(begun.elapsed());
        let (outcome, note) = match result {
            Ok(note) if note.is_empty() => (Outcome::Passed, took),
            Ok(note) => (Outcome::Passed, format!("{took}  {note}")),
            Err(why) => (Outcome::Failed, format!("{took}  {why}")),
        };
        println!(
            " {} {note}",
            if outcome == Outcome::Passed {
                "ok"
            } else {
                failed
            }
        );
        (outcome, note)
    }

    /// Notes that a step did not run, and why.
    pub fn skip(&mut self, name: &str, why: &str) {
        println!(
            "{:>7}  {name} ... skipped: {why}",
            clock(self.begun.elapsed())
        );
        self.done
            .push((name.to_owned(), Outcome::Skipped, why.to_owned()));
    }

    /// Prints what failed and the closing line; fails when anything failed.
    pub fn close(self) -> ExitCode {
        let count = |wanted| {
            self.done
                .iter()
                .filter(|(_, outcome, _)| *outcome == wanted)
                .count()
        };
        println!();
        for (name, outcome, note) in &self.done {
            if *outcome != Outcome::Passed {
                let word = if *outcome == Outcome::Failed {
                    "failed "
                } else {
                    "skipped"
                };
                println!("{word}  {name}: {note}");
            }
        }
        println!(
            "{} in all; logs: {}",
            clock(self.begun.elapsed()),
            self.logs.display()
        );
        let skipped = match count(Outcome::Skipped) {
            0 => String::new(),
            n => format!(", {n} skipped"),
        };
        println!(
            "{} passed, {} failed{skipped}",
            count(Outcome::Passed),
            count(Outcome::Failed)
        );
        if count(Outcome::Failed) == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn watch(
    name: &str,
    command: &mut Command,
    path: &Path,
    limit: Duration,
) -> Result<String, String> {
    let file = File::create(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    let second = file.try_clone().map_err(|e| e.to_string())?;
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(second)
        .spawn()
        .map_err(|e| format!("{program} does not start: {e}"))?;
    let mut said = 0;
    let status = process::wait(&mut child, limit, |gone| {
        let minute = gone.as_secs() / 60;
        if minute > said {
            said = minute;
            still_running(name, gone, path);
        }
    });
    match status {
        Err(e) => Err(e.to_string()),
        Ok(None) => Err(format!(
            "ended: it took longer than {} min",
            limit.as_secs() / 60
        )),
        Ok(Some(status)) if status.success() => Ok(counted(path)),
        Ok(Some(status)) => Err(format!("{status}; full output: {}", path.display())),
    }
}

fn still_running(name: &str, gone: Duration, path: &Path) {
    let last = fs::read(path)
        .map(|bytes| last_line(&bytes))
        .unwrap_or_default();
    if std::io::stdout().is_terminal() {
        print!("\r\x1b[2K         {name} ... {} {last}", clock(gone));
    } else {
        print!(" {}", clock(gone));
    }
    let _ = std::io::stdout().flush();
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(400)..]).into_owned();
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .trim()
        .chars()
        .take(60)
        .collect()
}

/// Sums the closing lines of `cargo test`, so that the step says how many tests it ran.
fn counted(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let sum = |word: &str| -> u64 {
        let lines = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("test result: "));
        lines.filter_map(|line| number_before(line, word)).sum()
    };
    match (sum("passed"), sum("ignored")) {
        (0, 0) => String::new(),
        (passed, 0) => format!("{passed} tests"),
        (passed, ignored) => format!("{passed} tests, {ignored} ignored"),
    }
}

fn number_before(line: &str, word: &str) -> Option<u64> {
    line.split([';', '.'])
        .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
}

fn tail(path: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(TAIL)..];
    shown
        .iter()
        .map(|line| format!("         | {line}\n"))
        .collect()
}

fn clock(time: Duration) -> String {
    match time.as_secs() {
        s if s < 60 => format!("{:.1}s", time.as_secs_f64()),
        s => format!("{}m{:02}s", s / 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_summed() {
        let path = std::env::temp_dir().join(format!("xtask-counted-{}", std::process::id()));
        let text = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured\nnoise\ntest result: ok. 3 passed; 0 failed; 0 ignored\n";
        fs::write(&path, text).unwrap();
        assert_eq!(counted(&path), "15 tests, 1 ignored");
        fs::remove_file(&path).unwrap();
    }
}
