//! The lists this node may search: signed deltas from the centre, checked, put into the gallery, cached sealed on
//! disk so that a restart without the centre works, and a receipt for every template that left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{EdgeId, EntryId, SiteId},
    time::UtcMs,
    wire::{EntryTemplate, ListDelta, RemovalReceipt, SignedDelta},
};
use tapal_gallery::{Gallery, Listed};

use crate::seal::{SealError, Sealer};

const NAME: &str = "list";

/// Why a delta was not applied. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not signed by our centre.
    #[error(
        "the list is not signed by the centre this node enrolled with; it was changed on the way, or the centre has a new key: enrol again"
    )]
    Signature,
    /// Signed, but not what we understand.
    #[error("the list cannot be read: {0}. Update this node to the centre's version")]
    Malformed(String),
    /// Meant for another site.
    #[error("the list is meant for another site")]
    WrongSite,
    /// Made by another model.
    #[error(
        "the centre enrols with model `{0}`, which is not installed here; install the same pack on both sides"
    )]
    WrongModel(String),
    /// Older than what is held, or not joining on to it.
    #[error("the list does not follow on the one held; the whole list is pulled instead")]
    OutOfOrder,
    /// The cache could not be written.
    #[error(transparent)]
    Disk(#[from] SealError),
}

/// Whose list it is. A node enrolled again, elsewhere or with another centre, must not search the old one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Owner {
    site: SiteId,
    edge: EdgeId,
    centre_key: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Saved {
    #[serde(default)]
    owner: Option<Owner>,
    version: i64,
    made_at: UtcMs,
    model_id: String,
    entries: BTreeMap<EntryId, EntryTemplate>,
    receipts: Vec<RemovalReceipt>,
    /// Up to which instant ended orders were dropped last.
    lapsed_at: Option<UtcMs>,
    /// What was dropped because it lapsed, and when: the centre asks for its removal later, and it left only once.
    #[serde(default)]
    left: BTreeMap<EntryId, UtcMs>,
}

/// The list held by this node.
pub struct HeldList {
    path: PathBuf,
    sealer: Sealer,
    centre_key: VerifyingKey,
    site: SiteId,
    gallery: Arc<Gallery>,
    saved: Saved,
    /// Memory is ahead of the disk: the last write failed.
    unsaved: bool,
}

impl HeldList {
    /// Opens the cached list, if there is one of this enrolment and model, and fills the gallery. That of another
    /// enrolment is wiped.
    pub fn open(
        folder: &Path,
        sealer: Sealer,
        centre_key: VerifyingKey,
        (site, edge): (SiteId, EdgeId),
        gallery: Arc<Gallery>,
    ) -> Result<Self, SealError> {
        let path = folder.join("list.sealed");
        let saved = match sealer.read(&path, NAME) {
            Ok(Some(json)) => serde_json::from_slice(&json).unwrap_or_default(),
            Ok(None) => Saved::default(),
            // A damaged cache is no loss: the centre has the list.
            Err(error @ SealError::Broken { .. }) => {
                tracing::warn!(%error, "the cached list cannot be used; it will be pulled again");
                Saved::default()
            }
            Err(error) => return Err(error),
        };
        let mut list = HeldList {
            path,
            sealer,
            centre_key,
            site,
            gallery,
            saved,
            unsaved: false,
        };
        let owner = Owner {
            site,
            edge,
            centre_key: STANDARD.encode(centre_key.as_bytes()),
        };
        if list.saved.owner.as_ref() != Some(&owner) {
            let held = list.saved.version != 0 || !list.saved.entries.is_empty();
            list.saved = Saved {
                owner: Some(owner.clone()),
                model_id: list.gallery.model_id().into(),
                ..Saved::default()
            };
            if held {
                tracing::warn!(
                    "the cached list is of another enrolment; it is wiped and pulled again"
                );
                list.save()?;
            }
        }
        if list.saved.model_id != list.gallery.model_id() {
            // Receipts still due are kept; templates of another model are of no use here.
            let receipts = std::mem::take(&mut list.saved.receipts);
            list.saved = Saved {
                owner: Some(owner),
                receipts,
                model_id: list.gallery.model_id().into(),
                ..Saved::default()
            };
        }
        for entry in list.saved.entries.values() {
            put(&list.gallery, entry);
        }
        Ok(list)
    }

