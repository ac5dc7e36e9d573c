//! Alerts on their way to the centre: one sealed file each, durable before anything else happens to it, deleted only
//! when the centre has it. Bounded; what can never be delivered is set aside, never lost silently.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tapal_domain::{
    id::AlertId,
    time::{MINUTE_MS, UtcMs},
    wire::AlertReport,
};

use crate::seal::{SealError, Sealer, sync_folder};

const ENDING: &str = "alert";
/// Most alerts kept.
pub const MOST_ALERTS: usize = 20_000;
/// Most bytes kept: 2 GiB.
pub const MOST_BYTES: u64 = 2 << 30;

/// Why an alert could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Its bounds are reached.
    #[error(
        "the spool is full ({alerts} alerts): the centre has not been reached for too long. Restore the link"
    )]
    Full {
        /// Alerts in it.
        alerts: usize,
    },
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] SealError),
    /// It cannot be written as JSON.
    #[error("the alert cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// How long what can never be delivered is kept: a day for a person to look into it, no longer, since it holds a
/// face that nobody can review.
pub const REFUSED_KEPT_MS: i64 = 24 * 60 * MINUTE_MS;

#[derive(Clone, Copy, Debug, Default)]
struct Level {
    alerts: usize,
    bytes: u64,
    refused: u64,
    stirred: u64,
}

/// The spool of one node.
pub struct Spool {
    folder: PathBuf,
    refused: PathBuf,
    sealer: Sealer,
    level: Mutex<Level>,
    news: Condvar,
    most: (usize, u64),
}

impl Spool {
    /// Opens the spool in `folder`; what an earlier run left is sent first.
    pub fn open(folder: &Path, sealer: Sealer) -> Result<Self, SealError> {
        Self::bounded(folder, sealer, (MOST_ALERTS, MOST_BYTES))
    }

    fn bounded(folder: &Path, sealer: Sealer, most: (usize, u64)) -> Result<Self, SealError> {
        let refused = folder.join("refused");
        fs::create_dir_all(&refused).map_err(SealError::io(&refused))?;
        let mut level = Level {
            stirred: 1,
            ..Level::default()
        };
        for entry in fs::read_dir(folder)
            .map_err(SealError::io(folder))?
            .flatten()
        {
            let path = entry.path();
            match path.extension().and_then(|e| e.to_str()) {
                Some(ENDING) => {
                    level.alerts += 1;
                    level.bytes += entry.metadata().map_or(0, |m| m.len());
                }
                // The rest of a write that a crash interrupted: the alert was never acknowledged to anybody.
                Some("new") => fs::remove_file(&path).map_err(SealError::io(&path))?,
                _ => {}
            }
        }
        level.refused = fs::read_dir(&refused)
            .map_err(SealError::io(&refused))?
            .count() as u64;
        let (folder, level, news) = (folder.to_owned(), Mutex::new(level), Condvar::new());
        Ok(Spool {
            folder,
            refused,
            sealer,
            level,
            news,
            most,
        })
    }

    fn path(&self, id: AlertId) -> PathBuf {
        self.folder.join(format!("{id}.{ENDING}"))
    }

