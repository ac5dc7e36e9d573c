//! What a standby server recorded while it was alone, handed in: once each, with its own time, by the rules; what does not
//! fit is kept for a person; lost requests, lost replies and repeats change nothing.

use std::sync::atomic::Ordering;

use axum::http::Method;
use serde_json::{Value, json};
use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    day::Day,
    holder::DocumentKind,
    id::{AccountId, AlertId, CaseId, CrossingId, HolderId, SiteId},
    role::Role,
    rule_pack,
    site::{Direction, SiteKind},
    standby::{FindingKind, HandedIn, HandedReply, Record, Taken},
    time::{MINUTE_MS, UtcMs},
};
use tapal_server::{
    name_check::list,
    standby::{
        push::{PushError, Pushed, push},
        upstream::Upstream,
    },
};
use tapal_store::{
    crossing::{self, Identity, NewCrossing},
    db::Value as Sql,
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
    standby_world::StandbyWorld,
    world::{PASSWORD, Person, Reply, World, local_day},
};

/// A desk at the centre and a standby server of its checkpoint, copied whole.
struct Pair {
    desk: Desk,
    beside: StandbyWorld,
}

impl Pair {
    async fn new() -> Self {
        let desk = Desk::new().await;
        let beside = StandbyWorld::ready(&desk.hall.world).await;
        Self { desk, beside }
    }

    fn centre(&self) -> &World {
        &self.desk.hall.world
    }

    fn alone(&self) -> &World {
        &self.beside.standby
    }

    /// Records at the standby server what the officer decides there.
    async fn record(&self, body: Value) -> Reply {
        self.alone()
            .post("/api/v1/crossings", &self.desk.officer, body)
            .await
    }

    async fn push(&self) -> Result<Pushed, PushError> {
        let StandbyWorld {
            standby,
            identity,
            line,
        } = &self.beside;
        push(&standby.state, line, identity).await
    }

    async fn waiting(&self) -> i64 {
        let own = standby::own(&self.alone().state.db).await.unwrap();
        own.unwrap().waiting
    }

