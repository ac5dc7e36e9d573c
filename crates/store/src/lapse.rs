//! When entries end by themselves: at a checkpoint at its own midnight, everywhere when the last midnight of the last
//! day has passed. Needs no human. Must not wait for anything but the clock.

use tapal_domain::{
    day::Day,
    entry::{COUNTRY_OFFSETS, reach},
    id::{AlertId, EntryId},
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Tx, args},
    error::{Error, Result},
};

/// The envelope of the entry's days over the country and every site, as it stands now.
pub(crate) async fn reach_of(tx: &mut Tx, first: Day, last: Day) -> Result<(UtcMs, UtcMs)> {
    let rows = tx
        .all("SELECT DISTINCT utc_offset_minutes FROM site", args![])
        .await?;
    let offsets: Vec<i64> = rows
        .iter()
        .map(|row| row.int("utc_offset_minutes"))
        .collect::<Result<_>>()?;
    Ok(reach(first, last, &offsets))
}

/// A site came or moved to another zone: the envelopes of live entries follow.
pub(crate) async fn zones_changed(tx: &mut Tx) -> Result<()> {
    let [west, _, east] = COUNTRY_OFFSETS;
    let sql = "WITH zone AS (SELECT MIN($1, COALESCE(MIN(utc_offset_minutes), $1)) AS west, \
                                    MAX($2, COALESCE(MAX(utc_offset_minutes), $2)) AS east FROM site) \
               UPDATE entry SET \
               in_force_from = 1000 * CAST(strftime('%s', first_day) AS INTEGER) - 60000 * (SELECT east FROM zone), \
               in_force_to = 1000 * CAST(strftime('%s', last_day) AS INTEGER) + 86400000 - 60000 * (SELECT west FROM zone) \
               WHERE ended_at IS NULL";
    tx.run(sql, args![west, east]).await.map(|_| ())
}

/// Ends what lapsed by operation of law: an entry whose last day is over everywhere, and open alerts at sites where it
/// is over already. Returns the entries. What cannot be ended is logged by id and tried again next time; the others end.
pub async fn run_due(db: &Db, now: UtcMs) -> Result<Vec<EntryId>> {
    for alert in over_at_their_site(db, now).await? {
        if let Err(error) = withdraw(db, now, alert).await {
            tracing::error!(%alert, %error, "an alert on an order that is over there could not be withdrawn");
        }
    }
    let due = "SELECT id FROM entry WHERE ended_at IS NULL AND in_force_to <= $1 ORDER BY id";
    let mut lapsed = Vec::new();
    for row in db.all(due, args![now]).await? {
        let id: EntryId = row.id("id")?;
        match lapse(db, now, id).await {
            Ok(()) => lapsed.push(id),
            // Somebody ended it in between.
            Err(Error::NotFound) => {}
            Err(error) => tracing::error!(entry = %id, %error, "an entry could not lapse"),
        }
    }
    Ok(lapsed)
}

async fn lapse(db: &Db, now: UtcMs, id: EntryId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let withdrawn = crate::entry::close(&mut tx, id, "lapsed").await?;
    let detail = serde_json::json!({ "alerts_withdrawn": withdrawn });
    tx.commit(Note::new(By::Clock, "entry.lapsed", "entry", id).with(detail))
        .await
}

