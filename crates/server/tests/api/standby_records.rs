//! Crossings that a standby server recorded while it was alone, handed in: once each, with their own time, by the rules; what
//! does not fit is kept for a person. And what other tests of handing in begin with.

use std::sync::atomic::Ordering;

use axum::http::Method;
use serde_json::{Value, json};
use tapal_domain::{
    crossing::{Nationality, Outcome},
    holder::DocumentKind,
    id::{AccountId, CaseId, CrossingId, HolderId},
    standby::{FindingKind, HandedIn, HandedReply, Record, Taken},
    time::MINUTE_MS,
};
use tapal_server::{
    name_check::list,
    standby::{
        push::{PushError, Pushed, push},
        upstream::Upstream,
    },
};
use tapal_store::{
    crossing,
    holder::{self, NewDocument},
    standby::{
        self,
        finding::{StandbyFinding, findings},
        handed, outbox,
    },
};
use uuid::Uuid;

use crate::{
    crossings::{Desk, passport},
    orders::order_input,
    standby_cases::Room,
    standby_world::StandbyWorld,
    world::{Reply, World, local_day},
};

/// A desk at the centre and a standby server of its checkpoint, copied whole.
pub struct Pair {
    pub desk: Desk,
    pub beside: StandbyWorld,
}

impl Pair {
    pub async fn new() -> Self {
        let desk = Desk::new().await;
        let beside = StandbyWorld::ready(&desk.hall.world).await;
        Self { desk, beside }
    }

    pub fn centre(&self) -> &World {
        &self.desk.hall.world
    }

    pub fn alone(&self) -> &World {
        &self.beside.standby
    }

    /// Records at the standby server what the officer decides there.
    pub async fn record(&self, body: Value) -> Reply {
        self.alone()
            .post("/api/v1/crossings", &self.desk.officer, body)
            .await
    }

    pub async fn push(&self) -> Result<Pushed, PushError> {
        let StandbyWorld {
            standby,
            identity,
            line,
        } = &self.beside;
        push(&standby.state, line, identity).await
    }

    pub async fn waiting(&self) -> i64 {
        let own = standby::own(&self.alone().state.db).await.unwrap();
        own.unwrap().waiting
    }

    /// Sends a hand-over as it is, signed.
    pub async fn hand(&self, handed: &impl serde::Serialize) -> (u16, Value) {
        let (method, path) = (Method::POST, "/api/v1/standby/records");
        let body = serde_json::to_vec(handed).unwrap();
        let nonce = self.centre().state.clock.new_uuid().simple().to_string();
        let now = self.centre().now();
        let identity = &self.beside.identity;
        let headers = identity.sign((&method, path), (now, nonce), &body);
        let reply = self.beside.line.send(method, path, headers, body.into());
        let reply = reply.await.unwrap();
        (
            reply.status,
            serde_json::from_slice(&reply.body).unwrap_or_default(),
        )
    }

    /// What waits at the standby server, as it would be handed in.
    pub async fn records(&self) -> Vec<Record> {
        let waiting = outbox::next(&self.alone().state.db, 100).await.unwrap();
        waiting.into_iter().filter_map(|one| one.record).collect()
    }

    pub async fn taken(&self, records: Vec<Record>) -> Vec<Taken> {
        let (status, reply) = self.hand(&over(records)).await;
        assert_eq!(status, 200, "{reply}");
        serde_json::from_value::<HandedReply>(reply).unwrap().taken
    }

    pub async fn found(&self) -> Vec<StandbyFinding> {
        findings(&self.centre().state.db, None, 100).await.unwrap()
    }

    pub async fn kinds(&self) -> Vec<(FindingKind, bool)> {
        let found = self.found().await;
        found.iter().map(|one| (one.kind, one.kept)).collect()
    }
}

pub fn over(records: Vec<Record>) -> HandedIn {
    HandedIn {
        upto: 0,
        waiting: 0,
        alone_since: None,
        audit: Vec::new(),
        records,
    }
}

