//! 72 hours without the centre, by virtual time: the desk, second line and alerts of a checkpoint go on, through restarts;
//! afterwards the centre has everything once, and people are told what it would have decided otherwise.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, Response},
};
use serde_json::{Value, json};
use tapal_domain::{
    id::CrossingId,
    role::Role,
    standby::LIMIT_MS,
    time::{HOUR_MS, MINUTE_MS, UtcMs},
};
use tapal_server::{
    AppState,
    name_check::list,
    standby::{
        https::{Forward, Handed, Lost},
        keep::Keeper,
        link::{Link, Mode},
        proxy,
    },
};
use tapal_store::{crossing, standby};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    crossings::{Desk, passport},
    orders::order_input,
    standby_world::{Line, StandbyWorld, enrolled},
    world::{PASSWORD, Person, Reply, World},
};

impl Forward for Line {
    fn forward<'a>(&'a self, request: Request<Body>, _: Duration) -> Handed<'a> {
        Box::pin(async move {
            let lost = |sent| Lost { sent, cause: "cut" };
            if self.cut.load(Ordering::SeqCst) {
                return Err(lost(false));
            }
            let reply: Response<Body> = self.centre.clone().oneshot(request).await.unwrap();
            match self.deaf.load(Ordering::SeqCst) {
                true => Err(lost(true)),
                false => Ok(reply),
            }
        })
    }
}

/// A checkpoint with its standby server in front, and the centre behind a line.
struct Checkpoint {
    desk: Desk,
    /// What officers and nodes speak to.
    front: World,
    line: Arc<Line>,
    link: Arc<Link>,
    keeper: Keeper,
    next: u32,
}

impl Checkpoint {
    async fn new() -> Self {
        let desk = Desk::new().await;
        let centre = &desk.hall.world;
        for (username, role) in [
            ("budi", Role::SecondLineOfficer),
            ("sari", Role::Supervisor),
        ] {
            centre.person(username, role, Some(centre.site), None).await;
        }
        let identity = enrolled(centre, 77).await;
        let StandbyWorld {
            standby,
            identity,
            line,
        } = StandbyWorld::with(centre, identity).await;
        let line = Arc::new(line);
        let (front, link) = in_front(standby, &line).await;
        let keeper = Keeper::new(front.state.clone(), link.clone(), line.clone(), identity);
        let mut checkpoint = Self {
            desk,
            front,
            line,
            link,
            keeper,
            next: 0,
        };
        assert_eq!(
            checkpoint.link.mode(),
            Mode::Alone,
            "until the centre answers"
        );
        assert_eq!(checkpoint.keeper.turn().await, Mode::Centre);
        list::load(&checkpoint.front.state).await.unwrap();
        checkpoint
    }

    fn centre(&self) -> &World {
        &self.desk.hall.world
    }

    fn cut(&self, cut: bool) {
        self.line.cut.store(cut, Ordering::SeqCst);
    }

    fn now(&self) -> UtcMs {
        self.centre().now()
    }

    /// The process ends and starts again with the same data folder.
    async fn restart(&mut self) {
        let dir = std::mem::replace(&mut self.front.dir, tempfile::tempdir().unwrap());
        let state = self.front.state.clone();
        state.db.close().await;
        let identity = standby_identity(&self.keeper);
        let standby = StandbyWorld::again(self.centre(), identity.id, dir).await;
        let (front, link) = in_front(standby, &self.line).await;
        list::load(&front.state).await.unwrap();
        self.keeper = Keeper::new(
            front.state.clone(),
            link.clone(),
            self.line.clone(),
            identity,
        );
        (self.front, self.link) = (front, link);
        self.keeper.turn().await;
    }

    async fn officer(&self, username: &str) -> Person {
        self.front.sign_in(username, PASSWORD).await
    }

    fn crossing(&mut self, outcome: &str, document: Value) -> (CrossingId, Value) {
        self.next += 1;
        let body = self.desk.crossing(self.next, outcome, document);
        (body["id"].as_str().unwrap().parse().unwrap(), body)
    }

    async fn record(
        &mut self,
        officer: &Person,
        outcome: &str,
        document: Value,
    ) -> (CrossingId, Reply) {
        let (id, body) = self.crossing(outcome, document);
        (
            id,
            self.front.post("/api/v1/crossings", officer, body).await,
        )
    }

