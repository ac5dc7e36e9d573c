//! The counter of the demonstration: two lanes without a camera, the holders of its passports, what the ledger knows of
//! them, and a year of other crossings for the statistics. All invented, recorded under the same rules as at a desk. Must not run twice on one centre.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    day::Day,
    holder::{DocumentKind, Entries, Identity, Permit, PermitKind, PermitState, Stay},
    id::{AccountId, CrossingId, DeskId, HolderId, LaneId, PermitId, SiteId},
    rule_pack,
    site::Direction,
    statistic::Month,
    stay,
};
use tapal_server::{
    AppState,
    desk::sample::{self, Sample},
    entry::input::enrol,
    statistic,
};
use tapal_store::{
    By, account,
    crossing::{self, NewCrossing},
    holder::{self, NewDocument},
    site::{self, Lane},
};

use crate::{cmds::eval::truth::Truth, progress};

/// Lanes of the desk, by name and direction.
const LANES: [(&str, Direction); 2] = [
    ("Lajur 3", Direction::Arrival),
    ("Lajur 5", Direction::Departure),
];

/// Ordinary crossings of the year, beside the refusals and deferrals of the published example.
const ORDINARY: u64 = 3_000;

/// Portraits of holders, by the rendered person whose they are. Only the second is on a list.
const PORTRAITS: [(&Sample, &str); 2] = [(&sample::CITIZEN, "s002"), (&sample::BANNED, "s026")];

/// Makes everything, in a centre that has no such lane yet.
pub async fn set_up(state: &AppState, place: SiteId, people: &Path) -> Result<()> {
    let lanes = site::lanes(&state.db, place).await?;
    if lanes.iter().any(|lane| lane.name == LANES[0].0) {
        return Ok(());
    }
    let desk = lanes.iter().find_map(|lane| lane.desk);
    let officer = account::find(&state.db, "rina")
        .await?
        .context("the demonstration's accounts are missing")?
        .0
        .id;
    let counter = Counter {
        state,
        place,
        officer,
        today: Day::at(state.clock.now(), 420),
        lane: lane(state, place, desk, LANES[0]).await?,
    };
    lane(state, place, desk, LANES[1]).await?;
    counter.people(people).await?;
    // Twelve whole months, as in the published example.
    let first = Month::of(counter.today).first_day().plus_months(-12);
    let first = first.context("the calendar ends here")?;
    progress::say("Recording a year of invented crossings.");
    statistic::set_up::set_up(state, officer, first, ORDINARY)
        .await
        .map(|_| ())
        .map_err(|e| anyhow!("{}", e.message))
}

async fn lane(
    state: &AppState,
    place: SiteId,
    desk: Option<DeskId>,
    (name, direction): (&str, Direction),
) -> Result<LaneId> {
    let lane = Lane {
        id: LaneId(state.clock.new_uuid()),
        site: place,
        name: name.into(),
        direction,
        desk,
    };
    site::add_lane(&state.db, state.clock.now(), By::System, &lane).await?;
    Ok(lane.id)
}

struct Counter<'a> {
    state: &'a AppState,
    place: SiteId,
    officer: AccountId,
    today: Day,
    lane: LaneId,
}

