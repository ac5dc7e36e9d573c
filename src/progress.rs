//! Words and progress bars for the terminal, on standard error; standard output is for results.

use std::io::{IsTerminal, Write};

/// Prints a line to standard error.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints a result line to standard output. A closed pipe is not an error of ours.
pub fn result(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A bar that redraws itself on a terminal and prints every tenth elsewhere.
pub struct Bar {
    label: String,
    total: u64,
    shown: u64,
}

impl Bar {
    /// A bar for `total` steps.
    pub fn new(label: &str, total: u64) -> Self {
        Self {
            label: label.into(),
            total: total.max(1),
            shown: u64::MAX,
        }
    }

    /// Shows that `done` steps are done.
    pub fn set(&mut self, done: u64) {
        let done = done.min(self.total);
        let percent = done * 100 / self.total;
        let terminal = std::io::stderr().is_terminal();
        let step = if terminal { percent } else { percent / 10 };
        if step == self.shown {
            return;
        }
        self.shown = step;
        let mut err = std::io::stderr();
        if terminal {
            let filled = (percent / 4) as usize;
            let end = if done == self.total { "\n" } else { "" };
            let _ = write!(
                err,
                "\r{} [{}{}] {percent:3} %{end}",
                self.label,
                "#".repeat(filled),
                "-".repeat(25 - filled)
            );
            let _ = err.flush();
        } else {
            let _ = writeln!(
                err,
                "{}: {percent} % ({done} of {})",
                self.label, self.total
            );
        }
    }
}
