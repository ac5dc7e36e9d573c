//! A centre made of single rows and standby servers beside it. Must not check anything itself.

use std::collections::BTreeMap;

use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    holder::{DocumentKind, Entries, Identity, Permit, PermitKind, PermitState, Stay},
    id::{AccountId, CrossingId, HolderId, PermitId, StandbyId},
    rule_pack,
    site::{Direction, SiteKind},
    standby::Copies,
    time::{DAY_MS, HOUR_MS},
};
use uuid::Uuid;

use super::super::{give::cells, *};
use crate::{
    audit::By,
    crossing::{self, NewCrossing},
    db::{Row, Unaudited, from_json, to_json},
    holder::{self, NewDocument},
    standby::{self, NewStandby, shape},
    vault::Vault,
};

pub(super) const NOW: UtcMs = UtcMs(1_795_278_600_000);
pub(super) const HERE: SiteId = SiteId(Uuid::from_u128(1));
pub(super) const THERE: SiteId = SiteId(Uuid::from_u128(2));
pub(super) const CLERK: AccountId = AccountId(Uuid::from_u128(5));

pub(super) fn text(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

pub(super) fn holder_id(n: u128) -> HolderId {
    HolderId(Uuid::from_u128(100 + n))
}

pub(super) async fn run(db: &Db, now: UtcMs, sql: &'static str, values: Vec<Value>) {
    let mut tx = db.begin(now).await.unwrap();
    tx.run(sql, values).await.unwrap();
    tx.commit_unaudited(Unaudited::Telemetry).await.unwrap();
}

pub(super) async fn count(db: &Db, sql: &'static str, values: Vec<Value>) -> i64 {
    db.one(sql, values).await.unwrap().int("n").unwrap()
}

/// A centre with two sites, and standby servers of the first one.
pub(super) struct Rig {
    dir: tempfile::TempDir,
    pub(super) centre: Db,
    made: u8,
}

impl Rig {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::from_key(&[7; 32]).unwrap();
        let vault = vault.with_documents_key(&[3; 32]).unwrap();
        // Without references, so that a history can be made of single rows.
        let centre = Db::open_standby(&dir.path().join("centre.db"), vault)
            .await
            .unwrap();
        for (site, name) in [(HERE, "Here"), (THERE, "There")] {
            let sql = "INSERT INTO site (id, name, kind, utc_offset_minutes, revision, list_version, created_at) VALUES ($1, $2, 'checkpoint', 420, 5, 9, 0)";
            run(&centre, NOW, sql, args![site, name]).await;
        }
        Self {
            dir,
            centre,
            made: 0,
        }
    }

    /// A standby server that holds nothing yet, the one before it retired.
    pub(super) async fn standby(&mut self, now: UtcMs) -> Db {
        self.made += 1;
        let id = StandbyId(Uuid::from_u128(u128::from(self.made)));
        for one in standby::list(&self.centre, Some(HERE)).await.unwrap() {
            if one.retired_at.is_none() {
                standby::retire(&self.centre, now, By::System, one.id)
                    .await
                    .unwrap();
            }
        }
        let token_hash = vec![self.made; 32];
        let new = NewStandby {
            id,
            site: HERE,
            name: "S".into(),
            token_hash: token_hash.clone(),
            token_expires_at: now + HOUR_MS,
        };
        standby::announce(&self.centre, now, By::System, new)
            .await
            .unwrap();
        standby::enrol(&self.centre, now, &token_hash, &[self.made; 32])
            .await
            .unwrap();
        let vault = Vault::from_key(&[9; 32]).unwrap();
        let vault = vault.with_documents_key(&[3; 32]).unwrap();
        let file = self.dir.path().join(format!("standby{}.db", self.made));
        let db = Db::open_standby(&file, vault).await.unwrap();
        standby::become_standby(&db, now, id, HERE).await.unwrap();
        db
    }

    /// Copies until nothing more waits, in pages of `most`.
    pub(super) async fn pull(&self, to: &Db, now: UtcMs, most: usize) -> Applied {
        let mut all = Applied::default();
        loop {
            let after = standby::own(to).await.unwrap().unwrap().upto;
            let page = copies(&self.centre, HERE, after, most, now).await.unwrap();
            // As it travels.
            let page: Copies = from_json(&to_json(&page).unwrap()).unwrap();
            let done = apply(to, &page).await.unwrap();
            all.written += done.written;
            all.kept_back += done.kept_back;
            if !page.more {
                return all;
            }
        }
    }

    pub(super) async fn foreigner(&self, n: u128, number: &str) {
        let nation = Nationality::new("UTO").unwrap();
        holder::add(&self.centre, NOW, By::System, holder_id(n), &nation, &who())
            .await
            .unwrap();
        let paper = paper(holder_id(n), 500 + n, number);
        holder::add_document(&self.centre, NOW, By::System, &paper)
            .await
            .unwrap();
    }
}

