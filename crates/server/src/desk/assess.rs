//! Who stands at the desk, and what may be done: document, lists, stay and alerts of the lane put together, and the
//! menu the domain makes of it. Must not decide, nor record anything but that somebody looked.

use std::collections::BTreeSet;

use tapal_domain::{
    alert::Status,
    crossing::{Menu, Stands, menu},
    day::Day,
    entry::{Agency, ListKind},
    holder::{Arriving, DocumentStatus, PermitRefusal},
    id::{AlertId, HolderId, LaneId, OrderId, PermitId},
    name_check::{Here, Verdict},
    role::Permission,
    rule_pack::{self, OrderKind, Pack, Standing, Subject},
    site::Direction,
    stay::{self, Mark, Overstay, Presence},
    time::{MINUTE_MS, UtcMs},
};
use tapal_store::{
    alert, crossing, document,
    holder::{self, Record},
    name_check::{Line, Listed},
    passenger_list::{self, Announced},
    second_line,
    site::{Lane, Site},
};

use super::document::Document;
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    name_check::{self, Answer, NameCheckRow, answers, list, name_of},
};

/// Where the traveller stands, and when.
#[derive(Clone, Debug)]
pub struct Place {
    /// The checkpoint.
    pub site: Site,
    /// The lane.
    pub lane: Lane,
    /// Which way the traveller walks.
    pub direction: Direction,
    /// When.
    pub now: UtcMs,
    /// The checkpoint's day.
    pub day: Day,
    /// The law of that day.
    pub pack: &'static Pack,
}

/// The place of a lane, if this person may work there. `direction` is needed in a hall with both.
pub async fn place(
    state: &AppState,
    session: &Session,
    lane: LaneId,
    direction: Option<Direction>,
) -> ApiResult<Place> {
    session.require(Permission::RecordCrossings)?;
    let lane = tapal_store::site::lane(&state.db, lane).await?;
    session.require_site(lane.site)?;
    let site = tapal_store::site::get(&state.db, lane.site).await?;
    let now = state.clock.now();
    let day = Day::at(now, site.utc_offset_minutes);
    let pack = rule_pack::pack_for(day)
        .ok_or_else(|| ApiError::internal("no rule pack holds on this day"))?;
    let direction = match (lane.direction, direction) {
        (Direction::Neither, Some(asked)) => asked,
        (own, _) => own,
    };
    Ok(Place {
        site,
        lane,
        direction,
        now,
        day,
        pack,
    })
}

/// What the officer said about hits and alerts of this traveller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Hits that are about another person, by key.
    pub others: BTreeSet<String>,
    /// The alert of the lane that is about this traveller.
    pub alert: Option<AlertId>,
    /// Alerts of the lane that are about somebody else.
    pub alert_others: BTreeSet<AlertId>,
    /// A claim of asylum, a minor, signs of a victim.
    pub protected: bool,
    /// Looked at afterwards, by what was handed in: alerts, cases and marks of later are left out.
    pub afterwards: bool,
}

/// Whether a piece of evidence speaks for the listed person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// For.
    Supports,
    /// Against.
    Contradicts,
    /// There is nothing to compare.
    Absent,
}

impl Says {
    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Contradicts => "contradicts",
            Self::Absent => "absent",
        }
    }
}

/// What a hit means for the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It counts: the rule table is asked.
    Counts,
    /// The officer has to say whether it is this person.
    Doubt {
        /// Whether the desk may say "another person"; otherwise second line does.
        at_desk: bool,
    },
    /// The officer said it is another person.
    Other,
    /// Second line found that it is another person; for this document and order, until the pair expires.
    Cleared,
    /// Shown, nothing more.
    Shown,
}

/// What the registry says of the document that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// It has no such document.
    Unknown,
    /// Name, birth, sex and nationality agree.
    Agrees,
    /// One of them does not.
    Differs,
}

