//! Alerts that a standby server hands in: raised while it was alone, or gone on with there. Their steps go on from those
//! the centre has, by the domain's rules, or nothing is recorded. Must not keep a face of somebody whose order is not in
//! force.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tapal_domain::{
    alert::{Action, Actor, Alert, Step, Timers},
    id::StandbyId,
    standby::{HandedAlert, NotRecorded, Where, again, goes_on},
    time::{MINUTE_MS, UtcMs},
};

use super::{
    change::{
        Place, entry_list, evidence, insert, insert_step, lists_of, live, live_others, note, place,
        tell, today,
    },
    get_in, step_id,
};
use crate::{
    audit::Note,
    db::{Tx, args, to_name},
    error::{Error, Result},
    standby::take::{Went, of_standby, role_of},
};

/// How far ahead of the centre's clock a step may be.
const AHEAD_MS: i64 = 5 * MINUTE_MS;
/// Most bytes of a picture, as nodes send them.
const PROBE_BYTES: usize = 1024 * 1024;

/// The same act. An alert is raised once, whenever the node's message arrived.
fn same(one: &&Step, other: &&Step) -> bool {
    let instant = one.action == Action::Raise || again(one.at, other.at);
    instant && one.actor == other.actor && one.action == other.action
}

/// Takes an alert. What people did must go on from what people did at the centre; of the clock's own steps those are
/// taken that still make sense.
pub(crate) async fn take(
    tx: &mut Tx,
    standby: StandbyId,
    here: &Where,
    handed: &HandedAlert,
    timers: &Timers,
) -> Result<Went> {
    let raised = handed.steps.first();
    let by_node = raised
        .is_some_and(|step| step.action == Action::Raise && step.actor == Actor::Edge(handed.edge));
    let now = tx.now();
    if !by_node || handed.steps.iter().any(|step| step.at > now + AHEAD_MS) {
        return Ok(NotRecorded::Step.into());
    }
    if !accounts_may(tx, here, &handed.steps).await? {
        return Ok(NotRecorded::Account.into());
    }
    match get_in(tx, handed.report.id).await {
        Ok(stored) => {
            if stored.site != here.site || stored.edge != handed.edge {
                return Ok(Went::Differs);
            }
            go_on(tx, standby, stored.life, handed, timers).await
        }
        Err(Error::NotFound) => raise(tx, standby, here, handed, timers).await,
        Err(error) => Err(error),
    }
}