    /// Sends a hand-over as it is, signed.
    async fn hand(&self, handed: &impl serde::Serialize) -> (u16, Value) {
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
    async fn records(&self) -> Vec<Record> {
        let waiting = outbox::next(&self.alone().state.db, 100).await.unwrap();
        waiting.into_iter().filter_map(|one| one.record).collect()
    }

    async fn taken(&self, records: Vec<Record>) -> Vec<Taken> {
        let (status, reply) = self.hand(&over(records)).await;
        assert_eq!(status, 200, "{reply}");
        serde_json::from_value::<HandedReply>(reply).unwrap().taken
    }

    async fn found(&self) -> Vec<StandbyFinding> {
        findings(&self.centre().state.db, None, 100).await.unwrap()
    }

    async fn kinds(&self) -> Vec<(FindingKind, bool)> {
        let found = self.found().await;
        found.iter().map(|one| (one.kind, one.kept)).collect()
    }
}

fn over(records: Vec<Record>) -> HandedIn {
    HandedIn {
        upto: 0,
        waiting: 0,
        alone_since: None,
        audit: Vec::new(),
        records,
    }
}

fn id(n: u32) -> CrossingId {
    format!("01900000-0000-7000-8000-{n:012}").parse().unwrap()
}

async fn count(world: &World, sql: &'static str) -> i64 {
    let row = world.state.db.one(sql, vec![]).await.unwrap();
    row.int("n").unwrap()
}

fn citizen(n: u32) -> Value {
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
    let kept = standby::finding::kept(&pair.centre().state.db, first.id)
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
    pair.centre()
        .state
        .db
        .one("SELECT 1 AS n", vec![])
        .await
        .unwrap();
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
    assert_eq!((pushed.recorded, pushed.known, pushed.kept), (1, 1, 0));
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

/// A case at one of the two servers, by the same people.
struct Line2 {
    budi: Person,
    sari: Person,
}

impl Line2 {
    async fn people(world: &World) -> Self {
        let budi = world
            .person("budi", Role::SecondLineOfficer, Some(world.site), None)
            .await;
        let sari = world
            .person("sari", Role::Supervisor, Some(world.site), None)
            .await;
        Self { budi, sari }
    }

    async fn open(&self, world: &World, site: SiteId, nationality: &str, n: u32) -> String {
        let body = json!({ "crossing": id(n), "site": site, "direction": "arrival",
            "traveller": { "name": "Siti Contoh", "birth_date": "1991-05-06", "sex": "F", "nationality": nationality,
                "issuer": nationality, "document_number": "K00000009" },
            "reasons": ["document_doubt"], "text": "the page looks altered", "detection": "officer", "orders": [] });
        let reply = world
            .post("/api/v1/second-line", &self.budi, body)
            .await
            .ok();
        reply["id"].as_str().unwrap().to_owned()
    }

    async fn does(
        &self,
        world: &World,
        who: &Person,
        case: &str,
        what: &str,
        body: Value,
    ) -> Value {
        let path = format!("/api/v1/second-line/{case}/{what}");
        world.post(&path, who, body).await.ok()
    }

    /// Takes it, finds a false document, refuses by two people, and ends it.
    async fn refuses(&self, world: &World, case: &str) {
        let budi = &self.budi;
        self.does(world, budi, case, "taking", json!({})).await;
        let found = json!({ "hit": true, "confirmed": [], "text": "the page is false" });
        let view = self.does(world, budi, case, "conclusion", found).await;
        let acts = view["offer"]["acts"].as_array().unwrap();
        let act = acts.iter().find(|act| act["act"] == "may_refuse_entry");
        let ground = &act.unwrap()["grounds"][0]["code"];
        let act = json!({ "act": "may_refuse_entry", "ground": ground });
        self.does(world, budi, case, "decision", act).await;
        let yes = json!({ "authorise": true });
        self.does(world, &self.sari, case, "authorisation", yes)
            .await;
        self.does(world, budi, case, "closure", json!({})).await;
    }
}

#[tokio::test]
async fn a_case_goes_on_from_the_centres_steps_and_ends_in_its_ledger_by_two_people() {
    let desk = Desk::new().await;
    let people = Line2::people(&desk.hall.world).await;
    let site = desk.hall.world.site;
    // One was opened before the line broke, one after.
    let before = people.open(&desk.hall.world, site, "FRA", 1).await;
    let beside = StandbyWorld::ready(&desk.hall.world).await;
    let pair = Pair { desk, beside };
    people.refuses(pair.alone(), &before).await;
    let after = people.open(pair.alone(), site, "FRA", 2).await;
    people.refuses(pair.alone(), &after).await;
    // The clock of the centre went on meanwhile: it stands in nobody's way.
    let pushed = pair.push().await.unwrap();
    assert_eq!(
        (pushed.recorded, pushed.kept),
        (4, 0),
        "{:?}",
        pair.found().await
    );
    assert_eq!(pair.kinds().await, []);
    let db = &pair.centre().state.db;
    for (n, case) in [(1, &before), (2, &after)] {
        let kept = crossing::get(db, id(n)).await.unwrap();
        assert_eq!(kept.outcome, Outcome::RefusedEntry);
        assert_eq!(kept.case, Some(case.parse().unwrap()));
        assert!(kept.authoriser.is_some_and(|other| other != kept.officer));
        let filed = tapal_store::second_line::get(db, case.parse().unwrap(), None)
            .await
            .unwrap();
        assert_eq!(filed.case.status().name(), "closed");
        assert!(filed.closed_at.is_some());
    }
    let rows = pair.centre().audited("second_line.changed").await;
    assert_eq!(rows.len(), 10);
    // A refusal whose case never came to that end is not recorded.
    let mut lone = pair.records().await;
    assert!(lone.is_empty());
    lone = Vec::new();
    assert!(pair.taken(lone).await.is_empty());
}

#[tokio::test]
async fn the_clock_of_the_centre_stands_in_nobodys_way() {
    let desk = Desk::new().await;
    let mut people = Line2::people(&desk.hall.world).await;
    let site = desk.hall.world.site;
    let case = people.open(&desk.hall.world, site, "FRA", 1).await;
    let taking = (&people.budi, "taking");
    people
        .does(&desk.hall.world, taking.0, &case, taking.1, json!({}))
        .await;
    let beside = StandbyWorld::ready(&desk.hall.world).await;
    let pair = Pair { desk, beside };
    let pack = rule_pack::pack_for(local_day(0)).unwrap();
    pair.centre()
        .pass(i64::from(pack.second_line.custody_minutes) * MINUTE_MS * 9 / 10);
    pair.centre().tick().await;
    assert_eq!(pair.centre().audited("second_line.changed").await.len(), 2);
    people.budi = pair.alone().sign_in("budi", PASSWORD).await;
    people.sari = pair.alone().sign_in("sari", PASSWORD).await;
    people.refuses(pair.alone(), &case).await;
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.kept), (2, 0));
    assert_eq!(pair.kinds().await, []);
    assert!(crossing::get(&pair.centre().state.db, id(1)).await.is_ok());
}