pub(super) fn who() -> Identity {
    let identity = Identity {
        primary: "CONTOH".into(),
        secondary: "ANNA".into(),
        full_name: "Anna Contoh".into(),
        sex: "F".into(),
        birth_date: "1984-07-30".into(),
        nik: String::new(),
    };
    identity.checked().unwrap()
}

pub(super) fn paper(holder: HolderId, id: u128, number: &str) -> NewDocument {
    NewDocument {
        id: Uuid::from_u128(id),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: "UTO".into(),
        number: number.into(),
        expires: Some("2031-04-15".parse().unwrap()),
    }
}

pub(super) fn permit(n: u128, holder: HolderId, until: Day) -> Permit {
    Permit {
        id: PermitId(Uuid::from_u128(n)),
        holder,
        kind: PermitKind::Visa,
        index: "B1".into(),
        entries: Entries::Single,
        valid_from: "2026-01-01".parse().unwrap(),
        valid_until: until,
        stay: Stay::Days(30),
        sites: vec![],
        document: None,
        state: PermitState::Issued,
    }
}

pub(super) fn crossed(
    n: u128,
    outcome: Outcome,
    at: UtcMs,
    holder: Option<HolderId>,
    number: &str,
) -> NewCrossing {
    let day = Day::at(at, 420);
    let draft = Draft {
        outcome,
        direction: match outcome {
            Outcome::Entered => Direction::Arrival,
            _ => Direction::Departure,
        },
        nationality: Nationality::new("UTO").unwrap(),
        ground: None,
        detection: Detection::None,
        stay_until: (outcome == Outcome::Entered).then(|| Day::at(at + 29 * DAY_MS, 420)),
        charge: None,
    };
    let pack = rule_pack::by_id("id-2025").unwrap();
    NewCrossing {
        id: CrossingId(Uuid::from_u128(n)),
        site: HERE,
        lane: None,
        desk: None,
        at,
        day,
        holder,
        identity: crossing::Identity {
            issuing_state: "UTO".into(),
            number: number.into(),
            name: "Anna Contoh".into(),
            birth_date: "1984-07-30".into(),
            sex: "F".into(),
        },
        decision: Decision::new(draft, SiteKind::Checkpoint, day, pack).unwrap(),
        order: None,
        alert: None,
        case: None,
        permit: None,
        receipt: None,
        officer: CLERK,
        authoriser: None,
    }
}

/// Every copied row of a database, opened, in an order of its own.
pub(super) async fn held(db: &Db) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in shape::all().iter().flat_map(|shape| shape.tables) {
        let select = format!("SELECT 1, {} FROM {}", table.columns.join(", "), table.name);
        let select: &'static str = Box::leak(select.into_boxed_str());
        let to = For::site(db, HERE, NOW).await.unwrap();
        let mut rows = Vec::new();
        for row in db.all(select, args![]).await.unwrap() {
            rows.push(format!("{:?}", plain(db.vault(), &to, table, &row)));
        }
        rows.sort();
        all.insert(table.name, rows);
    }
    all
}

pub(super) fn plain(vault: &Vault, to: &For, table: &Table, row: &Row) -> Vec<String> {
    let cells = cells(vault, to, table, row).unwrap();
    cells.iter().map(|cell| to_json(cell).unwrap()).collect()
}

pub(super) fn sealed(db: &Db, table: &str, id: &str, column: &str) -> Vec<u8> {
    db.vault().seal(table, id, column, id.as_bytes()).unwrap()
}