    /// Version held; 0 when none is.
    pub fn version(&self) -> i64 {
        self.saved.version
    }

    /// Whether any list, even an empty one, was ever received.
    pub fn is_known(&self) -> bool {
        self.saved.made_at > UtcMs(0)
    }

    /// Applies what the centre sent.
    pub fn apply(&mut self, signed: &SignedDelta, now: UtcMs) -> Result<(), ListError> {
        let delta = self.check(signed)?;
        let mut gone: BTreeSet<EntryId> = delta.removals.iter().copied().collect();
        if delta.since == 0 {
            let kept: BTreeSet<EntryId> = delta.upserts.iter().map(|e| e.entry).collect();
            gone.extend(
                self.saved
                    .entries
                    .keys()
                    .filter(|entry| !kept.contains(entry))
                    .copied(),
            );
        }
        for entry in &gone {
            self.gallery.remove(*entry);
            self.saved.entries.remove(entry);
        }
        for entry in delta.upserts {
            put(&self.gallery, &entry);
            // Here again: what was said of its leaving is void.
            self.saved.left.remove(&entry.entry);
            self.saved
                .receipts
                .retain(|receipt| receipt.entry != entry.entry);
            self.saved.entries.insert(entry.entry, entry);
        }
        self.saved.version = delta.version;
        self.saved.made_at = delta.made_at;
        if delta.since == 0 {
            self.saved.lapsed_at = None;
        }
        for entry in gone {
            let at = self.saved.left.remove(&entry).unwrap_or(now);
            self.promise(&[entry], at);
        }
        if delta.since == 0 {
            // With the whole list the centre named every copy it has no receipt for.
            self.saved.left.clear();
        }
        Ok(self.save()?)
    }

    fn check(&self, signed: &SignedDelta) -> Result<ListDelta, ListError> {
        let signature = STANDARD
            .decode(&signed.signature)
            .map_err(|_| ListError::Signature)?;
        let signature = Signature::from_slice(&signature).map_err(|_| ListError::Signature)?;
        let sound = self
            .centre_key
            .verify_strict(signed.body.as_bytes(), &signature);
        sound.map_err(|_| ListError::Signature)?;
        let delta: ListDelta = serde_json::from_str(&signed.body)
            .map_err(|error| ListError::Malformed(error.to_string()))?;
        if delta.site != self.site {
            return Err(ListError::WrongSite);
        }
        if delta.model_id != self.gallery.model_id() {
            return Err(ListError::WrongModel(delta.model_id));
        }
        // Signed long ago and sent again: an entry that was removed must not come back.
        let joins = delta.since == 0 || delta.since == self.saved.version;
        let held = (self.saved.made_at, self.saved.version);
        if !joins || (delta.made_at, delta.version) < held {
            return Err(ListError::OutOfOrder);
        }
        Ok(delta)
    }

    /// Drops entries whose order ended by `up_to`, whether the centre can be reached or not. Whether one may match is
    /// decided at each search by its own instants, not by when it is dropped. `now` goes onto the receipts.
    pub fn lapse(&mut self, up_to: UtcMs, now: UtcMs) -> Result<usize, SealError> {
        let ended = |entry: &&EntryTemplate| entry.in_force_to <= up_to;
        let gone: Vec<EntryId> = self
            .saved
            .entries
            .values()
            .filter(ended)
            .map(|entry| entry.entry)
            .collect();
        if gone.is_empty() {
            return Ok(0);
        }
        for entry in &gone {
            self.gallery.remove(*entry);
            self.saved.entries.remove(entry);
        }
        self.saved.lapsed_at = Some(up_to);
        for entry in &gone {
            self.saved.left.insert(*entry, now);
        }
        self.promise(&gone, now);
        self.save()?;
        Ok(gone.len())
    }