#[tokio::test]
async fn a_referral_whose_reply_was_lost_is_one_case() {
    let desk = Desk::new().await;
    let people = Line2::people(&desk.hall.world).await;
    let beside = StandbyWorld::ready(&desk.hall.world).await;
    let pair = Pair { desk, beside };
    let site = pair.centre().site;
    let one = people.open(pair.centre(), site, "FRA", 1).await;
    let other = people.open(pair.alone(), site, "FRA", 1).await;
    assert_ne!(one, other);
    people.refuses(pair.alone(), &other).await;
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.kept), (2, 0));
    let kept = crossing::get(&pair.centre().state.db, id(1)).await.unwrap();
    assert_eq!(kept.case, Some(one.parse().unwrap()));
    let cases = "SELECT COUNT(*) AS n FROM second_line";
    assert_eq!(count(pair.centre(), cases).await, 1);
}

#[tokio::test]
async fn a_case_that_went_another_way_at_the_centre_is_kept_for_a_person() {
    let desk = Desk::new().await;
    let people = Line2::people(&desk.hall.world).await;
    let site = desk.hall.world.site;
    let case = people.open(&desk.hall.world, site, "FRA", 1).await;
    let beside = StandbyWorld::ready(&desk.hall.world).await;
    let pair = Pair { desk, beside };
    people
        .does(pair.centre(), &people.sari, &case, "taking", json!({}))
        .await;
    people.refuses(pair.alone(), &case).await;
    let steps = "SELECT COUNT(*) AS n FROM second_line_step";
    let before = count(pair.centre(), steps).await;
    let pushed = pair.push().await.unwrap();
    assert_eq!((pushed.recorded, pushed.kept), (0, 2));
    let mut kinds = pair.kinds().await;
    kinds.sort_by_key(|(kind, _)| kind.name());
    // The case; and the refusal, which no case of the centre came to.
    assert_eq!(
        kinds,
        [(FindingKind::Diverged, true), (FindingKind::Unlawful, true)]
    );
    assert_eq!(count(pair.centre(), steps).await, before);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM crossing").await,
        0
    );
}

#[tokio::test]
async fn an_alert_raised_and_judged_alone_is_recorded_with_its_pictures() {
    let pair = Pair::new().await;
    let one = pair.centre().officer("tono").await;
    let two = pair.centre().officer("wati").await;
    pair.beside.pull().await.unwrap();
    let alert = pair.alone().raise(1).await;
    let received = pair.centre().now();
    pair.alone()
        .post(&format!("{alert}/acknowledgement"), &one, json!({}))
        .await
        .ok();
    pair.centre().pass(1_000);
    for person in [&one, &two] {
        pair.alone()
            .opine(&alert, person, "same", "the same ears")
            .await
            .ok();
    }
    pair.centre().pass(MINUTE_MS);
    assert_eq!(
        pair.push().await.unwrap().recorded,
        1,
        "{:?}",
        pair.found().await
    );
    let of: AlertId = alert.rsplit('/').next().unwrap().parse().unwrap();
    let stored = tapal_store::alert::get(&pair.centre().state.db, of)
        .await
        .unwrap();
    assert_eq!(stored.life.status().name(), "similar");
    assert_eq!((stored.received_at, stored.probes), (received, 2));
    assert_eq!(
        tapal_store::alert::probe(&pair.centre().state.db, of, 0)
            .await
            .unwrap()[..2],
        [0xff, 0xd8]
    );
    // Handed in again it is known; with another's opinion in the place of one it is kept.
    let db = &pair.alone().state.db;
    pair.alone()
        .write(
            "UPDATE alert SET status = status WHERE id = $1",
            vec![Sql::from(of)],
        )
        .await;
    let mut records: Vec<Record> = outbox::next(db, 10)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|one| one.record)
        .collect();
    assert_eq!(pair.taken(records.clone()).await, [Taken::Known]);
    if let Record::Alert(handed) = &mut records[0] {
        handed.steps.pop();
        let last = handed.steps.last().unwrap().clone();
        handed.steps.push(last);
    }
    assert_eq!(pair.taken(records).await, [Taken::Kept]);
    assert_eq!(pair.kinds().await, [(FindingKind::Diverged, true)]);
}

