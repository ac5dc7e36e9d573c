//! How well a pack tells people apart on a folder of photographs: 1:1, open-set 1:N, what a score means.
//! It reads photographs, counts and forgets; only the optional [`Cache`] keeps templates, and no crop leaves this module.

mod bands;
mod bootstrap;
mod cache;
mod compare;
mod embed;
mod fit;
mod folder;
mod pairs;
mod rates;
mod same;
mod scores;
mod search;
mod spread;
mod tail;

use std::path::PathBuf;
use std::sync::Arc;

pub use bands::{Band, Bands, Measure};
pub use bootstrap::{Interval, Share};
pub use cache::Cache;
pub use compare::{Compared, Comparison, Histogram};
pub use embed::{Embedded, Shot, embed, subject};
pub use fit::{Fit, Verified, VerifiedRow, calibrate};
pub use folder::{Folder, Grouping, Photograph};
pub use pairs::{Pair, Report, all_pairs, load_pairs, pairs};
pub use rates::Accepted;
pub use same::{SamePeople, load_same_people, suspects};
pub use scores::{MOST_PHOTOGRAPHS, Scores, Study};
pub use search::{
    About, AtRate, Budget, Curve, CurvePoint, FPIRS, GroupRow, Measured, Miss, Predicted, RankRow,
    SameCount, SearchOptions, SearchReport, Size, Verdict, search,
};
pub use tail::Tail;

use crate::{DetectSize, Engine, Pack, PackError};

/// The false accept rates reported.
pub const RATES: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// Why an evaluation could not run.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file or folder could not be read.
    #[error("{path}: {cause}. Check the path")]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// A line of a table is not as described.
    #[error("{path}, line {line}: expected `{expected}`. Correct the line and run again")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What a line looks like.
        expected: &'static str,
    },
    /// Nothing to compare.
    #[error("there is nothing to compare: {0}")]
    Empty(String),
    /// Too few people to answer.
    #[error("{0}. Use a folder with more people, and several photographs of many of them")]
    TooFew(String),
    /// The pack could not be used.
    #[error(transparent)]
    Pack(#[from] PackError),
}

impl EvalError {
    pub(crate) fn io(path: &std::path::Path, cause: impl ToString) -> Self {
        EvalError::Io {
            path: path.into(),
            cause: cause.to_string(),
        }
    }
}

/// What to evaluate with.
pub struct Setup<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// The engine.
    pub engine: &'a Arc<dyn Engine>,
    /// Detection size: the real setting of the site.
    pub detect: DetectSize,
    /// Parallel analysers, one thread each.
    pub threads: usize,
    /// Templates of earlier runs; none when everything is to be computed anew.
    pub cache: Option<&'a Cache>,
}