pub fn id(n: u32) -> CrossingId {
    format!("01900000-0000-7000-8000-{n:012}").parse().unwrap()
}

pub async fn count(world: &World, sql: &'static str) -> i64 {
    let row = world.state.db.one(sql, vec![]).await.unwrap();
    row.int("n").unwrap()
}

pub fn citizen(n: u32) -> Value {
    passport("IDN", &format!("C{n:07}"), "CONTOH", "ANNA")
}

#[tokio::test]
async fn a_record_is_handed_in_once_with_its_own_time_and_the_audit_record_of_both_is_whole() {
    let pair = Pair::new().await;
    let decided = pair.centre().now();
    pair.record(pair.desk.crossing(1, "entered", citizen(1)))
        .await
        .ok();
    pair.centre().pass(MINUTE_MS);
    // Lost on the way there, then on the way back.
    pair.beside.cut(true);
    assert!(matches!(pair.push().await, Err(PushError::Unreachable(_))));
    pair.beside.cut(false);
    pair.beside.line.deaf.store(true, Ordering::SeqCst);
    assert!(pair.push().await.is_err());
    assert_eq!(pair.waiting().await, 1);
    pair.beside.line.deaf.store(false, Ordering::SeqCst);
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.known, pushed.kept), (0, 1, 0));
    assert_eq!((pair.waiting().await, pair.found().await.len()), (0, 0));
    let db = &pair.centre().state.db;
    let kept = crossing::get(db, id(1)).await.unwrap();
    assert_eq!((kept.at, kept.seq), (decided, 1));
    assert_eq!(kept.recorded_at, decided + MINUTE_MS);
    let rows = pair.centre().audited("crossing.recorded").await;
    assert_eq!(rows.len(), 1);
    let detail = rows[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains(&pair.beside.identity.id.to_string()),
        "{detail}"
    );
    // Its audit record is kept beside the centre's, whole, and anchored there.
    let own = standby::own(&pair.alone().state.db).await.unwrap().unwrap();
    assert!(own.audit_sent > 0);
    let verdict = handed::verify(db, pair.beside.identity.id).await.unwrap();
    assert_eq!((verdict.rows, verdict.fault), (own.audit_sent, None));
    let whole = tapal_store::audit::verify(db, None, |_| {}).await.unwrap();
    assert_eq!(whole.fault, None);
    assert_eq!(pair.centre().audited("standby.handed_in").await.len(), 1);
    // Nothing new: heard, and no further row.
    pair.push().await.unwrap();
    assert_eq!(pair.centre().audited("standby.handed_in").await.len(), 1);
    let known = standby::list(db, None).await.unwrap();
    assert_eq!(
        (known[0].heard_at, known[0].waiting),
        (Some(pair.centre().now()), 0)
    );
}