#[tokio::test]
async fn a_rewritten_audit_record_is_refused_and_said_once() {
    let pair = Pair::new().await;
    pair.record(pair.desk.crossing(1, "entered", citizen(1)))
        .await
        .ok();
    let rows = outbox::audit(&pair.alone().state.db, 0, 100).await.unwrap();
    let mut handed = over(pair.records().await);
    handed.audit = rows.clone();
    handed.audit[1].action.push('x');
    for _ in 0..2 {
        let (status, reply) = pair.hand(&handed).await;
        assert_eq!((status, &reply["code"]), (409, &json!("audit_broken")));
    }
    assert_eq!(pair.centre().audited("standby.audit_broken").await.len(), 1);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM crossing").await,
        0
    );
    handed.audit = rows;
    assert_eq!(pair.hand(&handed).await.0, 200);
    assert_eq!(pair.hand(&handed).await.0, 200);
    // A row that was taken before cannot come again as another one.
    handed.audit[0].hash = "00".repeat(32);
    assert_eq!(pair.hand(&handed).await.0, 409);
    let (db, own) = (&pair.centre().state.db, pair.beside.identity.id);
    assert_eq!(handed::verify(db, own).await.unwrap().fault, None);
    // What is kept and what the centre's own chain says of it must agree.
    let short = "UPDATE standby SET audit_seq = audit_seq";
    pair.centre().write(short, vec![]).await;
    let auditor = pair
        .centre()
        .person("auditor", Role::Auditor, None, None)
        .await;
    let path = format!("/api/v1/standbys/{own}/audit");
    let shown = pair.centre().get(&path, &auditor).await.ok();
    assert_eq!(shown["verdict"]["fault"], Value::Null);
    assert_eq!(shown["rows"].as_array().unwrap().len(), handed.audit.len());
}

#[tokio::test]
async fn a_finding_is_settled_with_a_reason_by_somebody_who_had_no_part_in_the_record() {
    let pair = Pair::new().await;
    let world = pair.centre();
    let sari = world
        .person("sari", Role::Supervisor, Some(world.site), None)
        .await;
    let rudi = world
        .person("rudi", Role::Supervisor, Some(world.site), None)
        .await;
    let far = world
        .person("far", Role::Supervisor, Some(world.far_site), None)
        .await;
    pair.beside.pull().await.unwrap();
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C0000001");
    pair.desk.hall.approved(order).await;
    list::catch_up(&world.state).await.unwrap();
    let body = pair.desk.crossing(1, "departed", citizen(1));
    pair.alone()
        .post("/api/v1/crossings", &sari, body)
        .await
        .ok();
    pair.push().await.unwrap();
    let all = world.get("/api/v1/standbys/findings", &rudi).await.ok();
    let path = format!(
        "/api/v1/standbys/findings/{}/settlement",
        all[0]["id"].as_str().unwrap()
    );
    let reason = json!({ "reason": "spoke to the traveller" });
    world
        .post(&path, &sari, reason.clone())
        .await
        .refused(409, "own_record");
    world
        .post(&path, &far, reason.clone())
        .await
        .refused(404, "not_found");
    world
        .post(&path, &rudi, json!({ "reason": " " }))
        .await
        .refused(422, "no_reason");
    world.post(&path, &rudi, reason.clone()).await.ok();
    world
        .post(&path, &rudi, reason)
        .await
        .refused(409, "conflict");
    let all = world.get("/api/v1/standbys/findings", &rudi).await.ok();
    assert_eq!(all[0]["reason"], "spoke to the traveller");
    assert_eq!(
        world.get("/api/v1/standbys/findings", &far).await.ok(),
        json!([])
    );
    assert_eq!(world.audited("standby.settlement_refused").await.len(), 2);
    // Whoever may not read the ledger is told neither lists nor reasons.
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    let all = world.get("/api/v1/standbys/findings", &admin).await.ok();
    assert_eq!(
        (&all[0]["detail"], &all[0]["reason"]),
        (&json!({}), &Value::Null)
    );
    // The page says it in words, with the link to the record.
    for (person, sees) in [(&rudi, true), (&admin, false)] {
        let text = world.get("/standbys", person).await.text();
        assert_eq!(text.contains(&format!("/crossings/{}", id(1))), sees);
    }
}

