//! Cases of second line that a standby server hands in: their steps go on from those the centre has, each judged again by
//! the domain, or nothing is recorded. Must not change a step that is there.

use serde_json::json;
use tapal_domain::{
    day::Day,
    id::{CaseId, CrossingId, StandbyId},
    rule_pack,
    second_line::{Action, Case, Kind, Law, Status, Step},
    standby::{HandedCase, NotRecorded, Where, again, goes_on},
    time::{DAY_MS, MINUTE_MS, UtcMs},
};

use super::{clear, place as place_of, put_step, tell};
use crate::{
    audit::{By, Note},
    db::{Tx, args, from_json, to_name},
    document,
    error::{Error, Result},
    standby::take::{Went, may, of_standby},
};

/// The case a crossing is decided in, as the centre has it.
pub(crate) async fn of_crossing(tx: &mut Tx, crossing: CrossingId) -> Result<Option<Case>> {
    let sql = "SELECT id FROM second_line WHERE crossing = $1";
    match tx.first(sql, args![crossing]).await? {
        Some(row) => get(tx, row.id("id")?).await.map(Some),
        None => Ok(None),
    }
}

async fn get(tx: &mut Tx, id: CaseId) -> Result<Case> {
    let sql = "SELECT n, step_sealed FROM second_line_step WHERE of = $1 ORDER BY n";
    let mut steps: Vec<Step> = Vec::new();
    for row in tx.all(sql, args![id]).await? {
        let place = place_of(id, row.int("n")?);
        let sealed = row.blob("step_sealed")?;
        let plain = tx
            .vault()
            .open("second_line_step", &place, "step", &sealed)?;
        steps.push(from_json(
            std::str::from_utf8(&plain).map_err(Error::other)?,
        )?);
    }
    Case::replay(id, steps).ok_or_else(|| Error::other("a case without a referral is stored"))
}

/// The same act, though it may have been recorded twice: at the centre, whose reply was lost, and at the standby server.
fn same(one: &&Step, other: &&Step) -> bool {
    one.by == other.by && one.action == other.action && again(one.at, other.at)
}

fn law(place: &Where, at: UtcMs) -> Option<Law<'static>> {
    let day = Day::at(at, place.utc_offset_minutes);
    Some(Law {
        pack: rule_pack::pack_for(day)?,
        site: place.kind,
        day,
    })
}

/// Takes a case. What people did must go on from what people did at the centre; the clock's own alarms stand in nobody's
/// way.
pub(crate) async fn take(
    tx: &mut Tx,
    standby: StandbyId,
    place: &Where,
    handed: &HandedCase,
) -> Result<Went> {
    let Some(Action::Open { referral }) = handed.steps.first().map(|step| &step.action) else {
        return Ok(NotRecorded::Step.into());
    };
    if referral.site != place.site {
        return Ok(NotRecorded::OtherSite.into());
    }
    let there = "SELECT id, site FROM second_line WHERE id = $1 OR crossing = $2 ORDER BY id <> $1";
    let there = tx.first(there, args![handed.id, referral.crossing]).await?;
    let known = match there {
        Some(row) if row.text("site")? != place.site.to_string() => return Ok(Went::Differs),
        // The desk's referral may stand under another id: the centre took it, and its reply was lost.
        Some(row) => Some(get(tx, row.id("id")?).await?),
        None => None,
    };
    let new = match new_steps(known.as_ref(), &handed.steps) {
        Some(new) => new,
        None => return Ok(Went::Diverged),
    };
    for step in &new {
        if let Some(account) = step.by {
            let right = step.action.kind().permission();
            let may = match right {
                Some(right) => may(tx, account, place.site, right).await?,
                None => false,
            };
            if !may {
                return Ok(NotRecorded::Account.into());
            }
        }
    }
    let begun = known.as_ref().map_or(0, |case| case.steps().len());
    let judged = match judged(handed.id, known, &new, place) {
        Ok(judged) => judged,
        // What people did follows what people did; but the centre's case is where it cannot go on so.
        Err(_) if begun > 0 => return Ok(Went::Diverged),
        Err(why) => return Ok(why.into()),
    };
    if judged.steps().len() == begun {
        return Ok(Went::Known);
    }
    write(tx, &judged, begun, place).await?;
    let notes = notes(&judged, begun, standby);
    Ok(Went::Recorded(notes))
}

