//! Waiting for child processes and ending them with all they started. No process groups: a child stays in the
//! terminal's group, so Ctrl-C reaches everything at once.

use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(50);

/// Waits until the child ends or the limit passes; `each_tick` sees the time gone. `None`: the limit passed and
/// the child was ended.
pub fn wait(
    child: &mut Child,
    limit: Duration,
    mut each_tick: impl FnMut(Duration),
) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > limit {
            end(child);
            return Ok(None);
        }
        each_tick(begun.elapsed());
        sleep(TICK);
    }
}

/// Asks the child to stop, gives it ten seconds, then ends it and everything it started.
pub fn end(child: &mut Child) {
    let family = family(child.id());
    signal("TERM", &[child.id()]);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            break;
        }
        sleep(TICK);
    }
    let left: Vec<u32> = family
        .into_iter()
        .filter(|pid| still_ours(*pid, child.id()))
        .collect();
    signal("KILL", &left);
    // Already gone is what we want.
    let _ = child.kill();
    let _ = child.wait();
}

/// The process and all its descendants, by /proc.
fn family(first: u32) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut found = vec![first];
    let mut next = 0;
    while next < found.len() {
        let of = found[next];
        found.extend(
            pairs
                .iter()
                .filter(|(_, parent)| *parent == of)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    found
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; the fields after the last bracket are plain.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// Orphans hang on process 1; a number that has been given to a stranger meanwhile has another parent.
fn still_ours(pid: u32, first: u32) -> bool {
    pid == first || parent(pid).is_some_and(|p| p == 1 || p == first || family(first).contains(&p))
}

fn signal(name: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    let numbers: Vec<String> = pids.iter().map(u32::to_string).collect();
    let line = format!("kill -{name} {}", numbers.join(" "));
    // A process that is gone already is no failure.
    let _ = Command::new("sh")
        .args(["-c", &line])
        .stderr(Stdio::null())
        .status();
}

/// Output of a short command, or `None` when it is missing or fails.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