#[tokio::test]
async fn what_no_law_knows_is_kept_for_a_person_and_not_recorded() {
    let pair = Pair::new().await;
    pair.record(pair.desk.crossing(1, "entered", citizen(1)))
        .await
        .ok();
    pair.record(
        pair.desk
            .crossing(2, "entered", passport("MYS", "K00000002", "CONTOH", "SITI")),
    )
    .await
    .ok();
    let records = pair.records().await;
    let crossing = |n: u32| {
        let mut all = records.iter();
        let one = all.find(|one| one.of() == id(n).to_string());
        match one {
            Some(Record::Crossing(one)) => (**one).clone(),
            other => panic!("{other:?}"),
        }
    };
    let mut refused = crossing(1);
    refused.draft.outcome = Outcome::RefusedEntry;
    refused.draft.ground = Some("no_visa".into());
    refused.case = Some(CaseId(Uuid::from_u128(5)));
    refused.authoriser = Some(AccountId(Uuid::from_u128(6)));
    let mut alone = crossing(2);
    alone.draft.outcome = Outcome::RefusedEntry;
    alone.draft.ground = Some("no_visa".into());
    alone.draft.stay_until = None;
    let mut elsewhere = crossing(1);
    elsewhere.site = pair.centre().far_site;
    let mut stranger = crossing(1);
    stranger.officer = AccountId(Uuid::from_u128(77));
    let mut clerk = crossing(1);
    let account = tapal_store::account::find(&pair.centre().state.db, "clerk").await;
    clerk.officer = account.unwrap().unwrap().0.id;
    let mut void = crossing(1);
    void.draft.outcome = Outcome::Void;
    let mut papers = crossing(2);
    let newcomer = papers.newcomer.as_mut().unwrap();
    newcomer.nationality = Nationality::new("IDN").unwrap();
    let holder = Record::Holder(papers.newcomer.clone().unwrap());
    for (n, (mut record, code)) in [
        (refused, "decision"),
        (alone, "two_people"),
        (elsewhere, "other_site"),
        (stranger, "account"),
        (clerk, "account"),
        (void, "correction"),
        (papers, "citizen"),
    ]
    .into_iter()
    .enumerate()
    {
        record.id = id(100 + n as u32);
        let record = Record::Crossing(Box::new(record));
        assert_eq!(
            pair.taken(vec![record.clone()]).await,
            [Taken::Kept],
            "{code}"
        );
        // Again: no second finding.
        assert_eq!(pair.taken(vec![record]).await, [Taken::Kept]);
        let found = pair.found().await;
        let found = found
            .iter()
            .find(|one| one.of == id(100 + n as u32).to_string());
        assert_eq!(found.unwrap().reasons(), [code]);
    }
    assert_eq!(pair.taken(vec![holder]).await, [Taken::Kept]);
    let kinds = pair.kinds().await;
    assert_eq!(kinds, vec![(FindingKind::Unlawful, true); 8]);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM crossing").await,
        0
    );
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM holder").await,
        0
    );
    // What was handed in is sealed, and opens whole.
    let first = &pair.found().await[0];
    let kept = standby::finding::kept(&pair.centre().state.db, None, first.id)
        .await
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Record>(&kept).unwrap().of(),
        first.of
    );
    // There is no form for an order or an account, and no other key speaks for this server.
    for noun in ["order", "account", "entry", "cleared"] {
        let body = json!({ "upto": 0, "waiting": 0, "alone_since": null, "audit": [], "records": [{ noun: {} }] });
        assert_eq!(pair.hand(&body).await.0, 400, "{noun}");
    }
    let body = serde_json::to_value(over(Vec::new())).unwrap();
    pair.centre()
        .device(&pair.centre().node, "POST", "/api/v1/standby/records", body)
        .await
        .refused(401, "not_this_node");
    standby::retire(
        &pair.centre().state.db,
        pair.centre().now(),
        tapal_store::By::System,
        pair.beside.identity.id,
    )
    .await
    .unwrap();
    assert_eq!(pair.hand(&over(Vec::new())).await.0, 401);
}

#[tokio::test]
async fn whom_the_centre_would_not_have_let_pass_stands_in_the_ledger_and_a_person_is_told() {
    let pair = Pair::new().await;
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C0000001");
    let order = pair.desk.hall.approved(order).await;
    list::catch_up(&pair.centre().state).await.unwrap();
    // The copies are from before the order.
    for n in [1, 2] {
        pair.record(pair.desk.crossing(n, "departed", citizen(n)))
            .await
            .ok();
    }
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.kept), (2, 0));
    let found = pair.found().await;
    let named = found
        .iter()
        .find(|one| one.of == id(1).to_string())
        .unwrap();
    assert_eq!((named.kind, named.kept), (FindingKind::NotOffered, false));
    let order = order.rsplit('/').next().unwrap();
    assert!(
        named.detail["orders"].to_string().contains(order),
        "{:?}",
        named.detail
    );
    assert_eq!(named.detail["subjects"], json!(["exit_ban"]));
    assert!(named.reasons().contains(&"list"));
    assert!(crossing::get(&pair.centre().state.db, id(1)).await.is_ok());
    // Supervisors of the checkpoint are told as it happens.
    let told = tapal_store::event::after(&pair.centre().state.db, 0, 1_000)
        .await
        .unwrap();
    assert!(
        told.iter()
            .any(|event| event.kind == "standby.found" && event.site == Some(pair.centre().site))
    );
    assert_eq!(
        pair.centre().audited("standby.found").await.len(),
        found.len()
    );
}