/// One listed person whom the traveller may be.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Which one, for [`Judged::others`].
    pub key: String,
    /// By what.
    pub who: Listed,
    /// What the order does.
    pub kind: OrderKind,
    /// Whose it is.
    pub agency: Agency,
    /// In a word.
    pub verdict: Verdict,
    /// The listed name that answered.
    pub name: String,
    /// The document number.
    pub number: Says,
    /// The name.
    pub by_name: Says,
    /// The face, where the linked alert is about this entry and judged.
    pub face: Says,
    /// Why, one row a feature.
    pub rows: Vec<NameCheckRow>,
    /// Likeness of the names alone, 0 to 1.
    pub score: Option<f32>,
    /// What it means here.
    pub weight: Weight,
}

/// One alert of this lane, not about somebody who has crossed already.
#[derive(Clone, Debug)]
pub struct LaneAlert {
    /// Its id.
    pub id: AlertId,
    /// When the camera saw the person.
    pub seen_at: UtcMs,
    /// Where it stands.
    pub status: Status,
    /// Whether the officer said it is this traveller.
    pub linked: bool,
    /// Whether the officer said it is somebody else.
    pub other: bool,
}

/// On what a foreigner may stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// `visit:<code>` or `permit:<id>`.
    pub code: String,
    /// Index of the permit, such as `B1`; empty for a visit.
    pub name: String,
    /// The permit; `None` for a visit.
    pub permit: Option<PermitId>,
    /// The last lawful day.
    pub until: Day,
}

/// Everything a desk knows of the traveller who stands there.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Listed people whom the traveller may be.
    pub hits: Vec<Hit>,
    /// Names that were not compared because there were too many.
    pub left_out: usize,
    /// Alerts of this lane.
    pub alerts: Vec<LaneAlert>,
    /// The entry of the linked alert, once two people found it similar.
    pub face_list: Option<ListKind>,
    /// Where the ledger says the person is.
    pub presence: Presence,
    /// Entries without exit, by day.
    pub exits_missing: Vec<Day>,
    /// A stay that was too long, at departure.
    pub overstay: Option<Overstay>,
    /// On what the foreigner may stay, best first, at arrival.
    pub bases: Vec<Basis>,
    /// Permits that do not serve, and why.
    pub refusals: Vec<(String, PermitRefusal)>,
    /// The holder in the registry.
    pub holder: Option<HolderId>,
    /// The portrait in use, by number.
    pub portrait: Option<i64>,
    /// What the registry says of the document.
    pub registry: Registry,
    /// Whether the bearer of this document is in second line now: no other desk lets pass until that is over.
    pub held: bool,
    /// The newest passenger list that announced this document, by journey and advice.
    pub announced: Option<Announced>,
    /// Whether the document is over.
    pub expired: bool,
    /// Whether the centre could not be asked: lists and registry are copies.
    pub alone: bool,
    /// Whether they are too old to decide by.
    pub old_copies: bool,
    /// The lists that count.
    pub subjects: Vec<Subject>,
    /// What may be done.
    pub menu: Menu,
}

/// For how long an alert of a lane waits for its traveller at the desk.
const ALERT_MS: i64 = 10 * MINUTE_MS;
/// Marks of the ledger that are looked at.
const MARKS: usize = 50;

/// The subject of the rule table a kind of order stands for.
fn subject_of(kind: OrderKind) -> Option<Subject> {
    match kind {
        OrderKind::ExitBan | OrderKind::UrgentExitBan => Some(Subject::ExitBan),
        OrderKind::EntryBan => Some(Subject::EntryBan),
        OrderKind::Wanted => Some(Subject::Wanted),
        OrderKind::RedNotice => Some(Subject::RedNotice),
        OrderKind::LostDocument => Some(Subject::LostDocument),
        OrderKind::AlertOnly => None,
    }
}

fn subject_of_list(list: ListKind) -> Subject {
    match list {
        ListKind::ExitBan => Subject::ExitBan,
        ListKind::EntryBan => Subject::EntryBan,
        ListKind::Wanted => Subject::Wanted,
        ListKind::RedNotice => Subject::RedNotice,
    }
}