impl Counter<'_> {
    fn ago(&self, days: i64) -> Result<Day> {
        self.today
            .plus_days(-days)
            .context("the calendar ends here")
    }

    async fn people(&self, people: &Path) -> Result<()> {
        self.holder(&sample::LOST).await?;
        let truth = Truth::read(people)?;
        for (one, id) in PORTRAITS {
            let holder = self.holder(one).await?;
            if let Some(rendered) = truth.identities.iter().find(|other| other.id == id) {
                let file = people.join(&rendered.portrait.file);
                self.portrait(holder, &file).await?;
            }
        }
        let visa = self.holder(&sample::VISA).await?;
        self.visa(&sample::VISA, visa, 10).await?;
        let used = self.holder(&sample::USED).await?;
        let permit = self.visa(&sample::USED, used, 60).await?;
        self.entered(&sample::USED, used, 50, Some(permit)).await?;
        self.departed(&sample::USED, used, 40).await?;
        // Day 1 is the day of arrival: thirty days from 33 days ago end 4 days ago.
        for (one, days) in [(&sample::OVERSTAYED, 33), (&sample::LONG_OVERSTAYED, 119)] {
            let holder = self.holder(one).await?;
            self.entered(one, holder, days, None).await?;
        }
        Ok(())
    }

    async fn holder(&self, one: &Sample) -> Result<HolderId> {
        let (db, now) = (&self.state.db, self.state.clock.now());
        let id = HolderId(self.state.clock.new_uuid());
        let identity = Identity {
            primary: one.surname.into(),
            secondary: one.given.into(),
            full_name: format!("{} {}", one.given, one.surname),
            sex: one.sex.into(),
            birth_date: one.birth.into(),
            nik: String::new(),
        };
        let identity = identity.checked()?;
        holder::add(
            db,
            now,
            By::System,
            id,
            &Nationality::new(one.state)?,
            &identity,
        )
        .await?;
        let paper = NewDocument {
            id: self.state.clock.new_uuid(),
            holder: id,
            kind: DocumentKind::Passport,
            issuing_state: one.state.into(),
            number: one.number.into(),
            expires: Some(one.expiry.parse()?),
        };
        holder::add_document(db, now, By::System, &paper).await?;
        Ok(id)
    }

    async fn portrait(&self, holder: HolderId, file: &Path) -> Result<()> {
        let photo =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let photo = enrol(self.state, photo)
            .await
            .map_err(|e| anyhow!("{}: {}", file.display(), e.message))?;
        let (db, now) = (&self.state.db, self.state.clock.now());
        Ok(holder::add_portrait(db, now, By::System, holder, &photo).await?)
    }

    /// An electronic visa on arrival, issued so many days ago.
    async fn visa(&self, one: &Sample, holder: HolderId, issued: i64) -> Result<PermitId> {
        let issued = self.ago(issued)?;
        let document = tapal_store::document::mark(self.state.db.vault(), one.state, one.number)?;
        let permit = Permit {
            id: PermitId(self.state.clock.new_uuid()),
            holder,
            kind: PermitKind::Visa,
            index: "B1".into(),
            entries: Entries::Single,
            valid_from: issued,
            valid_until: tapal_domain::holder::last_day_of_use(issued, 90)
                .context("the calendar ends here")?,
            stay: Stay::Days(30),
            sites: Vec::new(),
            document: Some(document),
            state: PermitState::Issued,
        };
        let (db, now) = (&self.state.db, self.state.clock.now());
        tapal_store::holder::add_permit(db, now, By::System, &permit).await?;
        Ok(permit.id)
    }

    async fn entered(
        &self,
        one: &Sample,
        holder: HolderId,
        days: i64,
        permit: Option<PermitId>,
    ) -> Result<()> {
        let day = self.ago(days)?;
        let until = stay::until(day, 30).context("the calendar ends here")?;
        self.record(one, holder, day, Outcome::Entered, Some(until), permit)
            .await
    }

    async fn departed(&self, one: &Sample, holder: HolderId, days: i64) -> Result<()> {
        let day = self.ago(days)?;
        self.record(one, holder, day, Outcome::Departed, None, None)
            .await
    }

    async fn record(
        &self,
        one: &Sample,
        holder: HolderId,
        day: Day,
        outcome: Outcome,
        stay_until: Option<Day>,
        permit: Option<PermitId>,
    ) -> Result<()> {
        let direction = match outcome {
            Outcome::Entered => Direction::Arrival,
            _ => Direction::Departure,
        };
        let draft = Draft {
            outcome,
            direction,
            nationality: Nationality::new(one.state)?,
            ground: None,
            detection: Detection::None,
            stay_until,
            charge: None,
        };
        let site = site::get(&self.state.db, self.place).await?;
        let pack = rule_pack::pack_for(day).context("no rule pack holds on that day")?;
        let new = NewCrossing {
            id: CrossingId(self.state.clock.new_uuid()),
            site: self.place,
            lane: Some(self.lane),
            desk: None,
            at: day.starts(site.utc_offset_minutes) + 10 * tapal_domain::time::HOUR_MS,
            day,
            holder: Some(holder),
            identity: crossing::Identity {
                issuing_state: one.state.into(),
                number: one.number.into(),
                name: format!("{} {}", one.given, one.surname),
                birth_date: one.birth.into(),
                sex: one.sex.into(),
            },
            decision: Decision::new(draft, site.kind, day, pack)?,
            order: None,
            alert: None,
            case: None,
            permit,
            receipt: None,
            officer: self.officer,
            authoriser: None,
        };
        crossing::record(&self.state.db, self.state.clock.now(), &new).await?;
        Ok(())
    }
}