    /// Turns until the centre answers again.
    async fn back(&mut self) {
        self.cut(false);
        for _ in 0..10 {
            if self.keeper.turn().await == Mode::Centre {
                return;
            }
        }
        panic!("the centre did not take over again");
    }

    async fn findings(&self) -> Vec<Value> {
        let auditor = self.centre().sign_in("sari", PASSWORD).await;
        let found = self
            .centre()
            .get("/api/v1/standbys/findings", &auditor)
            .await
            .ok();
        found.as_array().unwrap().clone()
    }
}

fn standby_identity(keeper: &Keeper) -> tapal_server::standby::upstream::Identity {
    tapal_server::standby::upstream::Identity {
        id: keeper.identity.id,
        key: keeper.identity.key.clone(),
    }
}

/// The standby server as it is served: with its link, behind the one address.
async fn in_front(standby: World, line: &Arc<Line>) -> (World, Arc<Link>) {
    let own = standby::own(&standby.state.db).await.unwrap().unwrap();
    let link = Arc::new(Link::new(&own));
    let mut config = standby.state.config.clone();
    config.link = Some(link.clone());
    let parts = &standby.state;
    let state = AppState::new(
        parts.db.clone(),
        parts.clock.clone(),
        parts.signing_key.clone(),
        config,
        parts.enrol.clone(),
    );
    let app = proxy::app(state.clone(), link.clone(), line.clone());
    (
        World {
            app,
            state,
            ..standby
        },
        link,
    )
}

async fn count(world: &World, sql: &'static str) -> usize {
    let row = world.state.db.one(sql, vec![]).await.unwrap();
    usize::try_from(row.int("n").unwrap()).unwrap()
}

fn answered(reply: &Reply) -> &str {
    reply.headers["tapal-answered"].to_str().unwrap()
}

fn foreigner(n: usize) -> Value {
    passport(
        "MYS",
        &format!("K{n:08}"),
        "CONTOH",
        &format!("TAMU {}", letters(n)),
    )
}

/// No digits in names.
fn letters(n: usize) -> String {
    let sign = |n: usize| char::from(b'A' + (n % 26) as u8);
    format!("{}{}", sign(n / 26), sign(n))
}

#[tokio::test]
async fn the_centre_answers_while_it_can_and_the_checkpoint_when_it_cannot() {
    let mut here = Checkpoint::new().await;
    let officer = here.desk.officer.clone();
    let (first, reply) = here.record(&officer, "entered", foreigner(1)).await;
    assert_eq!((answered(&reply), reply.status.as_u16()), ("centre", 201));
    assert!(crossing::get(&here.front.state.db, first).await.is_err());
    here.keeper.turn().await;
    here.cut(true);
    // The session of the centre goes on here; so does the stay that began there.
    let (second, reply) = here.record(&officer, "departed", foreigner(1)).await;
    assert_eq!(
        (answered(&reply), reply.status.as_u16()),
        ("alone", 201),
        "{}",
        reply.text()
    );
    assert!(
        crossing::get(&here.centre().state.db, second)
            .await
            .is_err()
    );
    let page = here.front.get("/desk", &officer).await.text();
    assert!(
        page.contains("The centre cannot be reached since"),
        "{page}"
    );
    // What waits says so, as a page and as JSON.
    here.front
        .get("/api/v1/sites", &officer)
        .await
        .refused(503, "centre_unreachable");
    let page = here.front.get("/statistics", &officer).await;
    assert_eq!(page.status, 503);
    assert!(
        page.text().contains("Pusat tidak terjangkau"),
        "in the language of who is not signed in"
    );
    let health = here.front.get("/healthz", &officer).await.ok();
    assert_eq!(
        (&health["standby"]["mode"], &health["standby"]["waiting"]),
        (&json!("alone"), &json!(1))
    );
    here.back().await;
    let kept = crossing::get(&here.centre().state.db, second)
        .await
        .unwrap();
    assert_eq!(
        kept.officer,
        crossing::get(&here.centre().state.db, first)
            .await
            .unwrap()
            .officer
    );
    let (_, reply) = here.record(&officer, "entered", foreigner(2)).await;
    assert_eq!((answered(&reply), reply.status.as_u16()), ("centre", 201));
    let page = here.front.get("/desk", &officer).await.text();
    assert!(!page.contains("The centre cannot be reached"));
}

