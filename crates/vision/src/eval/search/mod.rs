//! Open-set 1:N as ISO/IEC 19795-1 and NIST FRTE 1:N define it, on held-out people, beside what a calibration promised.
//!
//! FPIR(N, T): share of searches with a person on no list that return somebody at or above T. FNIR(N, R, T): share of
//! searches with a listed person whose entry is not among the first R at or above T. One photograph a person is
//! listed, the others search. In each of many random divisions a calibration is fitted to one part of the people, and the list and the
//! unlisted come from the rest, so no person who searches or is searched was seen by the fit. Numbers only: no name.

mod divide;
mod measure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use tapal_domain::calibration::{Calibration, Estimate};

use self::divide::{Division, divide, largest};
use self::measure::Pool;
use super::bands::{Bands, bands};
use super::bootstrap::{Resamples, Share};
use super::fit::{Fit, Verified, calibrate};
use super::{Compared, EvalError, Folder, Histogram, SamePeople, Study};

pub(super) use self::measure::Outcome;
pub use self::measure::{Budget, Curve, CurvePoint, GroupRow, RankRow, Verdict};

/// The false positive identification rates at which a size is reported.
pub const FPIRS: [f64; 3] = [1e-1, 1e-2, 1e-3];
/// The rate whose threshold groups, quality and ranks are reported at.
pub const REPORTED: f64 = 1e-2;

/// How a study is searched.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// List sizes wanted; larger ones than the folder allows are left out, and the largest possible is added.
    pub sizes: Vec<usize>,
    /// Random divisions a size.
    pub splits: usize,
    /// Rounds of resampling people.
    pub rounds: usize,
    /// Where chance begins.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions {
            sizes: vec![100, 1000],
            splits: 100,
            rounds: 400,
            seed: 1,
            threads: 1,
        }
    }
}

/// What a calibration says before anything is searched, median over the divisions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Predicted {
    /// FPIR with interval and standing (the weakest of all divisions).
    pub fpir: Estimate,
    /// FNIR at any rank, from single comparisons: mean value and ends.
    pub fnir: Option<[f64; 3]>,
}

/// What the held-out people then showed at the thresholds so chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Searches with people on no list.
    pub fpir: Share,
    /// Searches with listed people, any rank.
    pub fnir: Share,
    /// The same, first rank only.
    pub fnir_rank1: Share,
}

/// FNIR where the measured FPIR itself is the wanted one, as NIST reports it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Miss {
    /// Threshold found on the same searches.
    pub threshold: f32,
    /// Any rank.
    pub fnir: Share,
}

/// One wanted FPIR at one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtRate {
    /// Mean threshold at which the calibrations predict this FPIR.
    pub threshold: f32,
    /// Divisions whose calibration reaches so low.
    pub splits: usize,
    /// Before.
    pub predicted: Predicted,
    /// After.
    pub measured: Measured,
    /// The measured FPIR lies within the predicted interval.
    pub inside: bool,
    /// Share of single divisions of which this is true. Single ones measure coarsely: one photograph moves them.
    pub splits_inside: f64,
    /// With the threshold taken from the searches themselves.
    pub at_measured_fpir: Option<Miss>,
}

/// One list size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Size {
    /// Entries, one photograph each.
    pub n: usize,
    /// Random divisions of the people.
    pub splits: usize,
    /// People the calibration was fitted to, in each division.
    pub calibration_people: usize,
    /// People on no list, in each division.
    pub unlisted_people: usize,
    /// By wanted FPIR, such as `1e-2`; null where no calibration reaches so low.
    pub fnir_at_fpir: BTreeMap<String, Option<AtRate>>,
    /// FNIR against FPIR over all divisions.
    pub curve: Curve,
    /// Misses by rank, without a threshold and at the one for an FPIR of 1e-2.
    pub ranks: Vec<RankRow>,
}

/// Everything measured of one folder with one pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SearchReport {
    /// The pack.
    pub pack: String,
    /// Its recogniser.
    pub model_id: String,
    /// The engine that ran.
    pub engine: String,
    /// Photographs.
    pub images: usize,
    /// People.
    pub people: usize,
    /// Photographs without a usable face: they count as missed, and as searches that raise nobody.
    pub failures_to_enrol: usize,
    /// Comparisons of one person.
    pub n_genuine: usize,
    /// Comparisons of two people.
    pub n_impostor: u64,
    /// Pairs of people taken for one person and left out, and by what: `rule` or `list`.
    pub same_people: SameCount,
    /// By list size.
    pub by_n: Vec<Size>,
    /// The same with those pairs counted as strangers: without the intervals of groups and ranks.
    pub with_suspects: Vec<Size>,
    /// Doubling the list.
    pub budget: Vec<Budget>,
    /// By group label; empty without `groups.tsv`.
    pub groups: Vec<GroupRow>,
    /// By quality of the searching photograph.
    pub quality: Vec<Bands>,
    /// The list size of groups and quality.
    pub reported_n: usize,
    /// Fitted to everybody: what goes into the card.
    pub calibration: Option<Calibration>,
    /// How far its tail was right on other people.
    pub verified: Option<Verified>,
    /// FNMR against FMR.
    pub one_to_one: Curve,
    /// Both heaps.
    pub histogram: Histogram,
}

