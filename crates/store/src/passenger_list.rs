//! Passenger lists: received once, screened again when the list of orders changes, decided about by people, deleted after
//! the arrival. Must not decide, nor hold a name in the clear.

use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    id::{AccountId, PassengerId, PassengerListId},
    name_check::Verdict,
    passenger_list::{Advice, Decision, KEEP_REFERRED_MS},
    time::UtcMs,
};
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, from_json, to_json},
    document,
    error::{Error, Result},
    event::{self, Audience, News},
    name_check::Listed,
};

/// A passenger as announced, with whom it may be. Sealed as a whole; `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Surname, or the only name.
    pub surname: String,
    /// Given names.
    pub given_names: String,
    /// `YYYY-MM-DD` or empty.
    pub birth_date: String,
    /// `M`, `F`, `X` or empty.
    pub sex: String,
    /// As announced; may be empty.
    pub nationality: String,
    /// Issuing state of the first document.
    pub issuer: String,
    /// Numbers of all documents, the travel document first.
    pub documents: Vec<String>,
    /// The carrier's own number of the person.
    pub reference: String,
    /// Whether of the crew.
    pub crew: bool,
    /// Whether on the way to another country.
    pub in_transit: bool,
    /// Orders and entries that answered.
    pub hits: Vec<PassengerHit>,
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Who(redacted)")
    }
}

/// A listed person who answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassengerHit {
    /// `order` or `entry`.
    pub noun: String,
    /// Its id.
    pub id: String,
    /// In a word.
    pub verdict: Verdict,
}

impl PassengerHit {
    /// By what, and in a word.
    pub fn new(listed: Listed, verdict: Verdict) -> Self {
        PassengerHit {
            noun: listed.noun().to_owned(),
            id: listed.to_string(),
            verdict,
        }
    }

    /// By what.
    pub fn listed(&self) -> Result<Listed> {
        Listed::read(&self.noun, &self.id)
    }
}

/// A list to be recorded.
#[derive(Clone, Debug)]
pub struct NewList {
    /// Id made by the caller.
    pub id: PassengerListId,
    /// Reference of the message.
    pub message: String,
    /// `passengers` or `crew`.
    pub kind: &'static str,
    /// Carrier and number of the journey.
    pub journey: String,
    /// Carrier.
    pub carrier: String,
    /// Place of departure.
    pub origin: String,
    /// Place of arrival.
    pub destination: String,
    /// Scheduled departure, `YYYY-MM-DDTHH:MM`, or empty.
    pub departs: String,
    /// Scheduled arrival, or empty.
    pub arrives: String,
    /// People who could not be used.
    pub left_out: i64,
    /// When passengers nobody asked about are deleted.
    pub expires_at: UtcMs,
    /// People.
    pub people: Vec<NewPassenger>,
}

/// A passenger to be recorded.
#[derive(Clone, Debug)]
pub struct NewPassenger {
    /// Id made by the caller.
    pub id: PassengerId,
    /// What the pre-screening says.
    pub advice: Advice,
    /// Who.
    pub who: Who,
}

/// What came at once.
pub struct Received<'a> {
    /// Whose key.
    pub account: AccountId,
    /// Sender of the envelope.
    pub sender: &'a str,
    /// Control reference: a resend has the same.
    pub interchange: &'a str,
    /// The bytes, to recognise a resend; not kept.
    pub bytes: &'a [u8],
    /// How far the list of orders was read when it was screened.
    pub screened: i64,
    /// The lists in it.
    pub lists: &'a [NewList],
}

/// A recorded list without its people.
#[derive(Clone, Debug)]
pub struct List {
    /// Its id.
    pub id: PassengerListId,
    /// Whose key handed it in.
    pub account: AccountId,
    /// `passengers` or `crew`.
    pub kind: String,
    /// Reference of the message.
    pub message: String,
    /// Carrier and number of the journey.
    pub journey: String,
    /// Place of departure.
    pub origin: String,
    /// Place of arrival.
    pub destination: String,
    /// Scheduled departure there, or empty.
    pub departs: String,
    /// Scheduled arrival there, or empty.
    pub arrives: String,
    /// People kept from it at first.
    pub named: i64,
    /// People who could not be used.
    pub left_out: i64,
    /// Of those referred, how many nobody has decided about.
    pub waiting: i64,
    /// How many were referred.
    pub referred: i64,
    /// When it came.
    pub received_at: UtcMs,
}

