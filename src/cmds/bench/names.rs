//! `tapal bench names`: a list of invented names, how long it takes to build, what it takes in memory, and how quickly it
//! answers, on one thread. Says nothing about accuracy on real names: `tapal eval names` does.

use std::time::Instant;

use anyhow::{Result, bail};
use serde::Serialize;
use tapal_names::{
    Facts, Index, Subject, compare,
    synthetic::{Dice, WAYS, name, otherwise},
};

use super::search::measure::{Times, line_of, mib_of};
use crate::{clock, progress};

/// Arguments of `tapal bench names`.
#[derive(clap::Args)]
pub struct Args {
    /// Names on the list.
    #[arg(long, default_value_t = 1_000_000)]
    n: usize,
    /// Questions of each kind.
    #[arg(long, default_value_t = 1000)]
    queries: usize,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    processor: String,
    cores_allowed: String,
    load_before: String,
    load_after: String,
    made_at_ms: i64,
    shape: &'static str,
    n: usize,
    threads: usize,
    build_s: f64,
    build_us_per_name: f64,
    /// Growth of the process, names and ids and keys together.
    bytes_per_name: f64,
    /// As the list counts them itself: prepared names, and keys.
    bytes_per_name_held: f64,
    bytes_per_name_keys: f64,
    /// Over all kinds together, milliseconds by the clock.
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// The same in processor time, which other programs on the machine do not lengthen; the system counts it in steps.
    p50_cpu_ms: f64,
    p99_cpu_ms: f64,
    kinds: Vec<Kind>,
    blocking: Blocking,
    change: Change,
}

#[derive(Serialize)]
struct Kind {
    kind: &'static str,
    queries: usize,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// Names compared for one question, middle and most.
    compared_p50: usize,
    compared_max: usize,
    /// Questions for which names under the same keys were left out because there were too many.
    with_left_out: usize,
    /// Questions that found the person they were made from; null where they were made from nobody.
    found: Option<usize>,
}

/// Of listed names written otherwise that the comparison calls a match, how many the list found.
#[derive(Serialize)]
struct Blocking {
    pairs: usize,
    found: usize,
    recall: f64,
    by_way: Vec<ByWay>,
}

#[derive(Serialize)]
struct ByWay {
    way: &'static str,
    pairs: usize,
    found: usize,
}

/// Putting a name on the full list, and taking it off, microseconds by the clock.
#[derive(Serialize)]
struct Change {
    put_us_p50: f64,
    put_us_max: f64,
    remove_us_p50: f64,
    remove_us_max: f64,
}

