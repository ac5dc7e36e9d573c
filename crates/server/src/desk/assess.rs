//! Who stands at the desk, and what may be done: document, lists, stay and alerts of the lane put together, and the
//! menu the domain makes of it. Must not decide, nor record anything but that somebody looked.

use std::collections::BTreeSet;

use tapal_domain::{
    alert::Status,
    crossing::{Menu, Stands, menu},
    day::Day,
    entry::{Agency, ListKind},
    id::{AlertId, LaneId},
    name_check::{Here, Verdict},
    role::Permission,
    rule_pack::{self, OrderKind, Pack, Standing, Subject},
    site::Direction,
    stay::{self, Mark, Overstay, Presence},
    time::{MINUTE_MS, UtcMs},
};
use tapal_store::{
    alert, crossing, document,
    name_check::{Line, Listed},
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
    /// Shown, nothing more.
    Shown,
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
    /// Whether the document is over.
    pub expired: bool,
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
    let alerts = lane_alerts(state, place, judged).await?;
    let face = linked_entry(state, &alerts).await?;
    let (hits, left_out) = hits(
        state,
        place,
        document,
        judged,
        face.map(|(listed, _)| listed),
    )
    .await?;
    let mark = document::mark(state.db.vault(), &document.issuing_state, &document.number)?;
    let marks: Vec<Mark> = crossing::marks(&state.db, None, mark, MARKS)
        .await?
        .iter()
        .map(|entry| entry.mark)
        .collect();
    let citizen = document.nationality.citizen();
    let face_list = face.map(|(_, list)| list);
    let mut subjects: Vec<Subject> = hits
        .iter()
        .filter(|hit| hit.weight == Weight::Counts)
        .filter_map(|hit| subject_of(hit.kind))
        .chain(face_list.map(subject_of_list))
        .collect();
    subjects.sort();
    subjects.dedup();
    let overstay = match marks.last() {
        Some(Mark::Entry {
            until: Some(until), ..
        }) if place.direction == Direction::Departure && !citizen => {
            stay::overstay(*until, place.day, place.pack)
        }
        _ => None,
    };
    let bases = match place.direction == Direction::Arrival && !citizen {
        true => bases(place, document),
        false => Vec::new(),
    };
    let open = |alert: &LaneAlert| !alert.other && (!alert.linked || alert.status.is_open());
    let doubt = hits
        .iter()
        .any(|hit| matches!(hit.weight, Weight::Doubt { .. }))
        || alerts.iter().any(open);
    let expired = document.expired(place.day);
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
        presence: stay::presence(&marks, place.day),
        exits_missing: stay::exits_missing(&marks),
        hits,
        left_out,
        alerts,
        face_list,
        overstay,
        bases,
        expired,
        subjects,
    })
}

/// How a foreigner without a visa may stay.
fn bases(place: &Place, document: &Document) -> Vec<Basis> {
    let code = tapal_documents::country::alpha3(document.nationality.code());
    let code = code.unwrap_or_else(|| document.nationality.code().to_owned());
    let visits = place.pack.visits_of(&code).filter_map(|visit| {
        Some(Basis {
            code: format!("visit:{}", visit.code),
            name: String::new(),
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
        if !own || !fresh || over || crossing::of_alert(&state.db, id).await? {
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

async fn hits(
    state: &AppState,
    place: &Place,
    document: &Document,
    judged: &Judged,
    face: Option<Listed>,
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
            hits.push(hit(line, answer, judged, face));
        }
    }
    Ok((hits, found.left_out))
}

fn hit(line: &Line, answer: Answer, judged: &Judged, face: Option<Listed>) -> Hit {
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
    let face = match face == Some(line.who) {
        true => Says::Supports,
        false => Says::Absent,
    };
    let weight = match verdict {
        _ if face == Says::Supports => Weight::Counts,
        Verdict::Document => Weight::Counts,
        // A lost document is the document, whoever holds it.
        Verdict::DocumentOtherName if line.kind == OrderKind::LostDocument => Weight::Counts,
        Verdict::DocumentOtherName | Verdict::Likely => Weight::Doubt { at_desk: false },
        Verdict::Possible if judged.others.contains(&key) => Weight::Other,
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