async fn accounts_may(tx: &mut Tx, here: &Where, steps: &[Step]) -> Result<bool> {
    for step in steps {
        if let Actor::Account(account, role) = step.actor
            && role_of(tx, account, here.site).await? != Some(role)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The life with new steps, each judged by the domain and kept with its own instant; `None` when a person's step is not
/// possible.
fn judged(life: &Alert, new: &[&Step]) -> Option<Alert> {
    let mut steps = life.steps().to_vec();
    let mut life = life.clone();
    for step in new {
        match life.apply(step.action.clone(), step.actor, step.at) {
            Ok(_) => steps.push((*step).clone()),
            Err(_) if step.actor == Actor::Clock => {}
            Err(_) => return None,
        }
    }
    Alert::from_steps(life.id(), steps)
}

async fn go_on(
    tx: &mut Tx,
    standby: StandbyId,
    life: Alert,
    handed: &HandedAlert,
    timers: &Timers,
) -> Result<Went> {
    let person = |step: &&Step| step.actor != Actor::Clock;
    let of_people: Vec<&Step> = handed.steps.iter().filter(person).collect();
    let centre: Vec<&Step> = life.steps().iter().filter(person).collect();
    let Some(begins) = goes_on(&centre, &of_people, same) else {
        return Ok(Went::Diverged);
    };
    // The clock's steps before the last one of a person that is known are known with it.
    let mut seen = 0;
    let new: Vec<&Step> = handed
        .steps
        .iter()
        .filter(|step| {
            seen += usize::from(step.actor != Actor::Clock);
            match step.actor {
                Actor::Clock => seen >= begins && !has(&life, step),
                _ => seen > begins,
            }
        })
        .collect();
    let Some(judged) = judged(&life, &new) else {
        return Ok(Went::Diverged);
    };
    let begun = life.steps().len();
    if judged.steps().len() == begun {
        return Ok(Went::Known);
    }
    put_steps(tx, &judged, begun).await?;
    let status = judged.status();
    let last = judged.steps().last().map(|step| step.at);
    let sql = "UPDATE alert SET status = $2, level = $3, due_at = $4, ended_at = $5 WHERE id = $1 RETURNING site, desk";
    let values = args![
        judged.id(),
        status.name(),
        to_name(&judged.level())?,
        judged.next_due_at(timers),
        last.filter(|_| !status.is_open())
    ];
    let row = tx.one(sql, values).await?;
    let (site, desk) = (row.id("site")?, row.opt_id("desk")?);
    tell(tx, "alert.changed", site, desk, &judged).await?;
    Ok(Went::Recorded(notes(&judged, begun, standby)))
}

/// Whether the centre's clock did this too.
fn has(life: &Alert, step: &Step) -> bool {
    let mut steps = life.steps().iter();
    steps
        .any(|own| own.actor == Actor::Clock && own.action == step.action && again(own.at, step.at))
}

async fn put_steps(tx: &mut Tx, life: &Alert, begun: usize) -> Result<()> {
    for (n, step) in (0_i64..).zip(life.steps()).skip(begun) {
        insert_step(tx, life.id(), n, step).await?;
    }
    Ok(())
}

fn notes(life: &Alert, begun: usize, standby: StandbyId) -> Vec<Note> {
    let steps = life.steps().iter().enumerate().skip(begun);
    let note = |(n, step): (usize, &Step)| {
        let then = Alert::from_steps(life.id(), life.steps()[..=n].to_vec());
        let then = then.unwrap_or_else(|| life.clone());
        of_standby(note(step, step.actor, &then), standby)
    };
    steps.map(note).collect()
}

/// Records an alert that was raised while the standby server was alone.
async fn raise(
    tx: &mut Tx,
    standby: StandbyId,
    here: &Where,
    handed: &HandedAlert,
    timers: &Timers,
) -> Result<Went> {
    let report = &handed.report;
    let node = "SELECT id FROM edge WHERE id = $1 AND site = $2";
    if tx
        .first(node, args![handed.edge, here.site])
        .await?
        .is_none()
    {
        return Ok(NotRecorded::Place.into());
    }
    let (lane, desk) = match place(tx, here.site, report).await {
        Ok(place) => place,
        Err(Error::Conflict(_)) => return Ok(NotRecorded::Place.into()),
        Err(error) => return Err(error),
    };
    let Some(list) = entry_list(tx, report.entry).await? else {
        return Ok(NotRecorded::Place.into());
    };
    let raised_at = handed.steps.first().map_or(tx.now(), |step| step.at);
    let raised = Alert::raise(report.id, handed.edge, raised_at);
    let rest: Vec<&Step> = handed.steps.iter().skip(1).collect();
    let Some(mut life) = judged(&raised, &rest) else {
        return Ok(NotRecorded::Step.into());
    };
    let searched = lists_of(tx, here.site).await?;
    let today = today(tx, here.site).await?;
    let shown = live(tx, report.entry, &searched, today).await?;
    if !shown && life.status().is_open() {
        let now = tx.now();
        life.apply(Action::Withdraw, Actor::Clock, now)
            .map_err(Error::other)?;
    }
    let others = match shown {
        true => live_others(tx, report, &searched, today).await?,
        false => Vec::new(),
    };
    let probes = match shown {
        true => match probes(handed) {
            Some(probes) => probes,
            None => return Ok(NotRecorded::Step.into()),
        },
        false => Vec::new(),
    };
    let at = Place {
        edge: handed.edge,
        site: here.site,
        lane,
        desk,
    };
    let evidence = evidence(report, list, others);
    insert(tx, at, report, &evidence, probes.len(), &life, timers).await?;
    received(tx, &life, raised_at).await?;
    for (n, jpeg) in (0_i64..).zip(&probes) {
        let sealed = tx
            .vault()
            .seal("alert_probe", &step_id(report.id, n), "photo", jpeg)?;
        let sql = "INSERT INTO alert_probe (alert, n, photo_sealed) VALUES ($1, $2, $3)";
        tx.run(sql, args![report.id, n, sealed]).await?;
    }
    put_steps(tx, &life, 0).await?;
    if shown {
        tell(tx, "alert.raised", here.site, desk, &life).await?;
    }
    Ok(Went::Recorded(notes(&life, 0, standby)))
}

/// An alert was received where it was raised: its instants are those of the standby server.
async fn received(tx: &mut Tx, life: &Alert, raised_at: UtcMs) -> Result<()> {
    let ended = life.steps().last().map(|step| step.at);
    let ended = ended.filter(|_| !life.status().is_open());
    let sql = "UPDATE alert SET received_at = $2, ended_at = $3 WHERE id = $1";
    tx.run(sql, args![life.id(), raised_at, ended])
        .await
        .map(|_| ())
}

/// Its pictures; none where they were destroyed already. `None` when they are no JPEGs of at most 1 MiB, five at most.
fn probes(handed: &HandedAlert) -> Option<Vec<Vec<u8>>> {
    if handed.report.probes.len() > 5 {
        return None;
    }
    let jpeg = |text: &String| {
        STANDARD
            .decode(text)
            .ok()
            .filter(|jpeg| jpeg.starts_with(&[0xff, 0xd8]) && jpeg.len() <= PROBE_BYTES)
    };
    handed.report.probes.iter().map(jpeg).collect()
}