    /// Whether entries were dropped by a clock that ran ahead: then they may be missing, and the whole list is needed.
    /// `latest` is the latest it can be now.
    pub fn must_start_over(&self, latest: UtcMs) -> bool {
        self.saved.lapsed_at.is_some_and(|at| latest < at)
    }

    /// The version to ask for changes since.
    pub fn since(&self, latest: UtcMs) -> i64 {
        if self.must_start_over(latest) {
            0
        } else {
            self.saved.version
        }
    }

    fn promise(&mut self, gone: &[EntryId], now: UtcMs) {
        let version = self.saved.version;
        for entry in gone {
            self.saved
                .receipts
                .retain(|receipt| receipt.entry != *entry);
            self.saved.receipts.push(RemovalReceipt {
                entry: *entry,
                version,
                removed_at: now,
            });
        }
    }

    /// Receipts the centre has not acknowledged yet. None while a removal is not on disk: a receipt says that the
    /// template left memory and disk.
    pub fn receipts(&mut self) -> Result<Vec<RemovalReceipt>, SealError> {
        if self.unsaved {
            self.save()?;
        }
        Ok(self.saved.receipts.clone())
    }

    /// The centre has this receipt.
    pub fn acknowledged(&mut self, receipt: &RemovalReceipt) -> Result<(), SealError> {
        self.saved.receipts.retain(|held| held != receipt);
        self.save()
    }

    fn save(&mut self) -> Result<(), SealError> {
        self.unsaved = true;
        let json = serde_json::to_vec(&self.saved).map(zeroize::Zeroizing::new);
        let json = json.map_err(|error| SealError::Io {
            path: self.path.clone(),
            cause: error.into(),
        })?;
        self.sealer.write(&self.path, NAME, &json)?;
        self.unsaved = false;
        Ok(())
    }
}

fn put(gallery: &Gallery, entry: &EntryTemplate) {
    let listed = Listed {
        entry: entry.entry,
        entry_version: entry.entry_version,
        list: entry.list,
        in_force_from: entry.in_force_from,
        in_force_to: entry.in_force_to,
        templates: entry
            .templates
            .iter()
            .filter_map(|text| values(text))
            .collect(),
    };
    if listed.templates.len() != entry.templates.len() {
        tracing::error!(entry = %entry.entry, "a template of this entry cannot be read; enrol its photograph again");
    }
    if let Err(error) = gallery.put(gallery.model_id(), &listed) {
        tracing::error!(entry = %entry.entry, %error, "an entry cannot be searched for");
    }
}