/// A recorded passenger.
#[derive(Clone, Debug)]
pub struct Passenger {
    /// Its id.
    pub id: PassengerId,
    /// Its place in the list, from 1.
    pub n: i64,
    /// What the pre-screening says.
    pub advice: Advice,
    /// What a person decided.
    pub decision: Option<Decision>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// Why.
    pub reason: String,
    /// Who.
    pub who: Who,
}

/// Records everything of one interchange. The same again gives the ids that are there; something else under the same
/// reference is a conflict.
pub async fn receive(
    db: &Db,
    now: UtcMs,
    by: By,
    new: &Received<'_>,
) -> Result<(Vec<PassengerListId>, bool)> {
    let mut tx = db.begin(now).await?;
    let content = tx.vault().mark("passenger_list", new.bytes)?;
    let known = "SELECT id, content_mark FROM passenger_list WHERE account = $1 AND sender = $2 AND interchange = $3 ORDER BY rowid";
    let rows = tx
        .all(known, args![new.account, new.sender, new.interchange])
        .await?;
    if !rows.is_empty() {
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.blob("content_mark")? != content {
                return Err(Error::Conflict(
                    "this control reference was used for other lists".into(),
                ));
            }
            ids.push(row.id("id")?);
        }
        return Ok((ids, true));
    }
    let (mut named, mut referred) = (0, 0);
    for list in new.lists {
        insert(&mut tx, new, list, &content).await?;
        named += list.people.len();
        referred += list
            .people
            .iter()
            .filter(|one| one.advice == Advice::Refer)
            .count();
        tell(&mut tx, "passenger_list.received", list.id).await?;
    }
    let ids: Vec<PassengerListId> = new.lists.iter().map(|list| list.id).collect();
    let left_out: i64 = new.lists.iter().map(|list| list.left_out).sum();
    let detail = serde_json::json!({ "lists": ids, "named": named, "left_out": left_out, "referred": referred });
    let first = ids
        .first()
        .map_or_else(String::new, PassengerListId::to_string);
    let note = Note::new(by, "passenger_list.received", "passenger_list", first);
    tx.commit(note.with(detail)).await?;
    Ok((ids, false))
}

async fn insert(tx: &mut Tx, new: &Received<'_>, list: &NewList, content: &[u8]) -> Result<()> {
    let sql = "INSERT INTO passenger_list (id, account, sender, interchange, message, content_mark, kind, journey, carrier, origin, \
               destination, departs, arrives, named, left_out, received_at, expires_at, screened) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let values = args![
        list.id,
        new.account,
        new.sender,
        new.interchange,
        &list.message,
        content.to_vec(),
        list.kind,
        &list.journey,
        &list.carrier,
        &list.origin,
        &list.destination,
        &list.departs,
        &list.arrives,
        list.people.len() as i64,
        list.left_out,
        tx.now(),
        list.expires_at,
        new.screened
    ];
    tx.run(sql, values).await?;
    for (n, person) in (1_i64..).zip(&list.people) {
        let number = person.who.documents.first().map_or("", String::as_str);
        let mark = document::mark(tx.vault(), &person.who.issuer, number)?;
        let sealed = seal(tx, person.id, &person.who)?;
        let sql = "INSERT INTO passenger (id, list, n, document_mark, advice, passenger_sealed) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = args![person.id, list.id, n, mark, person.advice.name(), sealed];
        tx.run(sql, values).await?;
    }
    Ok(())
}

fn seal(tx: &Tx, id: PassengerId, who: &Who) -> Result<Vec<u8>> {
    let plain = Zeroizing::new(to_json(who)?);
    tx.vault()
        .seal("passenger", &id.to_string(), "passenger", plain.as_bytes())
}

async fn tell(tx: &mut Tx, kind: &'static str, list: PassengerListId) -> Result<()> {
    let news = News {
        kind,
        site: None,
        desk: None,
        audience: Audience::PassengerLists,
        payload: serde_json::json!({ "list": list }),
    };
    event::tell(tx, news).await.map(|_| ())
}

macro_rules! lists {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.account, l.kind, l.message, l.journey, l.origin, l.destination, l.departs, l.arrives, l.named, l.left_out, l.received_at, \
             (SELECT COUNT(*) FROM passenger p WHERE p.list = l.id AND p.advice = 'refer') AS referred, \
             (SELECT COUNT(*) FROM passenger p WHERE p.list = l.id AND p.advice = 'refer' AND p.decision IS NULL) AS waiting \
             FROM passenger_list l ",
            $rest
        )
    };
}