#[tokio::test]
async fn a_reply_that_was_lost_makes_no_second_record() {
    let mut here = Checkpoint::new().await;
    let officer = here.desk.officer.clone();
    // The centre records, but nobody hears of it: the same press is answered here.
    here.line.deaf.store(true, Ordering::SeqCst);
    let (id, reply) = here.record(&officer, "entered", foreigner(1)).await;
    assert_eq!(
        (answered(&reply), reply.status.as_u16()),
        ("alone", 201),
        "{}",
        reply.text()
    );
    let at_centre = crossing::get(&here.centre().state.db, id).await.unwrap();
    // What is done twice could do harm is not done here.
    here.link.set(
        Mode::Centre,
        &standby::own(&here.front.state.db).await.unwrap().unwrap(),
    );
    let (clerk, order) = (here.desk.hall.clerk.clone(), order_input("BUDI CONTOH"));
    let reply = here.front.post("/api/v1/orders", &clerk, order).await;
    reply.refused(504, "centre_silent");
    here.line.deaf.store(false, Ordering::SeqCst);
    here.back().await;
    let all = crossing::by_holder(&here.centre().state.db, at_centre.holder.unwrap(), 9).await;
    assert_eq!(all.unwrap(), [at_centre]);
    assert!(
        here.findings().await.is_empty(),
        "{:?}",
        here.findings().await
    );
    assert_eq!(
        count(here.centre(), "SELECT COUNT(*) AS n FROM holder").await,
        1,
        "one person, recorded once"
    );
}

#[tokio::test]
async fn seventy_two_hours_alone_and_nothing_lost_or_doubled() {
    let mut here = Checkpoint::new().await;
    let mut banned = order_input("ANNA CONTOH");
    banned["subject"]["document_number"] = json!("C1234567");
    here.desk.hall.approved(banned).await;
    here.keeper.turn().await;
    list::catch_up(&here.front.state).await.unwrap();
    let (began, mut made) = (here.now(), BTreeMap::new());
    here.cut(true);
    let mut refused = 0;
    for hour in 0..72 {
        here.keeper.turn().await;
        let officer = here.officer("dewi").await;
        // In and, a day later, out again; a citizen comes home; nobody waits for the centre.
        for (outcome, document) in [
            ("entered", Some(foreigner(hour))),
            ("departed", hour.checked_sub(24).map(foreigner)),
            (
                "entered",
                Some(passport(
                    "IDN",
                    &format!("E{hour:07}"),
                    "CONTOH",
                    &letters(hour),
                )),
            ),
        ] {
            let Some(document) = document else { continue };
            let (id, reply) = here.record(&officer, outcome, document).await;
            assert_eq!(
                (answered(&reply), reply.status.as_u16()),
                ("alone", 201),
                "hour {hour}: {}",
                reply.text()
            );
            made.insert(id, here.now());
        }
        // The list of the last word of the centre holds.
        let (_, reply) = here
            .record(
                &officer,
                "departed",
                passport("IDN", "C1234567", "CONTOH", "ANNA"),
            )
            .await;
        reply.refused(409, "not_offered");
        refused += 1;
        if hour == 30 {
            here.restart().await;
        }
        if hour == 40 {
            deferred_in_second_line(&mut here).await;
        }
        if hour == 50 {
            judged_alert(&mut here).await;
        }
        here.centre().pass(HOUR_MS);
    }
    assert_eq!((made.len(), refused), (72 + 48 + 72, 72));
    // The last minute of the 72 hours decides, the first one after them does not.
    let heard = here.link.seen().heard_at.unwrap();
    let to_limit = LIMIT_MS - here.now().since_ms(heard);
    here.centre().pass(to_limit);
    let officer = here.officer("dewi").await;
    let (id, reply) = here.record(&officer, "departed", foreigner(60)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    made.insert(id, here.now());
    here.centre().pass(1);
    let (_, reply) = here.record(&officer, "departed", foreigner(61)).await;
    reply.refused(409, "not_offered");
    let page = here.front.get("/desk", &officer).await.text();
    assert!(page.contains("older than 72 hours"), "{page}");
    assert!(here.now().since_ms(began) >= LIMIT_MS);

    here.centre().pass(MINUTE_MS);
    here.back().await;
    let db = here.centre().state.db.clone();
    for (id, at) in &made {
        let kept = crossing::get(&db, *id).await.unwrap();
        assert_eq!((kept.at, kept.recorded_at), (*at, here.now()), "{id}");
    }
    let crossings = "SELECT COUNT(*) AS n FROM crossing";
    let total = count(here.centre(), crossings).await;
    assert_eq!(total, made.len() + 1, "and the one second line ended with");
    let own = standby::own(&here.front.state.db).await.unwrap().unwrap();
    assert_eq!((own.waiting, own.alone_since), (0, None));
    assert!(
        here.findings().await.is_empty(),
        "{:?}",
        here.findings().await
    );
    // Once more: nothing new.
    here.keeper.turn().await;
    assert_eq!(count(here.centre(), crossings).await, total);
    let verdict = tapal_store::audit::verify(&db, None, |_| {}).await.unwrap();
    assert_eq!(verdict.fault, None);
}

#[tokio::test]
async fn what_the_centre_would_have_stopped_is_told_to_a_person() {
    let mut here = Checkpoint::new().await;
    here.cut(true);
    here.keeper.turn().await;
    here.keeper.turn().await;
    // Approved while the checkpoint is cut off.
    let mut banned = order_input("ANNA CONTOH");
    banned["subject"]["document_number"] = json!("C1234567");
    here.desk.hall.approved(banned).await;
    list::catch_up(&here.centre().state).await.unwrap();
    let officer = here.officer("dewi").await;
    let (gone, reply) = here
        .record(
            &officer,
            "departed",
            passport("IDN", "C1234567", "CONTOH", "ANNA"),
        )
        .await;
    assert_eq!((answered(&reply), reply.status.as_u16()), ("alone", 201));
    let (fine, reply) = here
        .record(
            &officer,
            "departed",
            passport("IDN", "C7654321", "LAIN", "BUDI"),
        )
        .await;
    assert_eq!(reply.status, 201);
    here.back().await;
    let db = &here.centre().state.db;
    for id in [gone, fine] {
        crossing::get(db, id).await.unwrap();
    }
    let found = here.findings().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["kind"], &found[0]["of"]),
        (&json!("not_offered"), &json!(gone))
    );
}