/// Runs it.
pub fn run(args: Args) -> Result<()> {
    if args.n == 0 || args.n > 20_000_000 || args.queries == 0 {
        bail!(
            "give 1 to 20,000,000 names and at least one question, such as --n 1000000 --queries 1000"
        );
    }
    let load = || {
        let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        text.trim().to_owned()
    };
    let load_before = load();
    let before = mib_of("/proc/self/status", "VmRSS").unwrap_or(0);
    let started = Instant::now();
    let mut index = fill(args.n);
    let build_s = started.elapsed().as_secs_f64();
    let grown = mib_of("/proc/self/status", "VmRSS")
        .unwrap_or(0)
        .saturating_sub(before);
    let (held, keys) = index.bytes();
    let (kinds, mut all) = ask(&index, &args);
    let blocking = blocking(&index, &args);
    let change = change(&mut index, args.n);
    let per_name = |bytes: f64| bytes / args.n as f64;
    let report = Report {
        processor: line_of("/proc/cpuinfo", "model name").unwrap_or_default(),
        cores_allowed: line_of("/proc/self/status", "Cpus_allowed_list").unwrap_or_default(),
        load_before,
        load_after: load(),
        made_at_ms: clock::now().0,
        shape: "invented: half Indonesian with 12 % mononyms, a fifth Arabic in form, the rest Slavic, western and Korean in form; given names as unequal as real ones",
        n: args.n,
        threads: 1,
        build_s,
        build_us_per_name: per_name(build_s * 1e6),
        bytes_per_name: per_name(grown as f64 * 1_048_576.0),
        bytes_per_name_held: per_name(held as f64),
        bytes_per_name_keys: per_name(keys as f64),
        p50_ms: quantile(&mut all.wall, 0.5),
        p99_ms: quantile(&mut all.wall, 0.99),
        max_ms: quantile(&mut all.wall, 1.0),
        p50_cpu_ms: quantile(&mut all.cpu, 0.5),
        p99_cpu_ms: quantile(&mut all.cpu, 0.99),
        kinds,
        blocking,
        change,
    };
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn subject(name: String) -> Subject {
    Subject::new(vec![name], Vec::new(), Facts::default())
}

fn fill(n: usize) -> Index<u64> {
    let mut bar = progress::Bar::new("building", n as u64);
    let mut index = Index::default();
    for who in 0..n as u64 {
        index.put(who, &subject(name(who)));
        if who % 1024 == 0 {
            bar.set(who);
        }
    }
    bar.set(n as u64);
    index
}

/// Kinds of questions, by what each is made from: the number of the person and the name asked.
type Question = fn(u64, u64, &mut Dice) -> (Option<u64>, String);

const KINDS: [(&str, Question); 6] = [
    ("listed, same writing", |who, _, _| (Some(who), name(who))),
    ("listed, written otherwise", |who, _, dice| {
        let way = dice.roll(WAYS.len());
        (Some(who), otherwise(&name(who), way, dice))
    }),
    ("not listed", |who, n, _| (None, name(n + who))),
    (
        "not listed, a listed name with another last part",
        |who, _, _| {
            let listed = name(who);
            let start = listed
                .rsplit_once(' ')
                .map_or("Muhammad", |(start, _)| start);
            (None, format!("{start} Zwetkalinurwati"))
        },
    ),
    ("one very common part", |who, _, _| {
        let common = ["Muhammad", "Ahmad", "Siti", "Ali", "Nur", "Mohd"];
        (
            None,
            common[usize::try_from(who).unwrap_or(0) % common.len()].to_owned(),
        )
    }),
    ("two very common parts", |who, _, _| {
        let common = [
            "Muhammad Ahmad",
            "Siti Nur",
            "Ahmad Ali",
            "Sri Dewi",
            "Muhammad Ali",
            "Kim Min-jun",
        ];
        (
            None,
            common[usize::try_from(who).unwrap_or(0) % common.len()].to_owned(),
        )
    }),
];

/// Asks all kinds; also every time taken.
fn ask(index: &Index<u64>, args: &Args) -> (Vec<Kind>, Times) {
    let mut bar = progress::Bar::new("asking", (KINDS.len() * args.queries) as u64);
    let mut dice = Dice::new(7);
    let (mut kinds, mut all) = (Vec::new(), Times::default());
    for (kind, question) in KINDS {
        let (mut times, mut compared) = (Times::default(), Vec::new());
        let (mut found, mut left_out, mut made) = (0, 0, 0);
        for i in 0..args.queries {
            let who = dice.roll(args.n) as u64;
            let (listed, asked) = question(who, args.n as u64, &mut dice);
            let asked = subject(asked);
            let answer = times.time(|| index.screen(&asked, 50));
            compared.push(answer.compared);
            left_out += usize::from(answer.left_out > 0);
            if let Some(listed) = listed {
                made += 1;
                // The person asked for may stand behind more than 50 of the same name.
                let there = answer.names.iter().any(|hit| hit.id == listed) || answer.more > 0;
                found += usize::from(there);
            }
            bar.set((kinds.len() * args.queries + i) as u64 + 1);
        }
        compared.sort_unstable();
        all.wall.extend(&times.wall);
        all.cpu.extend(&times.cpu);
        kinds.push(Kind {
            kind,
            queries: args.queries,
            p50_ms: quantile(&mut times.wall, 0.5),
            p99_ms: quantile(&mut times.wall, 0.99),
            max_ms: quantile(&mut times.wall, 1.0),
            compared_p50: compared[compared.len() / 2],
            compared_max: compared[compared.len() - 1],
            with_left_out: left_out,
            found: (made > 0).then_some(found),
        });
    }
    (kinds, all)
}

/// Every way of writing a listed name otherwise, asked without a limit on hits.
fn blocking(index: &Index<u64>, args: &Args) -> Blocking {
    let mut bar = progress::Bar::new("blocking", (WAYS.len() * args.queries) as u64);
    let mut dice = Dice::new(11);
    let mut by_way = Vec::new();
    for (number, way) in WAYS.iter().enumerate() {
        let (mut pairs, mut found) = (0, 0);
        for i in 0..args.queries {
            let who = dice.roll(args.n) as u64;
            let listed = name(who);
            let asked = otherwise(&listed, number, &mut dice);
            if compare(&asked, &listed).is_match() {
                pairs += 1;
                let answer = index.screen(&subject(asked), usize::MAX);
                found += usize::from(answer.names.iter().any(|hit| hit.id == who));
            }
            bar.set((number * args.queries + i) as u64 + 1);
        }
        by_way.push(ByWay { way, pairs, found });
    }
    let sum = |of: fn(&ByWay) -> usize| by_way.iter().map(of).sum::<usize>();
    let (pairs, found) = (sum(|way| way.pairs), sum(|way| way.found));
    Blocking {
        pairs,
        found,
        recall: found as f64 / pairs.max(1) as f64,
        by_way,
    }
}

fn change(index: &mut Index<u64>, n: usize) -> Change {
    let (mut put, mut remove) = (Times::default(), Times::default());
    for i in 0..500 {
        let who = (n + 10_000_000 + i) as u64;
        let new = subject(name(who));
        put.time(|| index.put(who, &new));
        remove.time(|| index.remove(&who));
    }
    Change {
        put_us_p50: quantile(&mut put.wall, 0.5) * 1e3,
        put_us_max: quantile(&mut put.wall, 1.0) * 1e3,
        remove_us_p50: quantile(&mut remove.wall, 0.5) * 1e3,
        remove_us_max: quantile(&mut remove.wall, 1.0) * 1e3,
    }
}

/// The value below which this share of all lies; sorts.
fn quantile(all: &mut [f64], share: f64) -> f64 {
    all.sort_by(f64::total_cmp);
    let at = (all.len() as f64 * share).ceil() as usize;
    all.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}

fn print(report: &Report) {
    let head = [
        format!(
            "{} invented names, one thread, {}",
            report.n, report.processor
        ),
        format!(
            "built in {:.1} s, {:.1} us a name",
            report.build_s, report.build_us_per_name
        ),
        format!(
            "{:.0} bytes a name of process memory; {:.0} prepared, {:.0} keys",
            report.bytes_per_name, report.bytes_per_name_held, report.bytes_per_name_keys
        ),
        format!(
            "all questions  p50 {:.2} ms  p99 {:.2} ms  most {:.2} ms; processor p50 {:.2} p99 {:.2}",
            report.p50_ms, report.p99_ms, report.max_ms, report.p50_cpu_ms, report.p99_cpu_ms
        ),
    ];
    head.iter().for_each(|line| progress::result(line));
    for kind in &report.kinds {
        let found = kind.found.map_or_else(String::new, |found| {
            format!(", found {found} of {}", kind.queries)
        });
        progress::result(&format!(
            "  {:<50} p50 {:6.2}  p99 {:6.2}  most {:6.2} ms; {} compared{found}",
            kind.kind, kind.p50_ms, kind.p99_ms, kind.max_ms, kind.compared_p50
        ));
    }
    let blocking = &report.blocking;
    progress::result(&format!(
        "blocking found {} of {} matches ({:.4})",
        blocking.found, blocking.pairs, blocking.recall
    ));
    for way in &blocking.by_way {
        progress::result(&format!("  {:<24} {} of {}", way.way, way.found, way.pairs));
    }
    let change = &report.change;
    progress::result(&format!(
        "put {:.0} us (most {:.0}), removed in {:.0} us (most {:.0})",
        change.put_us_p50, change.put_us_max, change.remove_us_p50, change.remove_us_max
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let mut all: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            (
                quantile(&mut all, 0.5),
                quantile(&mut all, 0.99),
                quantile(&mut all, 1.0)
            ),
            (50.0, 99.0, 100.0)
        );
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn a_small_list_is_asked_every_kind() {
        let args = Args {
            n: 300,
            queries: 5,
            json: true,
        };
        let index = fill(args.n);
        let (kinds, all) = ask(&index, &args);
        assert_eq!(
            (kinds.len(), all.wall.len()),
            (KINDS.len(), KINDS.len() * 5)
        );
        assert_eq!(kinds[0].found, Some(5));
        assert!(blocking(&index, &args).recall > 0.9);
    }
}