fn list_of(row: &Row) -> Result<List> {
    Ok(List {
        id: row.id("id")?,
        account: row.id("account")?,
        kind: row.text("kind")?,
        message: row.text("message")?,
        journey: row.text("journey")?,
        origin: row.text("origin")?,
        destination: row.text("destination")?,
        departs: row.text("departs")?,
        arrives: row.text("arrives")?,
        named: row.int("named")?,
        left_out: row.int("left_out")?,
        waiting: row.int("waiting")?,
        referred: row.int("referred")?,
        received_at: row.at("received_at")?,
    })
}

/// Lists: those with somebody to decide about first, then by arrival. At most `limit`.
pub async fn lists(db: &Db, limit: i64) -> Result<Vec<List>> {
    let sql = lists!("ORDER BY waiting > 0 DESC, referred > 0 DESC, l.arrives, l.id LIMIT $1");
    let rows = db.all(sql, args![limit]).await?;
    rows.iter().map(list_of).collect()
}

/// One list; of `account` where that is given.
pub async fn get(db: &Db, id: PassengerListId, account: Option<AccountId>) -> Result<List> {
    let sql = lists!("WHERE l.id = $1 AND ($2 IS NULL OR l.account = $2)");
    list_of(&db.one(sql, args![id, account]).await?)
}

/// The people of a list: those to decide about first, then those referred, then by place.
pub async fn people(db: &Db, list: PassengerListId) -> Result<Vec<Passenger>> {
    let sql = "SELECT id, n, advice, passenger_sealed, decision, decided_by, reason_sealed FROM passenger WHERE list = $1 \
               ORDER BY advice = 'refer' AND decision IS NULL DESC, advice = 'refer' DESC, n";
    let rows = db.all(sql, args![list]).await?;
    rows.iter().map(|row| passenger(db, row)).collect()
}

/// One passenger and the list.
pub async fn person(db: &Db, id: PassengerId) -> Result<(PassengerListId, Passenger)> {
    let sql = "SELECT list, id, n, advice, passenger_sealed, decision, decided_by, reason_sealed FROM passenger WHERE id = $1";
    let row = db.one(sql, args![id]).await?;
    Ok((row.id("list")?, passenger(db, &row)?))
}

fn text(plain: &[u8]) -> Result<&str> {
    std::str::from_utf8(plain).map_err(Error::other)
}

fn passenger(db: &Db, row: &Row) -> Result<Passenger> {
    let id: PassengerId = row.id("id")?;
    let open = |column: &str, sealed: &[u8]| {
        db.vault()
            .open("passenger", &id.to_string(), column, sealed)
    };
    let plain = open("passenger", &row.blob("passenger_sealed")?)?;
    let reason = match row.opt_blob("reason_sealed")? {
        Some(sealed) => text(&open("reason", &sealed)?)?.to_owned(),
        None => String::new(),
    };
    Ok(Passenger {
        id,
        n: row.int("n")?,
        advice: row.name("advice")?,
        decision: row.opt_name("decision")?,
        decided_by: row.opt_id("decided_by")?,
        reason,
        who: from_json(text(&plain)?)?,
    })
}

/// Records what a person decided about somebody who was referred. A later decision replaces an earlier one; the audit
/// record holds both.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    passenger: PassengerId,
    decision: Decision,
    reason: &str,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sealed = tx.vault().seal(
        "passenger",
        &passenger.to_string(),
        "reason",
        reason.as_bytes(),
    )?;
    let sql = "UPDATE passenger SET decision = $2, decided_by = $3, decided_at = $4, reason_sealed = $5 \
               WHERE id = $1 AND advice = 'refer' RETURNING list";
    let row = tx
        .one(sql, args![passenger, decision.name(), by, now, sealed])
        .await?;
    tell(&mut tx, "passenger_list.changed", row.id("list")?).await?;
    let note = Note::new(By::Account(by), "passenger.decided", "passenger", passenger);
    tx.commit(note.with(serde_json::json!({ "decision": decision })))
        .await
}

