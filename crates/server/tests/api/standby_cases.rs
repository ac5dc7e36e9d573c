//! Cases of second line and alerts that a standby server hands in: they go on from the centre's steps, or a person is told.

use serde_json::{Value, json};
use tapal_domain::{
    crossing::Outcome,
    id::{AlertId, SiteId},
    role::Role,
    rule_pack,
    standby::{FindingKind, Record, Taken},
    time::MINUTE_MS,
};
use tapal_store::{crossing, db::Value as Sql, standby::outbox};

use crate::{
    crossings::Desk,
    standby_records::{Pair, count, id},
    standby_world::StandbyWorld,
    world::{PASSWORD, Person, World, local_day},
};

/// A case at one of the two servers, by the same people.
pub struct Room {
    budi: Person,
    sari: Person,
}

impl Room {
    pub async fn people(world: &World) -> Self {
        let budi = world
            .person("budi", Role::SecondLineOfficer, Some(world.site), None)
            .await;
        let sari = world
            .person("sari", Role::Supervisor, Some(world.site), None)
            .await;
        Self { budi, sari }
    }

    pub async fn open(&self, world: &World, site: SiteId, nationality: &str, n: u32) -> String {
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
    let people = Room::people(&desk.hall.world).await;
    let site = desk.hall.world.site;
    // One was opened before the line broke, one after.
    let before = people.open(&desk.hall.world, site, "FRA", 1).await;
    let beside = StandbyWorld::ready(&desk.hall.world).await;
    let pair = Pair { desk, beside };
    people.refuses(pair.alone(), &before).await;
    let after = people.open(pair.alone(), site, "FRA", 2).await;
    people.refuses(pair.alone(), &after).await;
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
}

#[tokio::test]
async fn the_clock_of_the_centre_stands_in_nobodys_way() {
    let desk = Desk::new().await;
    let mut people = Room::people(&desk.hall.world).await;
    let site = desk.hall.world.site;
    let case = people.open(&desk.hall.world, site, "FRA", 1).await;
    people
        .does(&desk.hall.world, &people.budi, &case, "taking", json!({}))
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
    let people = Room::people(&desk.hall.world).await;
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
    let people = Room::people(&desk.hall.world).await;
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
    // Whoever settles it can read what was done there; each reading is recorded.
    let found = pair.found().await;
    let diverged = found.iter().find(|one| one.kind == FindingKind::Diverged);
    let path = format!("/api/v1/standbys/findings/{}/content", diverged.unwrap().id);
    let kept = pair.centre().get(&path, &people.sari).await.ok();
    assert!(kept.to_string().contains("refuse_entry"), "{kept}");
    assert_eq!(
        pair.centre().audited("standby.finding_opened").await.len(),
        1
    );
    let far = pair
        .centre()
        .person("far", Role::Supervisor, Some(pair.centre().far_site), None)
        .await;
    pair.centre()
        .get(&path, &far)
        .await
        .refused(404, "not_found");
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