/// A departure that second line defers, all of it alone: referral, taking, conclusion, decision, another's authorisation.
async fn deferred_in_second_line(here: &mut Checkpoint) {
    let (officer, budi, sari) = (
        here.officer("dewi").await,
        here.officer("budi").await,
        here.officer("sari").await,
    );
    let sql = "SELECT id FROM orders WHERE status = 'approved'";
    let order = here
        .front
        .state
        .db
        .one(sql, vec![])
        .await
        .unwrap()
        .text("id")
        .unwrap();
    let referral = json!({ "crossing": Uuid::from_u128(0xc0ffee), "site": here.centre().site, "direction": "departure",
        "traveller": { "name": "Anna Contoh", "birth_date": "1991-05-06", "sex": "F", "nationality": "IDN", "issuer": "IDN",
            "document_number": "C1234567" },
        "reasons": ["list_hit"], "text": "the number answers", "detection": "document", "orders": [order] });
    let case = here
        .front
        .post("/api/v1/second-line", &officer, referral)
        .await
        .ok();
    let case = format!("/api/v1/second-line/{}", case["id"].as_str().unwrap());
    for (who, what, body) in [
        (&budi, "taking", json!({})),
        (
            &budi,
            "conclusion",
            json!({ "hit": true, "confirmed": [order], "text": "documents compared" }),
        ),
        (
            &budi,
            "decision",
            json!({ "act": "defer_departure", "ground": "on_exit_ban_list" }),
        ),
        (&sari, "authorisation", json!({ "authorise": true })),
        (&budi, "closure", json!({})),
    ] {
        here.front
            .post(&format!("{case}/{what}"), who, body)
            .await
            .ok();
    }
}

/// An alert of the lane's camera, raised, taken and judged by two people, all of it alone.
async fn judged_alert(here: &mut Checkpoint) {
    let (dewi, budi) = (here.officer("dewi").await, here.officer("budi").await);
    let alert = here.front.raise(5).await;
    here.front
        .post(&format!("{alert}/acknowledgement"), &dewi, json!({}))
        .await
        .ok();
    for who in [&dewi, &budi] {
        here.front
            .opine(&alert, who, "different", "another ear")
            .await
            .ok();
    }
    let view = here.front.get(&alert, &budi).await.ok();
    assert_eq!(view["status"], "not_same", "{view}");
}