/// A citizen whose passport the registry has: the copies leave such people out.
async fn registered(world: &World, n: u32, primary: &str) {
    let who = tapal_domain::holder::Identity {
        primary: primary.into(),
        secondary: "ANNA".into(),
        full_name: format!("Anna {primary}"),
        sex: "F".into(),
        birth_date: "1991-05-06".into(),
        nik: String::new(),
    };
    let holder = HolderId(Uuid::from_u128(0x7000 + u128::from(n)));
    let paper = NewDocument {
        id: Uuid::from_u128(0x8000 + u128::from(n)),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: "IDN".into(),
        number: format!("C{n:07}"),
        expires: None,
    };
    let (db, now, by) = (&world.state.db, world.now(), tapal_store::By::System);
    let nationality = Nationality::new("IDN").unwrap();
    holder::add_with(db, now, by, holder, (&nationality, &who), &paper)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_the_centre_alone_knows_of_a_person_is_told_and_nothing_else() {
    let pair = Pair::new().await;
    let people = Room::people(pair.centre()).await;
    registered(pair.centre(), 1, "CONTOH").await;
    registered(pair.centre(), 2, "LAIN").await;
    // The bearer of another document is in second line at the centre's side.
    let site = pair.centre().site;
    people.open(pair.centre(), site, "FRA", 50).await;
    pair.centre().pass(1_000);
    for n in [1, 2] {
        pair.record(pair.desk.crossing(n, "departed", citizen(n)))
            .await
            .ok();
    }
    let bearer = passport("FRA", "K00000009", "CONTOH", "SITI");
    pair.record(pair.desk.crossing(3, "departed", bearer.clone()))
        .await
        .ok();
    // What happens afterwards was not known then.
    pair.centre().pass(1_000);
    let later = passport("IDN", "C0000004", "CONTOH", "ANNA");
    pair.record(pair.desk.crossing(4, "departed", later))
        .await
        .ok();
    pair.push().await.unwrap();
    let mut found: Vec<(String, Vec<String>)> = pair
        .found()
        .await
        .iter()
        .map(|one| {
            let reasons = one.reasons().into_iter().map(str::to_owned);
            (one.of.clone(), reasons.collect())
        })
        .collect();
    found.sort();
    let told = |n, code: &str| (id(n).to_string(), vec![code.to_owned()]);
    assert_eq!(found, [told(2, "registry"), told(3, "case_open")]);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM crossing").await,
        4
    );
}

#[tokio::test]
async fn a_doubt_that_the_officer_answered_there_is_no_finding_here() {
    let desk = Desk::new().await;
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C7777777");
    let order = desk.hall.approved(order).await;
    list::catch_up(&desk.hall.world.state).await.unwrap();
    let beside = StandbyWorld::ready(&desk.hall.world).await;
    let pair = Pair { desk, beside };
    let mut document = passport("IDN", "C0000001", "CONTOH", "ANNE");
    document["birth_date"] = json!("");
    document["sex"] = json!("");
    let mut body = pair.desk.crossing(1, "departed", document);
    pair.record(body.clone()).await.refused(409, "not_offered");
    body["others"] = json!([format!("order:{}", order.rsplit('/').next().unwrap())]);
    pair.record(body).await.ok();
    assert_eq!(pair.push().await.unwrap().recorded, 1);
    assert_eq!(pair.kinds().await, []);
}