/// Puts everything together.
pub async fn assess(
    state: &AppState,
    place: &Place,
    document: &Document,
    judged: &Judged,
) -> ApiResult<Assessment> {
    let (issuer, number) = (&document.issuing_state, &document.number);
    let mark = document::mark(state.db.vault(), issuer, number)?;
    let alerts = lane_alerts(state, place, judged).await?;
    let face = linked_entry(state, &alerts).await?;
    let told = Told {
        judged,
        face: face.map(|(listed, _)| listed),
        cleared: second_line::cleared(&state.db, mark.clone(), place.now).await?,
    };
    let (hits, left_out) = hits(state, place, document, &told).await?;
    let record = holder::by_document(&state.db, issuer, number).await?;
    let known = record.as_ref().map(|record| record.holder.id);
    let people = match known {
        Some(id) => holder::one_person(&state.db, id).await?,
        None => Vec::new(),
    };
    let marks: Vec<Mark> = crossing::marks(&state.db, &people, mark.clone(), MARKS)
        .await?
        .iter()
        .map(|entry| entry.mark)
        .filter(|mark| !judged.afterwards || day_of(mark) <= place.day)
        .collect();
    let citizen = document.nationality.citizen();
    let status = record
        .as_ref()
        .and_then(Record::document)
        .map(|own| own.status);
    let face_list = face.map(|(_, list)| list);
    let subjects = subjects(&hits, face_list, status);
    let overstay = match marks.last() {
        Some(Mark::Entry {
            until: Some(until), ..
        }) if place.direction == Direction::Departure && !citizen => {
            stay::overstay(*until, place.day, place.pack)
        }
        _ => None,
    };
    let (bases, refusals) = match place.direction == Direction::Arrival && !citizen {
        true => bases(state, place, document, record.as_ref(), &mark).await?,
        false => (Vec::new(), Vec::new()),
    };
    let registry = registry(document, record.as_ref());
    let held = match judged.afterwards {
        true => second_line::held_at(&state.db, mark.clone(), place.now).await?,
        false => second_line::holds(&state.db, mark.clone()).await?,
    };
    let alone = state.without_centre();
    let old_copies = alone.is_some_and(|link| !link.standing(place.now).decides());
    let open = |alert: &LaneAlert| !alert.other && (!alert.linked || alert.status.is_open());
    let doubt = hits
        .iter()
        .any(|hit| matches!(hit.weight, Weight::Doubt { .. }))
        || registry == Registry::Differs
        || held
        || old_copies
        || alerts.iter().any(open);
    // A document that was replaced or cancelled is none, whatever is printed on it.
    let expired = document.expired(place.day)
        || matches!(
            status,
            Some(DocumentStatus::Replaced | DocumentStatus::Cancelled)
        );
    let stands = Stands {
        place: (place.site.kind, place.direction),
        standing: Standing {
            citizen,
            protected: judged.protected,
        },
        subjects: &subjects,
        overstay,
        basis: !bases.is_empty(),
        doubt,
        expired,
    };
    Ok(Assessment {
        menu: menu(place.pack, stands),
        held,
        announced: passenger_list::expected(&state.db, mark, place.day)
            .await?
            .into_iter()
            .next(),
        presence: stay::presence(&marks, place.day),
        exits_missing: stay::exits_missing(&marks),
        portrait: record
            .as_ref()
            .and_then(|record| record.portrait.as_ref())
            .map(|portrait| portrait.n),
        holder: known,
        registry,
        hits,
        left_out,
        alerts,
        face_list,
        overstay,
        bases,
        refusals,
        expired,
        alone: alone.is_some(),
        old_copies,
        subjects,
    })
}

fn day_of(mark: &Mark) -> Day {
    match mark {
        Mark::Entry { day, .. } | Mark::Exit { day } => *day,
    }
}