async fn over_at_their_site(db: &Db, now: UtcMs) -> Result<Vec<AlertId>> {
    let sql = "SELECT a.id FROM alert a JOIN entry e ON e.id = a.entry JOIN site s ON s.id = a.site \
               WHERE a.status IN ('raised', 'acknowledged', 'first_opinion', 'disagreed') AND e.ended_at IS NULL \
               AND e.last_day < strftime('%Y-%m-%d', $1 / 1000 + 60 * s.utc_offset_minutes, 'unixepoch') ORDER BY a.id";
    let rows = db.all(sql, args![now]).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

async fn withdraw(db: &Db, now: UtcMs, alert: AlertId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let note = crate::alert::withdraw(&mut tx, alert).await?;
    tx.commit(note).await
}

/// The next instant at which an entry ends at some site or in some zone of the country.
pub async fn next(db: &Db, now: UtcMs) -> Result<Option<UtcMs>> {
    let rows = db
        .all("SELECT DISTINCT utc_offset_minutes FROM site", args![])
        .await?;
    let mut offsets = COUNTRY_OFFSETS.to_vec();
    for row in &rows {
        offsets.push(row.int("utc_offset_minutes")?);
    }
    // What is owed already, because it could not be done before.
    let sql =
        "SELECT MIN(in_force_to) AS at FROM entry WHERE ended_at IS NULL AND in_force_to <= $1";
    let mut next = db.one(sql, args![now]).await?.opt_at("at")?;
    for offset in offsets {
        let sql =
            "SELECT MIN(last_day) AS day FROM entry WHERE ended_at IS NULL AND last_day >= $1";
        let today = Day::at(now, offset).to_string();
        if let Some(day) = db.one(sql, args![today]).await?.opt_id::<Day>("day")? {
            let at = day.ends(offset);
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Vault, site, site::NewSite};
    use tapal_domain::entry::Entry;
    use tapal_domain::{
        entry::{Agency, Draft, ListKind, Person},
        id::SiteId,
        site::SiteKind,
        time::{DAY_MS, HOUR_MS},
    };
    use uuid::Uuid;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    async fn db() -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open_or_create(&dir.path().join("data.key")).unwrap();
        let db = Db::open(&dir.path().join("tapal.db"), vault).await.unwrap();
        (dir, db)
    }

    async fn record(db: &Db, n: u128, first: &str, last: &str) -> EntryId {
        let id = EntryId(Uuid::from_u128(n));
        let draft = Draft {
            id,
            list: ListKind::ExitBan,
            person: Person {
                full_name: "Contoh".into(),
                sex: "X".into(),
                birth_date: String::new(),
                nationality: "IDN".into(),
                document_number: String::new(),
            },
            order_reference: "R-1".into(),
            agency: Agency::Kpk,
            first_day: day(first),
            last_day: day(last),
            version: 1,
        };
        let photo = crate::entry::NewPhoto {
            id: Uuid::from_u128(n + 1_000),
            photo: vec![1],
            portrait_jpeg: vec![1],
            template: vec![1.0],
            model_id: "stub".into(),
            quality: Default::default(),
        };
        let entry = Entry::new(draft).unwrap();
        let by = By::System;
        crate::entry::add_by(db, UtcMs(1), by, &entry, &[photo])
            .await
            .unwrap();
        id
    }

    async fn make_site(db: &Db, n: u128, utc_offset_minutes: i64) -> SiteId {
        let id = SiteId(Uuid::from_u128(n));
        let new = NewSite {
            name: format!("Site {n}"),
            kind: SiteKind::Checkpoint,
            utc_offset_minutes,
        };
        site::add(db, UtcMs(1), By::System, id, &new).await.unwrap();
        id
    }

    #[tokio::test]
    async fn the_centre_ends_an_entry_when_its_last_zone_passed_midnight() {
        let (_dir, db) = db().await;
        let id = record(&db, 1, "2023-11-03", "2023-11-22").await;
        let end = |offset| day("2023-11-22").ends(offset);
        // Each midnight of the country is an instant to look at; the last one ends it.
        let mut now = end(540) + -HOUR_MS;
        for offset in [540, 480, 420] {
            assert_eq!(next(&db, now).await.unwrap(), Some(end(offset)));
            assert_eq!(run_due(&db, now).await.unwrap(), []);
            now = end(offset);
        }
        assert_eq!(run_due(&db, now + -1).await.unwrap(), []);
        assert_eq!(run_due(&db, now).await.unwrap(), [id]);
        assert_eq!(next(&db, now).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_site_further_away_moves_the_envelope_of_what_is_live() {
        let (_dir, db) = db().await;
        let id = record(&db, 1, "2023-11-03", "2023-11-22").await;
        let reach = async || {
            let known = crate::entry::get(&db, id).await.unwrap();
            (known.starts_at, known.ends_at)
        };
        let expect = |east, west| (day("2023-11-03").starts(east), day("2023-11-22").ends(west));
        assert_eq!(reach().await, expect(540, 420));
        let consulate = make_site(&db, 9, 0).await;
        assert_eq!(reach().await, expect(540, 0));
        let moved = NewSite {
            name: "Moved".into(),
            kind: SiteKind::Checkpoint,
            utc_offset_minutes: 720,
        };
        site::change(&db, UtcMs(2), By::System, consulate, &moved)
            .await
            .unwrap();
        assert_eq!(reach().await, expect(720, 420));
        let later = record(&db, 2, "2023-11-03", "2023-11-22").await;
        let known = crate::entry::get(&db, later).await.unwrap();
        assert_eq!((known.starts_at, known.ends_at), expect(720, 420));
    }

    /// What an entry of the earlier version, from instant to instant, becomes.
    async fn check_converted(from: UtcMs, to: UtcMs, first: &str, last: &str) {
        let (_dir, db) = db().await;
        let id = record(&db, 1, "2001-01-01", "2001-01-01").await;
        let mut tx = db.begin(UtcMs(1)).await.unwrap();
        let sql =
            "UPDATE entry SET in_force_from = $1, in_force_to = $2, first_day = '', last_day = ''";
        tx.run(sql, args![from, to]).await.unwrap();
        let script = include_str!("../migrations/0006_entry_days.sql");
        let plain: Vec<&str> = script
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        let plain = plain.join("\n");
        let updates = plain
            .split(';')
            .filter(|part| part.contains("UPDATE entry SET"));
        for update in updates {
            tx.run(Box::leak(update.to_owned().into_boxed_str()), args![])
                .await
                .unwrap();
        }
        tx.commit_unaudited(crate::db::Unaudited::Telemetry)
            .await
            .unwrap();
        let known = crate::entry::get(&db, id).await.unwrap();
        assert_eq!(known.entry.first_day(), day(first));
        assert_eq!(known.entry.last_day(), day(last));
        assert_eq!(known.ends_at, day(last).ends(420));
    }

    #[tokio::test]
    async fn periods_from_midnight_to_midnight_become_the_days_between() {
        for offset in [420, 480, 540] {
            let (from, to) = (
                day("2026-11-01").starts(offset),
                day("2026-11-21").starts(offset),
            );
            check_converted(from, to, "2026-11-01", "2026-11-20").await;
        }
        let noon = day("2026-11-01").starts(0) + 5 * HOUR_MS;
        check_converted(noon, noon + 20 * DAY_MS, "2026-11-01", "2026-11-21").await;
        check_converted(noon, noon + 1, "2026-11-01", "2026-11-01").await;
    }
}