/// Pairs left out, counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SameCount {
    /// Pairs of people.
    pub pairs: usize,
    /// `rule` or `list`.
    pub source: &'static str,
}

/// What is measured and with what: words for the report.
pub struct About {
    /// The pack.
    pub pack: String,
    /// Its recogniser.
    pub model_id: String,
    /// The engine.
    pub engine: String,
}

/// Share of the comparisons that are kept one by one: the table of a calibration begins there.
const KEPT: f64 = 0.1;

/// Measures everything. `progress` gets what is done, done and total.
pub fn search(
    study: &Study,
    folder: &Folder,
    same: &SamePeople,
    about: About,
    options: &SearchOptions,
    progress: &(dyn Fn(&'static str, usize, usize) + Sync),
) -> Result<SearchReport, EvalError> {
    let compared = Compared::of(study, &same.pairs, KEPT);
    let listed = study.of_person().iter().filter(|p| p.len() > 1).count();
    let most = largest(study.people);
    if most < 10 || listed < 5 {
        return Err(EvalError::TooFew(format!(
            "{} people, {listed} of them with several photographs, are too few to search",
            study.people
        )));
    }
    let mut sizes = options
        .sizes
        .iter()
        .copied()
        .filter(|n| *n >= 2 && *n < most);
    let mut sizes = sizes.by_ref().collect::<Vec<_>>();
    sizes.push(most);
    sizes.sort_unstable();
    sizes.dedup();
    let draws = Resamples::new(study.people, options.rounds, options.seed);
    let pools = sizes
        .iter()
        .map(|n| run(study, &compared, *n, &[*n], options, progress));
    let pools = pools.collect::<Vec<_>>();
    let by_n = pools.iter().map(|pool| pool.size(study, &draws));
    let by_n = by_n.collect::<Vec<_>>();
    let reported_n = if sizes.contains(&1000) { 1000 } else { most };
    let reported = sizes
        .iter()
        .position(|n| *n == reported_n)
        .map(|at| &pools[at]);
    let budget = run(study, &compared, most, &[most / 2, most], options, progress);
    let with_suspects = if same.pairs.is_empty() {
        Vec::new()
    } else {
        let all = Compared::of(study, &Default::default(), KEPT);
        let pools = sizes
            .iter()
            .map(|n| run(study, &all, *n, &[*n], options, progress));
        pools.map(|pool| pool.size(study, &draws)).collect()
    };
    let how = Fit {
        seed: options.seed,
        ..Fit::default()
    };
    let fitted = calibrate(study, &compared, how, &|done, total| {
        progress("calibrating", done, total)
    });
    let (calibration, verified) = fitted.unzip();
    Ok(SearchReport {
        pack: about.pack,
        model_id: about.model_id,
        engine: about.engine,
        images: study.owner.len(),
        people: study.people,
        failures_to_enrol: study.quality.iter().filter(|q| q.is_none()).count(),
        n_genuine: compared.genuine.len(),
        n_impostor: compared.n_strangers as u64,
        same_people: SameCount {
            pairs: same.pairs.len(),
            source: same.source,
        },
        by_n,
        with_suspects,
        budget: [1e-2, 2e-2]
            .map(|b| budget.budget(study, &draws, b))
            .into_iter()
            .flatten()
            .collect(),
        groups: reported.map_or(Vec::new(), |pool| pool.groups(study, folder, &draws)),
        quality: reported.map_or(Vec::new(), |pool| {
            bands(study, &pool.outcome(study, REPORTED), &draws)
        }),
        reported_n,
        calibration,
        verified,
        one_to_one: measure::one_to_one(&compared, &draws),
        histogram: compared.histogram,
    })
}

/// All divisions of one size, on all threads; the same whatever their number. The list is searched at each of the
/// `prefixes` of its length.
fn run(
    study: &Study,
    compared: &Compared,
    n: usize,
    prefixes: &[usize],
    options: &SearchOptions,
    progress: &(dyn Fn(&'static str, usize, usize) + Sync),
) -> Pool {
    let of_person = study.of_person();
    let (next, done) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::<(usize, Division)>::new()),
    );
    let work = || {
        loop {
            let split = next.fetch_add(1, Ordering::Relaxed);
            if split >= options.splits {
                break;
            }
            let seed = options.seed ^ ((split as u64) << 20) ^ ((n as u64) << 40);
            let division = divide(study, compared, &of_person, n, prefixes, seed);
            let mut done = done.lock().unwrap_or_else(|e| e.into_inner());
            done.push((split, division));
            progress("searching", done.len(), options.splits);
        }
    };
    std::thread::scope(|scope| {
        (0..options.threads.max(1)).for_each(|_| {
            scope.spawn(work);
        });
    });
    let mut done = done.into_inner().unwrap_or_else(|e| e.into_inner());
    done.sort_by_key(|(split, _)| *split);
    Pool {
        n,
        prefixes: prefixes.to_vec(),
        divisions: done.into_iter().map(|(_, division)| division).collect(),
    }
}