/// The lists that count: hits, the face two people found similar, and what the registry says of the document.
fn subjects(hits: &[Hit], face: Option<ListKind>, status: Option<DocumentStatus>) -> Vec<Subject> {
    let counts = hits.iter().filter(|hit| hit.weight == Weight::Counts);
    let lost = matches!(status, Some(DocumentStatus::Lost | DocumentStatus::Stolen));
    let mut subjects: Vec<Subject> = counts
        .filter_map(|hit| subject_of(hit.kind))
        .chain(face.map(subject_of_list))
        .chain(lost.then_some(Subject::LostDocument))
        .collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

/// Whether the document and the registry speak of one person. Names are compared letter by letter as the zone writes
/// them, as far as the shorter goes: a zone may cut a name.
fn registry(document: &Document, record: Option<&Record>) -> Registry {
    let Some(record) = record else {
        return Registry::Unknown;
    };
    let own = &record.holder.identity;
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(|sign| sign.is_alphanumeric());
        kept.flat_map(char::to_uppercase).collect()
    };
    let begins = |one: &str, other: &str| {
        let (one, other) = (letters(one), letters(other));
        one.starts_with(&other) || other.starts_with(&one)
    };
    let birth = document.birth_date.starts_with(&own.birth_date)
        || own.birth_date.starts_with(&document.birth_date);
    let sex = document.sex.is_empty() || document.sex == own.sex || own.sex == "X";
    let agrees = begins(&own.primary, &document.surname)
        && begins(&own.secondary, &document.given_names)
        && birth
        && sex
        && record.holder.nationality == document.nationality;
    match agrees {
        true => Registry::Agrees,
        false => Registry::Differs,
    }
}

/// On what a foreigner may stay: permits that serve, then visits without a visa; and permits that do not, with the reason.
async fn bases(
    state: &AppState,
    place: &Place,
    document: &Document,
    record: Option<&Record>,
    mark: &[u8],
) -> ApiResult<(Vec<Basis>, Vec<(String, PermitRefusal)>)> {
    let (mut bases, mut refusals) = (Vec::new(), Vec::new());
    for permit in record.map_or(&[][..], |record| &record.permits) {
        let arriving = Arriving {
            day: place.day,
            site: place.site.id,
            document: mark,
            entries_used: crossing::entries_used(&state.db, permit.id).await?,
        };
        match permit.serves(&arriving) {
            Ok(until) => bases.push(Basis {
                code: format!("permit:{}", permit.id),
                name: permit.index.clone(),
                permit: Some(permit.id),
                until,
            }),
            Err(why) => refusals.push((permit.index.clone(), why)),
        }
    }
    bases.extend(visits(place, document));
    Ok((bases, refusals))
}

/// How a foreigner without a visa may stay.
fn visits(place: &Place, document: &Document) -> Vec<Basis> {
    let code = tapal_documents::country::alpha3(document.nationality.code());
    let code = code.unwrap_or_else(|| document.nationality.code().to_owned());
    let visits = place.pack.visits_of(&code).filter_map(|visit| {
        Some(Basis {
            code: format!("visit:{}", visit.code),
            name: String::new(),
            permit: None,
            until: stay::until(place.day, visit.days)?,
        })
    });
    visits.collect()
}

async fn lane_alerts(
    state: &AppState,
    place: &Place,
    judged: &Judged,
) -> ApiResult<Vec<LaneAlert>> {
    let filter = alert::Filter {
        site: Some(place.site.id),
        ..alert::Filter::default()
    };
    let mut found = Vec::new();
    for stored in alert::list(&state.db, &filter, 50).await? {
        let status = stored.life.status();
        let id = stored.life.id();
        let own = stored.lane == Some(place.lane.id);
        let fresh = place.now.since_ms(stored.received_at) < ALERT_MS;
        let over = matches!(status, Status::NotSame | Status::Withdrawn);
        // Alerts of that moment were answered where they were seen; only the one that was linked speaks.
        if judged.afterwards && judged.alert != Some(id) {
            continue;
        }
        if !own || !fresh || over || crossing::of_alert(&state.db, id).await? {
            continue;
        }
        // Whoever it is about was referred with it.
        if judged.alert != Some(id) && second_line::of_alert(&state.db, id).await? {
            continue;
        }
        found.push(LaneAlert {
            id,
            seen_at: stored.captured_at,
            status,
            linked: judged.alert == Some(id),
            other: judged.alert_others.contains(&id),
        });
    }
    Ok(found)
}

