//! Times and memory, as this process sees them.

use std::time::Instant;

use serde::Serialize;

/// Least, middle and most of several measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub min: f64,
    pub p50: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(mut all: Vec<f64>) -> Option<Self> {
        all.sort_by(f64::total_cmp);
        Some(Spread {
            min: *all.first()?,
            p50: all[all.len() / 2],
            max: *all.last()?,
        })
    }

    /// Of the quotients, round by round.
    pub fn ratios(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        Spread::of(ours.iter().zip(theirs).map(|(a, b)| a / b).collect())
    }
}

/// One call, repeated: milliseconds by the clock, and of processor time of the calling thread.
#[derive(Clone, Debug, Default)]
pub struct Times {
    pub wall: Vec<f64>,
    pub cpu: Vec<f64>,
}

/// Both, as they are reported.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timing {
    /// Milliseconds by the clock.
    pub ms: Option<Spread>,
    /// Milliseconds the calling thread ran; less than by the clock where others share the core.
    pub cpu_ms: Option<Spread>,
}

impl Times {
    /// Runs and records.
    pub fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let (started, ran) = (Instant::now(), thread_ms());
        let answer = call();
        self.push(started.elapsed().as_secs_f64() * 1e3, thread_ms() - ran);
        answer
    }

    pub fn push(&mut self, wall: f64, cpu: f64) {
        self.wall.push(wall);
        self.cpu.push(cpu);
    }

    pub fn timing(&self) -> Timing {
        Timing {
            ms: Spread::of(self.wall.clone()),
            cpu_ms: Spread::of(self.cpu.clone()),
        }
    }
}

/// Milliseconds this thread has run; 0 where the system does not say.
pub fn thread_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ran = text
        .split_whitespace()
        .next()
        .and_then(|t| t.parse::<f64>().ok());
    ran.unwrap_or(0.0) / 1e6
}

/// A `name: value` line of a file under /proc.
pub fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

/// A `name: 123 kB` line, in MiB.
pub fn mib_of(file: &str, name: &str) -> Option<u64> {
    let value = line_of(file, name)?;
    let kib = value.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_sort_and_pair() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.p50, spread.max), (1.0, 2.0, 3.0));
        assert_eq!(Spread::of(vec![]), None);
        let ratio = Spread::ratios(&[1.0, 4.0], &[2.0, 2.0]).unwrap();
        assert_eq!((ratio.min, ratio.max), (0.5, 2.0));
    }

    #[test]
    fn this_machine_can_be_asked() {
        assert!(mib_of("/proc/meminfo", "MemAvailable").unwrap() > 0);
        assert!(line_of("/proc/self/status", "Cpus_allowed_list").is_some());
    }
}