#[tokio::test]
async fn a_server_is_announced_once_a_checkpoint_enrolled_by_its_token_and_retired() {
    let world = World::new().await;
    let admin = world
        .person("admin", Role::SystemAdmin, Some(world.site), None)
        .await;
    let body = json!({ "site": world.site, "name": "Hall" });
    let far = json!({ "site": world.far_site, "name": "Hall" });
    world
        .post("/api/v1/standbys", &admin, far)
        .await
        .refused(404, "not_found");
    let made = world
        .post("/api/v1/standbys", &admin, body.clone())
        .await
        .ok();
    world
        .post("/api/v1/standbys", &admin, body)
        .await
        .refused(409, "standby_refused");
    let key = |seed: u8| {
        use base64::Engine as _;
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        base64::engine::general_purpose::STANDARD.encode(key.as_bytes())
    };
    let enrol = |token: &Value, seed| json!({ "token": token, "public_key": key(seed) });
    let path = "/api/v1/standbys/enrol";
    let token = &made["token"];
    let bad = json!({ "token": token, "public_key": "AAAA" });
    world
        .call("POST", path, None, Some(bad))
        .await
        .refused(422, "bad_key");
    world
        .call("POST", path, None, Some(enrol(&json!("guess"), 3)))
        .await
        .refused(403, "bad_token");
    let reply = world.call("POST", path, None, Some(enrol(token, 3))).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let first = reply.ok();
    assert_eq!(
        (
            &first["site"],
            first["documents_key"].as_str().unwrap().len()
        ),
        (&json!(world.site), 64)
    );
    // A reply can be lost: the same key again; never another one.
    assert_eq!(
        world
            .call("POST", path, None, Some(enrol(token, 3)))
            .await
            .ok(),
        first
    );
    world
        .call("POST", path, None, Some(enrol(token, 4)))
        .await
        .refused(403, "bad_token");
    let all = world.get("/api/v1/standbys", &admin).await.ok();
    assert!(all[0]["enrolled_at"].is_i64() && all[0].get("public_key").is_none());
    let own = format!("/api/v1/standbys/{}", made["standby"].as_str().unwrap());
    world.call("DELETE", &own, Some(&admin), None).await.ok();
    world
        .call("DELETE", &own, Some(&admin), None)
        .await
        .refused(404, "not_found");
    for lang in ["id", "en"] {
        world.call("GET", "/standbys", Some(&admin), None).await;
        let text = world.get("/standbys", &admin).await.text();
        assert!(!text.contains("[standby-"), "{lang}: {text}");
    }
}

/// A small generator of its own, so that a failure comes again: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn invented(pair: &Pair, officer: AccountId, n: u32, at: UtcMs) -> NewCrossing {
    let foreigner = n.is_multiple_of(5);
    let day = Day::at(at, 420);
    let nationality = Nationality::new(if foreigner { "MYS" } else { "IDN" }).unwrap();
    let draft = Draft {
        outcome: Outcome::Entered,
        direction: Direction::Arrival,
        nationality: nationality.clone(),
        ground: None,
        detection: Detection::None,
        stay_until: foreigner.then_some(day),
        charge: None,
    };
    NewCrossing {
        id: id(n),
        site: pair.centre().site,
        lane: Some(pair.desk.arrival),
        desk: None,
        at,
        day,
        holder: foreigner.then(|| HolderId(Uuid::from_u128(0x5000 + u128::from(n)))),
        identity: Identity {
            issuing_state: nationality.code().into(),
            number: format!("P{n:07}"),
            name: format!("Orang Contoh {n}"),
            birth_date: "1990-01-01".into(),
            sex: "M".into(),
        },
        decision: Decision::new(
            draft,
            SiteKind::Checkpoint,
            day,
            rule_pack::pack_for(day).unwrap(),
        )
        .unwrap(),
        order: None,
        alert: None,
        case: None,
        permit: None,
        receipt: None,
        officer,
        authoriser: None,
    }
}