/// Whom the linked alert is about, once two people found them similar. Before that, nothing of the list is told.
async fn linked_entry(
    state: &AppState,
    alerts: &[LaneAlert],
) -> ApiResult<Option<(Listed, ListKind)>> {
    let similar = |alert: &&LaneAlert| alert.linked && alert.status == Status::Similar;
    let Some(alert) = alerts.iter().find(similar) else {
        return Ok(None);
    };
    let entry = alert::get(&state.db, alert.id).await?.entry;
    let list = tapal_store::entry::get(&state.db, entry)
        .await?
        .entry
        .list();
    let listed = match tapal_store::order::of_entry(&state.db, entry).await? {
        Some(order) => Listed::Order(order),
        None => Listed::Entry(entry),
    };
    Ok(Some((listed, list)))
}

/// What is told of hits from elsewhere.
struct Told<'a> {
    judged: &'a Judged,
    /// Whom the linked alert is about, judged similar.
    face: Option<Listed>,
    /// Orders that second line found to be about another person.
    cleared: Vec<OrderId>,
}

async fn hits(
    state: &AppState,
    place: &Place,
    document: &Document,
    told: &Told<'_>,
) -> ApiResult<(Vec<Hit>, usize)> {
    list::catch_up(state).await?;
    let here = Here::at(place.now, place.site.utc_offset_minutes);
    let found = name_check::screen(state, &document.asked(), here).await?;
    let answers = answers(&found);
    let who: Vec<Listed> = answers.iter().map(|answer| answer.who).collect();
    let lines = tapal_store::name_check::lines(&state.db, &who).await?;
    let mut hits = Vec::with_capacity(answers.len());
    for answer in answers {
        let line = lines.iter().find(|line| line.who == answer.who);
        let held = |line: &&Line| here.in_force(line.status, line.first_day, line.last_day);
        if let Some(line) = line.filter(held) {
            hits.push(hit(line, answer, told));
        }
    }
    Ok((hits, found.left_out))
}

fn hit(line: &Line, answer: Answer, told: &Told<'_>) -> Hit {
    let verdict = answer.verdict();
    let key = format!("{}:{}", line.who.noun(), line.who);
    let listed_number = !line.subject.person.document_number.is_empty();
    let number = match (answer.document, listed_number) {
        (true, _) => Says::Supports,
        (false, true) => Says::Contradicts,
        (false, false) => Says::Absent,
    };
    let by_name = match answer.name_score {
        Some(score) if score >= 0.5 => Says::Supports,
        Some(_) => Says::Contradicts,
        None => Says::Absent,
    };
    let face = match told.face == Some(line.who) {
        true => Says::Supports,
        false => Says::Absent,
    };
    let cleared = line
        .who
        .order()
        .is_some_and(|order| told.cleared.contains(&order));
    let weight = match verdict {
        _ if face == Says::Supports => Weight::Counts,
        _ if cleared => Weight::Cleared,
        Verdict::Document => Weight::Counts,
        // A lost document is the document, whoever holds it.
        Verdict::DocumentOtherName if line.kind == OrderKind::LostDocument => Weight::Counts,
        Verdict::DocumentOtherName | Verdict::Likely => Weight::Doubt { at_desk: false },
        Verdict::Possible if told.judged.others.contains(&key) => Weight::Other,
        Verdict::Possible => Weight::Doubt { at_desk: true },
        Verdict::Doubtful => Weight::Shown,
    };
    Hit {
        name: name_of(line, answer.listed),
        who: line.who,
        kind: line.kind,
        agency: line.agency,
        score: answer.name_score,
        rows: answer.rows,
        key,
        verdict,
        number,
        by_name,
        face,
        weight,
    }
}