/// Steps that the centre has not got; `None` when they do not go on from its own.
fn new_steps<'a>(known: Option<&Case>, handed: &'a [Step]) -> Option<Vec<&'a Step>> {
    let Some(known) = known else {
        return Some(handed.iter().collect());
    };
    let person = |step: &&Step| step.by.is_some();
    let of_people: Vec<&Step> = handed.iter().filter(person).collect();
    let centre: Vec<&Step> = known.steps().iter().filter(person).collect();
    let begins = goes_on(&centre, &of_people, same)?;
    let mut seen = 0;
    let mut alarmed = known.alarmed();
    let new = handed.iter().filter(|step| match step.action {
        Action::Alarm { percent } => {
            let rings = percent > alarmed;
            alarmed = alarmed.max(percent);
            rings
        }
        _ => {
            seen += 1;
            seen > begins
        }
    });
    Some(new.collect())
}

/// The case with its new steps, each judged by the rules of its own day, and kept with its own instant.
fn judged(
    id: CaseId,
    known: Option<Case>,
    new: &[&Step],
    place: &Where,
) -> std::result::Result<Case, NotRecorded> {
    let mut steps = known
        .as_ref()
        .map(|case| case.steps().to_vec())
        .unwrap_or_default();
    let mut case = known;
    for step in new {
        let law = law(place, step.at).ok_or(NotRecorded::Time)?;
        match (&mut case, &step.action, step.by) {
            (none @ None, Action::Open { referral }, Some(by)) => {
                let opened = Case::open(id, (**referral).clone(), by, step.at);
                *none = Some(opened.map_err(|_| NotRecorded::Step)?);
            }
            (Some(case), action, by) => {
                match case.apply(action.clone(), by, &law, step.at) {
                    Ok(applied) if applied.action == step.action => {}
                    // The clock rings in a case that is over here: nothing to ring for.
                    Err(_) if by.is_none() => continue,
                    _ => return Err(NotRecorded::Step),
                }
            }
            _ => return Err(NotRecorded::Step),
        }
        steps.push((*step).clone());
    }
    let id = case.map_or(id, |case| case.id());
    Case::replay(id, steps).ok_or(NotRecorded::Step)
}

async fn write(tx: &mut Tx, case: &Case, begun: usize, place: &Where) -> Result<()> {
    let steps = case.steps();
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return Err(Error::other("a case has steps"));
    };
    let longest_ms = law(place, tx.now()).map_or(0, |law| {
        i64::from(law.pack.second_line.custody_minutes) * MINUTE_MS
    });
    let closed = case.status() == Status::Closed;
    let alarm_at = case
        .next_alarm(longest_ms)
        .filter(|_| !closed)
        .map(|(_, at)| at);
    if begun == 0 {
        let referral = case.referral();
        let person = &referral.traveller;
        let mark = document::mark(tx.vault(), &person.issuer, &person.document_number)?;
        let sql = "INSERT INTO second_line (id, crossing, site, direction, alert, document_mark, status, protected, steps, alarmed, opened_at, changed_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $9)";
        let values = args![
            case.id(),
            referral.crossing,
            referral.site,
            to_name(&referral.direction)?,
            referral.alert,
            mark,
            Status::Opened.name(),
            case.protected(),
            first.at
        ];
        tx.run(sql, values).await?;
    }
    let sql = "UPDATE second_line SET status = $2, protected = $3, steps = $4, taken_by = $5, taken_at = $6, alarmed = $7, \
               alarm_at = $8, changed_at = $9, closed_at = $10 WHERE id = $1";
    let values = args![
        case.id(),
        case.status().name(),
        case.protected(),
        steps.len() as i64,
        case.taken_by(),
        case.custody().map(|(began, _)| began),
        i64::from(case.alarmed()),
        alarm_at,
        last.at,
        closed.then_some(last.at)
    ];
    tx.run(sql, values).await?;
    for (n, step) in (0_i64..).zip(steps).skip(begun) {
        put_step(tx, case.id(), n, step).await?;
    }
    if closed && let Some(law) = law(place, last.at) {
        let until = last.at + i64::from(law.pack.second_line.cleared_days) * DAY_MS;
        clear(tx, case, until).await?;
    }
    let kind = match begun {
        0 => "second_line.opened",
        _ => "second_line.changed",
    };
    tell(tx, kind, case).await
}

/// An audit row a step, by whoever did it. What officers wrote may name people: codes and ids.
fn notes(case: &Case, begun: usize, standby: StandbyId) -> Vec<Note> {
    let note = |step: &Step| {
        let by = step.by.map_or(By::Clock, By::Account);
        let action = match step.action.kind() {
            Kind::Open => "second_line.opened",
            _ => "second_line.changed",
        };
        let detail = json!({ "action": step.action.kind(), "at": step.at });
        of_standby(
            Note::new(by, action, "second_line", case.id()).with(detail),
            standby,
        )
    };
    case.steps().iter().skip(begun).map(note).collect()
}