async fn put(pair: &Pair, new: &NewCrossing) {
    let (db, now) = (&pair.alone().state.db, new.at);
    let Some(holder) = new.holder else {
        crossing::record(db, now, new).await.unwrap();
        return;
    };
    let who = tapal_domain::holder::Identity {
        primary: "CONTOH".into(),
        secondary: "ORANG".into(),
        full_name: new.identity.name.clone(),
        sex: "M".into(),
        birth_date: "1990-01-01".into(),
        nik: String::new(),
    };
    let paper = NewDocument {
        id: Uuid::from_u128(holder.0.as_u128() << 32),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: "MYS".into(),
        number: new.identity.number.clone(),
        expires: None,
    };
    let nationality = Nationality::new("MYS").unwrap();
    crossing::record_with_holder(db, now, new, (&nationality, &who, &paper))
        .await
        .unwrap();
}

#[tokio::test]
async fn of_a_thousand_records_none_is_lost_or_doubled_whatever_happens_on_the_line() {
    let pair = Pair::new().await;
    let officer = tapal_store::account::find(&pair.centre().state.db, "dewi").await;
    let officer = officer.unwrap().unwrap().0.id;
    let mut dice = Dice(20_261_128);
    let mut old: Vec<HandedIn> = Vec::new();
    let (mut lost, mut deaf, mut repeats) = (0, 0, 0);
    for n in 1..=1_000_u32 {
        let at = pair.centre().now();
        put(&pair, &invented(&pair, officer, n, at)).await;
        if dice.roll(12) > 0 {
            continue;
        }
        pair.centre().pass(20_000);
        if dice.roll(3) == 0 {
            old.push(over(pair.records().await));
        }
        let fault = dice.roll(4);
        pair.beside.cut(fault == 0);
        pair.beside.line.deaf.store(fault == 1, Ordering::SeqCst);
        let done = pair.push().await;
        assert_eq!(done.is_err(), fault < 2, "{done:?}");
        (lost, deaf) = (lost + u32::from(fault == 0), deaf + u32::from(fault == 1));
        pair.beside.cut(false);
        pair.beside.line.deaf.store(false, Ordering::SeqCst);
        // A retry of long ago arrives late, in another order.
        if !old.is_empty() && dice.roll(2) == 0 {
            let mut late = old.swap_remove(dice.roll(old.len() as u64) as usize);
            late.records.reverse();
            assert_eq!(pair.hand(&late).await.0, 200);
            repeats += 1;
        }
    }
    pair.push().await.unwrap();
    assert!(
        lost > 5 && deaf > 5 && repeats > 5,
        "{lost} {deaf} {repeats}"
    );
    assert_eq!(pair.waiting().await, 0);
    let all = "SELECT COUNT(*) AS n FROM crossing";
    assert_eq!(count(pair.centre(), all).await, 1_000);
    let own = "SELECT COUNT(DISTINCT document_mark) AS n FROM crossing";
    assert_eq!(count(pair.centre(), own).await, 1_000);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM holder").await,
        200
    );
    assert_eq!(
        pair.centre().audited("crossing.recorded").await.len(),
        1_000
    );
    assert_eq!(pair.kinds().await, []);
    let db = &pair.centre().state.db;
    let whole = tapal_store::audit::verify(db, None, |_| {}).await.unwrap();
    assert_eq!(whole.fault, None);
    let kept = handed::verify(db, pair.beside.identity.id).await.unwrap();
    let last = count(pair.alone(), "SELECT MAX(seq) AS n FROM audit").await;
    assert_eq!((kept.rows, kept.fault), (last, None));
}