#[tokio::test]
async fn one_act_recorded_twice_is_one_and_another_act_under_its_id_is_a_finding() {
    let pair = Pair::new().await;
    for n in [1, 2, 3] {
        pair.desk
            .record(pair.desk.crossing(n, "entered", citizen(n)))
            .await
            .ok();
    }
    // The centre's reply was lost: the officer's click was answered by the standby server, a minute later.
    pair.centre().pass(MINUTE_MS);
    pair.record(pair.desk.crossing(1, "entered", citizen(1)))
        .await
        .ok();
    pair.record(pair.desk.crossing(2, "entered", citizen(9)))
        .await
        .ok();
    pair.centre().pass(MINUTE_MS + 1);
    pair.record(pair.desk.crossing(3, "entered", citizen(3)))
        .await
        .ok();
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.known, pushed.kept), (0, 1, 2));
    assert_eq!(pair.kinds().await, vec![(FindingKind::Differs, true); 2]);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM crossing").await,
        3
    );
}

#[tokio::test]
async fn a_stranger_met_at_several_places_is_one_holder() {
    let pair = Pair::new().await;
    let document = passport("MYS", "K00000001", "CONTOH", "SITI");
    // Two standby servers and the centre, none of which knows of the others.
    pair.record(pair.desk.crossing(1, "entered", document.clone()))
        .await
        .ok();
    let second = pair.records().await;
    pair.desk
        .record(pair.desk.crossing(2, "entered", document.clone()))
        .await
        .ok();
    let registry = crossing::get(&pair.centre().state.db, id(2))
        .await
        .unwrap()
        .holder;
    pair.record(pair.desk.crossing(3, "departed", document))
        .await
        .ok();
    assert_eq!(pair.push().await.unwrap().kept, 0);
    for n in [1, 2, 3] {
        let kept = crossing::get(&pair.centre().state.db, id(n)).await.unwrap();
        assert_eq!(kept.holder, registry, "{n}");
    }
    // The other server's record of the same person.
    let mut other = second
        .into_iter()
        .find_map(|one| match one {
            Record::Crossing(one) => Some(*one),
            _ => None,
        })
        .unwrap();
    other.id = id(4);
    let stranger = HolderId(Uuid::from_u128(0xabc));
    other.holder = Some(stranger);
    other.newcomer.as_mut().unwrap().id = stranger;
    other.newcomer.as_mut().unwrap().documents[0].id = Uuid::from_u128(0xabd);
    let taken = pair.taken(vec![Record::Crossing(Box::new(other))]).await;
    assert_eq!(taken, [Taken::Recorded]);
    assert_eq!(
        crossing::get(&pair.centre().state.db, id(4))
            .await
            .unwrap()
            .holder,
        registry
    );
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM holder").await,
        1
    );
    let known = pair.kinds().await;
    let known = known
        .iter()
        .filter(|(kind, _)| *kind == FindingKind::HolderKnown);
    assert_eq!(known.count(), 2);
}

#[tokio::test]
async fn a_stranger_whom_nobody_knew_comes_with_the_crossing() {
    let pair = Pair::new().await;
    let document = passport("MYS", "K00000001", "CONTOH", "SITI");
    pair.record(pair.desk.crossing(1, "entered", document))
        .await
        .ok();
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.known, pushed.kept), (1, 0, 0));
    let db = &pair.centre().state.db;
    let record = holder::by_document(db, "MYS", "K00000001")
        .await
        .unwrap()
        .unwrap();
    let kept = crossing::get(db, id(1)).await.unwrap();
    assert_eq!(kept.holder, Some(record.holder.id));
    assert_eq!(kept.stay_until, Some(local_day(29)));
    assert_eq!(pair.kinds().await, []);
}