/// Little-endian f32 values out of base64.
fn values(text: &str) -> Option<Vec<f32>> {
    let bytes = zeroize::Zeroizing::new(STANDARD.decode(text).ok()?);
    let (parts, rest) = bytes.as_chunks::<4>();
    rest.is_empty()
        .then(|| parts.iter().map(|part| f32::from_le_bytes(*part)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use tapal_domain::entry::ListKind;
    use uuid::Uuid;

    const MODEL: &str = "stub@0";

    fn centre() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn entry(n: u128, to: i64) -> EntryTemplate {
        let mut values = [0.0f32; 8];
        values[n as usize % 8] = 1.0;
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        EntryTemplate {
            entry: EntryId(Uuid::from_u128(n)),
            entry_version: 1,
            list: ListKind::Wanted,
            in_force_from: UtcMs(0),
            in_force_to: UtcMs(to),
            templates: vec![STANDARD.encode(bytes)],
        }
    }

    fn delta(since: i64, version: i64, upserts: &[u128], removals: &[u128]) -> ListDelta {
        ListDelta {
            site: SiteId(Uuid::from_u128(9)),
            since,
            version,
            model_id: MODEL.into(),
            upserts: upserts.iter().map(|n| entry(*n, 1_000_000)).collect(),
            removals: removals
                .iter()
                .map(|n| EntryId(Uuid::from_u128(*n)))
                .collect(),
            made_at: UtcMs(version),
        }
    }

    fn sign(delta: &ListDelta) -> SignedDelta {
        let body = serde_json::to_string(delta).unwrap();
        let signature = STANDARD.encode(centre().sign(body.as_bytes()).to_bytes());
        SignedDelta { body, signature }
    }

    fn open(folder: &Path) -> HeldList {
        open_as(folder, 9, 1, &centre())
    }

    fn open_as(folder: &Path, site: u128, edge: u128, centre: &SigningKey) -> HeldList {
        let ids = (SiteId(Uuid::from_u128(site)), EdgeId(Uuid::from_u128(edge)));
        let gallery = Arc::new(Gallery::new(MODEL, 8));
        let key = centre.verifying_key();
        HeldList::open(folder, Sealer::new(&[1; 32]), key, ids, gallery).unwrap()
    }

    fn held(list: &HeldList) -> Vec<u128> {
        let mut ids: Vec<u128> = list
            .gallery
            .entries()
            .iter()
            .map(|e| e.0.as_u128())
            .collect();
        ids.sort_unstable();
        ids
    }

    fn receipts(list: &mut HeldList) -> Vec<u128> {
        list.receipts()
            .unwrap()
            .iter()
            .map(|r| r.entry.0.as_u128())
            .collect()
    }

    #[test]
    fn deltas_add_remove_and_leave_receipts_that_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = open(folder.path());
        list.apply(&sign(&delta(0, 3, &[1, 2, 3], &[])), UtcMs(10))
            .unwrap();
        list.apply(&sign(&delta(3, 4, &[4], &[2])), UtcMs(20))
            .unwrap();
        assert_eq!(
            (held(&list), list.version(), receipts(&mut list)),
            (vec![1, 3, 4], 4, vec![2])
        );
        let mut list = open(folder.path());
        assert_eq!(
            (held(&list), list.version(), receipts(&mut list)),
            (vec![1, 3, 4], 4, vec![2])
        );
        // A whole list replaces: what is not on it has left.
        list.apply(&sign(&delta(0, 7, &[4, 5], &[])), UtcMs(30))
            .unwrap();
        assert_eq!(
            (held(&list), receipts(&mut list)),
            (vec![4, 5], vec![2, 1, 3])
        );
        let first = list.receipts().unwrap()[0];
        list.acknowledged(&first).unwrap();
        assert_eq!(receipts(&mut open(folder.path())), [1, 3]);
    }

    #[test]
    fn forged_old_and_foreign_lists_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = open(folder.path());
        list.apply(&sign(&delta(0, 5, &[1], &[])), UtcMs(10))
            .unwrap();
        let mut forged = sign(&delta(5, 6, &[2], &[]));
        forged.body = forged.body.replace("\"version\":6", "\"version\":8");
        let mut check = |signed: &SignedDelta, expect: &str| {
            let error = list.apply(signed, UtcMs(20)).unwrap_err();
            assert!(format!("{error:?}").starts_with(expect), "{error:?}");
            assert_eq!((held(&list), list.version()), (vec![1], 5));
        };
        check(&forged, "Signature");
        check(&sign(&delta(0, 4, &[2], &[])), "OutOfOrder");
        check(&sign(&delta(4, 6, &[2], &[])), "OutOfOrder");
        check(
            &sign(&ListDelta {
                site: SiteId(Uuid::from_u128(8)),
                ..delta(5, 6, &[], &[])
            }),
            "WrongSite",
        );
        check(
            &sign(&ListDelta {
                model_id: "other@1".into(),
                ..delta(5, 6, &[], &[])
            }),
            "WrongModel",
        );
    }

    #[test]
    fn an_ended_order_leaves_the_node_without_the_centre() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = open(folder.path());
        let mut first = delta(0, 1, &[1], &[]);
        first.upserts.push(entry(2, 5_000));
        list.apply(&sign(&first), UtcMs(10)).unwrap();
        assert_eq!(list.lapse(UtcMs(4_999), UtcMs(4_999)).unwrap(), 0);
        assert_eq!(list.lapse(UtcMs(5_000), UtcMs(5_007)).unwrap(), 1);
        assert_eq!((held(&list), receipts(&mut list)), (vec![1], vec![2]));
        // It was not so late after all: the whole list is asked for, once.
        assert_eq!((list.since(UtcMs(5_000)), list.since(UtcMs(1_000))), (1, 0));
        list.apply(&sign(&first), UtcMs(1_000)).unwrap();
        assert_eq!((held(&list), list.since(UtcMs(1_000))), (vec![1, 2], 1));
        assert_eq!(receipts(&mut list), [], "it is here again");
    }

    #[test]
    fn what_lapsed_here_first_left_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = open(folder.path());
        let mut first = delta(0, 1, &[1], &[]);
        first.upserts.push(entry(2, 5_000));
        list.apply(&sign(&first), UtcMs(10)).unwrap();
        list.lapse(UtcMs(5_000), UtcMs(5_007)).unwrap();
        let receipt = list.receipts().unwrap()[0];
        list.acknowledged(&receipt).unwrap();
        // Hours later midnight has passed everywhere, and the centre wants it removed.
        let mut list = open(folder.path());
        list.apply(&sign(&delta(1, 2, &[], &[2])), UtcMs(9_000_000))
            .unwrap();
        let again = list.receipts().unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].version, again[0].removed_at), (2, UtcMs(5_007)));
    }

    #[test]
    fn a_full_disk_holds_back_receipts_until_the_removal_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = open(folder.path());
        list.apply(&sign(&delta(0, 1, &[1, 2], &[])), UtcMs(10))
            .unwrap();
        // A folder in the place of the temporary file: it cannot be written.
        let blocked = folder.path().join("list.new");
        std::fs::create_dir(&blocked).unwrap();
        let refused = list.apply(&sign(&delta(1, 2, &[], &[1])), UtcMs(20));
        assert!(matches!(refused, Err(ListError::Disk(_))));
        assert_eq!(held(&list), [2], "the gallery forgets at once");
        assert!(list.receipts().is_err());
        std::fs::remove_dir(&blocked).unwrap();
        assert_eq!(receipts(&mut list), [1]);
        assert_eq!(receipts(&mut open(folder.path())), [1]);
    }

    #[test]
    fn a_damaged_or_foreign_cache_is_no_loss() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path())
            .apply(&sign(&delta(0, 5, &[1], &[])), UtcMs(10))
            .unwrap();
        std::fs::write(folder.path().join("list.sealed"), b"short").unwrap();
        assert_eq!(open(folder.path()).version(), 0);
    }

    #[test]
    fn a_list_of_another_enrolment_is_wiped() {
        let check = |site: u128, edge: u128, centre_key: u8| {
            let folder = tempfile::tempdir().unwrap();
            open(folder.path())
                .apply(&sign(&delta(0, 5, &[1], &[])), UtcMs(10))
                .unwrap();
            let other = open_as(
                folder.path(),
                site,
                edge,
                &SigningKey::from_bytes(&[centre_key; 32]),
            );
            assert_eq!(
                (held(&other), other.version(), other.is_known()),
                (vec![], 0, false),
                "site {site}, edge {edge}, centre {centre_key}"
            );
            // Wiped on disk too: the first enrolment does not find it again.
            assert_eq!(open(folder.path()).version(), 0);
        };
        check(8, 1, 3);
        check(9, 2, 3);
        check(9, 1, 4);
    }
}