/// Lists that are not over and were screened before the list of orders changed to `head`, oldest first.
pub async fn to_screen(db: &Db, now: UtcMs, head: i64, limit: i64) -> Result<Vec<PassengerListId>> {
    let sql = "SELECT id FROM passenger_list WHERE expires_at > $1 AND screened < $2 ORDER BY arrives, id LIMIT $3";
    let rows = db.all(sql, args![now, head, limit]).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Records that a list was screened as of `head`, and who is referred since. Nobody who was referred is taken back.
pub async fn screened(
    db: &Db,
    now: UtcMs,
    list: PassengerListId,
    head: i64,
    referred: &[(PassengerId, Who)],
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.run(
        "UPDATE passenger_list SET screened = $2 WHERE id = $1",
        args![list, head],
    )
    .await?;
    for (id, who) in referred {
        let sealed = seal(&tx, *id, who)?;
        // Something new answers: an earlier "may board" no longer stands for it.
        let sql = "UPDATE passenger SET advice = 'refer', passenger_sealed = $2, decision = CASE decision WHEN 'board' THEN NULL ELSE decision END WHERE id = $1";
        tx.run(sql, args![*id, sealed]).await?;
    }
    if !referred.is_empty() {
        tell(&mut tx, "passenger_list.changed", list).await?;
    }
    let note = Note::new(By::Clock, "passenger_list.screened", "passenger_list", list);
    let detail = serde_json::json!({ "head": head, "referred": referred.len() });
    tx.commit(note.with(detail)).await
}

/// Deletes passengers nobody asked about whose list is over, and the others a month later; how many.
pub async fn expire(db: &Db, now: UtcMs) -> Result<u64> {
    let over = "SELECT EXISTS (SELECT 1 FROM passenger p JOIN passenger_list l ON l.id = p.list WHERE l.expires_at <= $1 AND p.advice = 'board') \
                OR EXISTS (SELECT 1 FROM passenger_list l WHERE l.expires_at <= $2) \
                OR EXISTS (SELECT 1 FROM passenger_list l WHERE l.expires_at <= $1 AND NOT EXISTS (SELECT 1 FROM passenger p WHERE p.list = l.id)) AS over";
    let referred_until = now - KEEP_REFERRED_MS;
    if !db
        .one(over, args![now, referred_until])
        .await?
        .flag("over")?
    {
        return Ok(0);
    }
    let mut tx = db.begin(now).await?;
    let sql = "DELETE FROM passenger WHERE list IN (SELECT id FROM passenger_list WHERE expires_at <= $1) AND (advice = 'board' \
               OR list IN (SELECT id FROM passenger_list WHERE expires_at <= $2))";
    let people = tx.run(sql, args![now, referred_until]).await?;
    let sql = "DELETE FROM passenger_list WHERE expires_at <= $1 AND NOT EXISTS (SELECT 1 FROM passenger p WHERE p.list = passenger_list.id)";
    let lists = tx.run(sql, args![now]).await?;
    let note = Note::new(By::Clock, "passenger_list.expired", "passenger_list", "all");
    tx.commit(note.with(serde_json::json!({ "people": people, "lists": lists })))
        .await?;
    Ok(people)
}

/// That a traveller was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The list.
    pub list: PassengerListId,
    /// The person on it.
    pub passenger: PassengerId,
    /// Carrier and number of the journey.
    pub journey: String,
    /// Scheduled arrival, `YYYY-MM-DDTHH:MM`, or empty.
    pub arrives: String,
    /// What the pre-screening says.
    pub advice: Advice,
    /// What a person decided.
    pub decision: Option<Decision>,
}

/// Whether the bearer of a document (its mark, see [`crate::document::mark`]) was announced for `day`: on a list that
/// arrives or departs on that day, the day before or the day after. Newest first.
pub async fn expected(db: &Db, document_mark: Vec<u8>, day: Day) -> Result<Vec<Announced>> {
    let sql = "SELECT l.id AS list, p.id, l.journey, l.arrives, p.advice, p.decision FROM passenger p JOIN passenger_list l ON l.id = p.list \
               WHERE p.document_mark = $1 AND ((l.arrives >= $2 AND l.arrives < $3) OR (l.departs >= $2 AND l.departs < $3)) ORDER BY l.received_at DESC, p.id";
    let (from, to) = (
        day.plus_days(-1).unwrap_or(day),
        day.plus_days(2).unwrap_or(day),
    );
    let rows = db.all(sql, args![document_mark, from, to]).await?;
    rows.iter()
        .map(|row| {
            Ok(Announced {
                list: row.id("list")?,
                passenger: row.id("id")?,
                journey: row.text("journey")?,
                arrives: row.text("arrives")?,
                advice: row.name("advice")?,
                decision: row.opt_name("decision")?,
            })
        })
        .collect()
}