    fn level(&self) -> std::sync::MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an alert. When this returns it survives a power cut.
    pub fn put(&self, report: &AlertReport) -> Result<(), SpoolError> {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(report)?);
        let level = *self.level();
        if level.alerts >= self.most.0 || level.bytes + plain.len() as u64 > self.most.1 {
            return Err(SpoolError::Full {
                alerts: level.alerts,
            });
        }
        self.sealer
            .write(&self.path(report.id), &report.id.to_string(), &plain)?;
        let mut level = self.level();
        level.alerts += 1;
        level.bytes += plain.len() as u64;
        level.stirred += 1;
        drop(level);
        self.news.notify_all();
        Ok(())
    }

    /// Alerts waiting, oldest first (their ids are ordered by time).
    pub fn waiting(&self) -> Vec<AlertId> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let id = |path: &Path| {
            let name = path
                .file_name()?
                .to_str()?
                .strip_suffix(ENDING)?
                .strip_suffix('.')?
                .to_owned();
            name.parse().ok()
        };
        let mut ids: Vec<AlertId> = entries
            .flatten()
            .filter_map(|entry| id(&entry.path()))
            .collect();
        ids.sort();
        ids
    }

    /// The JSON of one alert.
    pub fn read(&self, id: AlertId) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, SealError> {
        self.sealer.read(&self.path(id), &id.to_string())
    }

    /// The centre has it.
    pub fn delivered(&self, id: AlertId) -> Result<(), SealError> {
        let path = self.path(id);
        let bytes = fs::metadata(&path).map_or(0, |m| m.len());
        match fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            removed => removed.map_err(SealError::io(&path))?,
        }
        sync_folder(&path)?;
        self.lower(bytes, 0);
        Ok(())
    }

    /// It can never be delivered: set aside, still sealed, for a person to look into.
    pub fn set_aside(&self, id: AlertId) -> Result<(), SealError> {
        let (path, to) = (self.path(id), self.refused.join(format!("{id}.{ENDING}")));
        let bytes = fs::metadata(&path).map_or(0, |m| m.len());
        fs::rename(&path, &to).map_err(SealError::io(&to))?;
        sync_folder(&path)?;
        sync_folder(&to)?;
        self.lower(bytes, 1);
        Ok(())
    }

    /// Deletes what was set aside and is older than [`REFUSED_KEPT_MS`] at `now`.
    pub fn forget_refused(&self, now: UtcMs) -> Result<(), SealError> {
        let entries = fs::read_dir(&self.refused).map_err(SealError::io(&self.refused))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let written = entry.metadata().and_then(|m| m.modified());
            let written = written.map_err(SealError::io(&path))?;
            let written = written
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
            if now.since_ms(UtcMs(written)) > REFUSED_KEPT_MS {
                fs::remove_file(&path).map_err(SealError::io(&path))?;
                let mut level = self.level();
                level.refused = level.refused.saturating_sub(1);
                drop(level);
                tracing::warn!("an alert that the centre refused is deleted after its time");
            }
        }
        Ok(())
    }

    fn lower(&self, bytes: u64, refused: u64) {
        let mut level = self.level();
        level.alerts = level.alerts.saturating_sub(1);
        level.bytes = level.bytes.saturating_sub(bytes);
        level.refused += refused;
    }

    /// Alerts waiting.
    pub fn len(&self) -> usize {
        self.level().alerts
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Alerts set aside.
    pub fn refused(&self) -> u64 {
        self.level().refused
    }

    /// Waits until something changed since `seen`, or for `most`; gives the new mark.
    pub fn wait(&self, seen: u64, most: Duration) -> u64 {
        let guard = self.level();
        let waited = self
            .news
            .wait_timeout_while(guard, most, |level| level.stirred == seen);
        waited.map_or(seen, |(level, _)| level.stirred)
    }

    /// Wakes whoever waits.
    pub fn stir(&self) {
        self.level().stirred += 1;
        self.news.notify_all();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use tapal_domain::{
        id::{CameraId, EntryId, TrackId},
        screening::Band,
        time::UtcMs,
        wire::ShotQuality,
    };
    use uuid::Uuid;

    pub(crate) fn report(n: u128) -> AlertReport {
        AlertReport {
            id: AlertId(Uuid::from_u128(n)),
            camera: CameraId(Uuid::from_u128(1)),
            track: TrackId(Uuid::from_u128(2)),
            captured_at: UtcMs(1),
            judged_at: UtcMs(2),
            model_id: "stub@0".into(),
            entry: EntryId(Uuid::from_u128(3)),
            entry_version: 1,
            list_version: 1,
            gallery_size: 1,
            score: 0.9,
            threshold: 0.8,
            band: Band::Match,
            others: Vec::new(),
            shots: 3,
            quality: ShotQuality::default(),
            face_box: [0.1; 4],
            probes: vec!["/9j/4AAQSkZJRg==".into()],
        }
    }

    pub(crate) fn spool(folder: &Path) -> Spool {
        Spool::open(folder, Sealer::new(&[1; 32])).unwrap()
    }

    fn ids(spool: &Spool) -> Vec<u128> {
        spool.waiting().iter().map(|id| id.0.as_u128()).collect()
    }

    #[test]
    fn alerts_survive_a_restart_in_order_and_leave_when_delivered() {
        let folder = tempfile::tempdir().unwrap();
        let first = spool(folder.path());
        for n in [3, 1, 2] {
            first.put(&report(n)).unwrap();
        }
        drop(first);
        let again = spool(folder.path());
        assert_eq!((ids(&again), again.len()), (vec![1, 2, 3], 3));
        let json = again.read(AlertId(Uuid::from_u128(2))).unwrap().unwrap();
        assert_eq!(
            serde_json::from_slice::<AlertReport>(&json).unwrap(),
            report(2)
        );
        again.delivered(AlertId(Uuid::from_u128(2))).unwrap();
        again.delivered(AlertId(Uuid::from_u128(2))).unwrap();
        again.set_aside(AlertId(Uuid::from_u128(1))).unwrap();
        let again = spool(folder.path());
        assert_eq!((ids(&again), again.refused()), (vec![3], 1));
    }

    #[test]
    fn a_crash_between_any_two_steps_leaves_the_alert_whole_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = Sealer::new(&[1; 32]);
        let path = folder.path().join(format!("{}.alert", Uuid::from_u128(5)));
        let sealed = sealer
            .seal(&path, &Uuid::from_u128(5).to_string(), b"{}")
            .unwrap();
        // Killed while the temporary file was being written, at any length.
        for cut in 0..=sealed.len() {
            fs::write(path.with_extension("new"), &sealed[..cut]).unwrap();
            let spool = spool(folder.path());
            assert_eq!((spool.len(), ids(&spool).len()), (0, 0), "cut at {cut}");
            assert!(!path.with_extension("new").exists());
        }
        // Killed after the rename, before anything was sent: it is there.
        fs::write(&path, &sealed).unwrap();
        assert_eq!(ids(&spool(folder.path())), [5]);
    }

    #[test]
    fn no_face_and_no_words_lie_readable_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        spool(folder.path()).put(&report(1)).unwrap();
        let bytes = fs::read(folder.path().join(format!("{}.alert", Uuid::from_u128(1)))).unwrap();
        for word in [&b"/9j/"[..], b"score", b"probes", &[0xff, 0xd8, 0xff]] {
            assert!(!bytes.windows(word.len()).any(|w| w == word));
        }
    }

    #[test]
    fn what_was_set_aside_is_deleted_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(folder.path());
        spool.put(&report(1)).unwrap();
        spool.put(&report(2)).unwrap();
        spool.set_aside(AlertId(Uuid::from_u128(1))).unwrap();
        let path = folder
            .path()
            .join(format!("refused/{}.alert", Uuid::from_u128(1)));
        let at = |ms: u64| UNIX_EPOCH + Duration::from_millis(ms);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(at(1_000)).unwrap();
        spool
            .forget_refused(UtcMs(1_000 + REFUSED_KEPT_MS))
            .unwrap();
        assert_eq!((spool.refused(), path.exists()), (1, true));
        spool
            .forget_refused(UtcMs(1_001 + REFUSED_KEPT_MS))
            .unwrap();
        assert_eq!((spool.refused(), path.exists()), (0, false));
        assert_eq!(ids(&spool), [2], "what waits is not touched");
    }

    #[test]
    fn a_full_spool_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::bounded(folder.path(), Sealer::new(&[1; 32]), (2, 1 << 20)).unwrap();
        spool.put(&report(1)).unwrap();
        spool.put(&report(2)).unwrap();
        assert!(matches!(
            spool.put(&report(3)),
            Err(SpoolError::Full { alerts: 2 })
        ));
        spool.delivered(AlertId(Uuid::from_u128(1))).unwrap();
        spool.put(&report(3)).unwrap();
    }
}
