//! No sequence of orders, outages, restarts and wrong clocks lets an order that ended match: random histories of one
//! node under a centre made of memory, by virtual time, and the outage of 72 hours. What the centre does with copies and
//! receipts is as `tapal_store::edge` does it, which has its own tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use tapal_domain::{
    day::Day,
    entry::ListKind,
    id::EntryId,
    screening::{Judgement, Threshold},
    site::{Deployment, SiteKind},
    time::{DAY_MS, HOUR_MS, MINUTE_MS, UtcMs},
    wire::{EntryTemplate, HealthReply, HealthReport, ListDelta, RemovalReceipt, SignedDelta},
};
use uuid::Uuid;

use super::*;
use crate::centre::{Method, Reply, Unreachable};
use crate::clock::FixedClock;
use crate::freshness::LIST_LIMIT_MS;

/// 3 November 2023, noon in Jakarta.
const START: UtcMs = UtcMs(1_698_987_600_000);

const NOBODY: [usize; 0] = [];

/// One order, as the centre has it.
#[derive(Clone, Debug)]
struct Order {
    first: Day,
    last: Day,
    version: u32,
    held: bool,
    ended: bool,
    /// When it last became narrower: ended early, or held back. A node may not know for a while.
    narrowed_at: Option<UtcMs>,
}

/// What happens to one exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The nth request does not arrive.
    Lost(u8),
    /// The nth request arrives, its reply does not.
    ReplyLost(u8),
    /// Every request arrives twice.
    Twice,
    /// The nth reply is that to an earlier request for the same thing.
    Stale(u8),
}

struct Office {
    now: UtcMs,
    offset: i64,
    up: bool,
    fault: Fault,
    requests: u8,
    orders: Vec<Order>,
    version: i64,
    changes: Vec<(i64, usize)>,
    /// Templates handed to the node, without a receipt since.
    copies: BTreeMap<usize, UtcMs>,
    /// Receipts that stand, and how often one was taken in since the copy was handed over.
    receipts: BTreeMap<usize, (RemovalReceipt, u32)>,
    earlier: BTreeMap<String, VecDeque<Reply>>,
}

#[derive(Clone)]
struct Memory(Arc<Mutex<Office>>);

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn id(n: usize) -> EntryId {
    EntryId(Uuid::from_u128(n as u128 + 1))
}

fn index(entry: EntryId) -> usize {
    entry.0.as_u128() as usize - 1
}

fn unit(at: usize) -> Vec<f32> {
    let wide = Pack::stub().card().dimension;
    (0..wide).map(|i| f32::from(u8::from(i == at))).collect()
}

fn json(value: &impl serde::Serialize) -> Reply {
    Reply {
        status: 200,
        body: serde_json::to_vec(value).unwrap(),
    }
}

impl Office {
    /// What the centre's clock does: an order whose last zone passed midnight leaves.
    fn tick(&mut self) {
        for n in 0..self.orders.len() {
            if !self.orders[n].ended && self.orders[n].last.ends(420) <= self.now {
                self.orders[n].ended = true;
                self.moved(n);
            }
        }
    }

    fn moved(&mut self, n: usize) {
        self.version += 1;
        self.changes.push((self.version, n));
    }

    fn today(&self) -> Day {
        Day::at(self.now, self.offset)
    }

    /// In force at the site, by its own calendar, as ordered now.
    fn in_force(&self, n: usize) -> bool {
        let order = &self.orders[n];
        !order.ended && !order.held && (order.first..=order.last).contains(&self.today())
    }

    fn listed(&self, n: usize) -> bool {
        let order = &self.orders[n];
        !order.ended && !order.held && order.last >= self.today()
    }

    fn delta(&mut self, since: i64) -> ListDelta {
        let since = if (0..=self.version).contains(&since) {
            since
        } else {
            0
        };
        let touched =
            |n: usize| since == 0 || self.changes.iter().any(|(v, m)| *v > since && *m == n);
        let all = 0..self.orders.len();
        let (on, off): (Vec<usize>, Vec<usize>) =
            all.filter(|n| touched(*n)).partition(|n| self.listed(*n));
        let removals = off
            .iter()
            .filter(|n| since > 0 || self.copies.contains_key(n))
            .map(|n| id(*n))
            .collect();
        for n in &on {
            self.copies.insert(*n, self.now);
            self.receipts.remove(n);
        }
        ListDelta {
            site: SiteId(Uuid::from_u128(9)),
            since,
            version: self.version,
            model_id: Pack::stub().card().model_id.clone(),
            upserts: on.iter().map(|n| self.template(*n)).collect(),
            removals,
            made_at: self.now,
        }
    }

    fn template(&self, n: usize) -> EntryTemplate {
        let order = &self.orders[n];
        let bytes: Vec<u8> = unit(n).iter().flat_map(|v| v.to_le_bytes()).collect();
        EntryTemplate {
            entry: id(n),
            entry_version: order.version,
            list: ListKind::Wanted,
            in_force_from: order.first.starts(self.offset),
            in_force_to: order.last.ends(self.offset),
            templates: vec![STANDARD.encode(bytes)],
        }
    }

    fn answer(&mut self, path: &str, body: &[u8]) -> Reply {
        match path.split('?').next().unwrap() {
            "/api/v1/edge/health" => {
                let report: HealthReport = serde_json::from_slice(body).unwrap();
                json(&HealthReply {
                    revision: 1,
                    list_version: self.version,
                    model_id: Pack::stub().card().model_id.clone(),
                    now: self.now,
                    answers: Some((report.boot, report.seq)),
                })
            }
            "/api/v1/edge/config" => json(&self.config()),
            "/api/v1/edge/list" => {
                let since = path.split_once("since=").unwrap().1.parse().unwrap();
                let body = serde_json::to_string(&self.delta(since)).unwrap();
                let signature = STANDARD.encode(key().sign(body.as_bytes()).to_bytes());
                json(&SignedDelta { body, signature })
            }
            "/api/v1/edge/receipts" => {
                let receipt: RemovalReceipt = serde_json::from_slice(body).unwrap();
                let n = index(receipt.entry);
                if !self.receipts.contains_key(&n) {
                    self.copies.remove(&n);
                    self.receipts.insert(n, (receipt, 1));
                }
                Reply {
                    status: 204,
                    body: Vec::new(),
                }
            }
            other => panic!("asked for {other}"),
        }
    }

    fn config(&self) -> EdgeConfig {
        EdgeConfig {
            revision: 1,
            site: SiteId(Uuid::from_u128(9)),
            kind: SiteKind::Checkpoint,
            deployment: Some(Deployment {
                decree: "IMI-01/2026".into(),
                purpose: "Find wanted persons".into(),
                lists: vec![ListKind::Wanted],
                hours: "00:00-24:00".into(),
                dpia_reference: "DPIA-7".into(),
                sign_posted: true,
                valid_from: UtcMs(0),
                valid_to: UtcMs(i64::MAX),
            }),
            cameras: Vec::new(),
            thresholds: vec![Threshold {
                list: ListKind::Wanted,
                possible: 0.97,
                strong: 0.99,
            }],
            model_id: Pack::stub().card().model_id.clone(),
            now: self.now,
        }
    }
}

impl Centre for Memory {
    fn send(&self, _: Method, path: &str, body: &[u8]) -> Result<Reply, Unreachable> {
        let mut office = self.0.lock().unwrap();
        let away = || Err(Unreachable("away".into()));
        office.requests += 1;
        let (nth, fault) = (office.requests, office.fault);
        if !office.up || fault == Fault::Lost(nth) {
            return away();
        }
        let mut reply = office.answer(path, body);
        if fault == Fault::Twice {
            reply = office.answer(path, body);
        }
        let kind = path.split('?').next().unwrap().to_owned();
        let earlier = office.earlier.entry(kind).or_default();
        let old = earlier.front().cloned();
        earlier.push_back(reply.clone());
        if earlier.len() > 3 {
            earlier.pop_front();
        }
        match fault {
            Fault::ReplyLost(n) if n == nth => away(),
            Fault::Stale(n) if n == nth => Ok(old.unwrap_or(reply)),
            _ => Ok(reply),
        }
    }
}

/// What the machine's clock does while the node is off.
#[derive(Clone, Copy, Debug)]
enum Battery {
    Good,
    Empty,
    /// It stands still and goes on afterwards.
    StandsStill,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(i64),
    /// To shortly before or after the next midnight of the site.
    ToMidnight(i64),
    Link(bool),
    Exchange(Fault),
    Restart(i64, Battery),
    ClockSet(i64),
    Add(i64, i64),
    Extend(usize, i64),
    Revoke(usize),
    Hold(usize, bool),
}

/// A node, its machine's clock, its centre, and the true time.
struct World {
    folder: tempfile::TempDir,
    office: Memory,
    machine: Arc<FixedClock>,
    node: Option<Arc<Node>>,
    seq: u64,
    /// When the node last heard everything the centre had to say.
    told_at: Option<UtcMs>,
    /// For how long it has been off since with a clock that stood still: its list is older than it can know.
    hidden_ms: i64,
    starts: usize,
}

impl World {
    fn new(offset: i64) -> Self {
        let office = Office {
            now: START,
            offset,
            up: true,
            fault: Fault::None,
            requests: 0,
            orders: Vec::new(),
            version: 0,
            changes: Vec::new(),
            copies: BTreeMap::new(),
            receipts: BTreeMap::new(),
            earlier: BTreeMap::new(),
        };
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let mut world = World {
            folder: folder.unwrap(),
            office: Memory(Arc::new(Mutex::new(office))),
            machine: Arc::new(FixedClock::at(UtcMs(5_000))),
            node: None,
            seq: 0,
            told_at: None,
            hidden_ms: 0,
            starts: 0,
        };
        world.machine.set_wall(START);
        world.boot();
        world
    }

    fn office(&self) -> std::sync::MutexGuard<'_, Office> {
        self.office.0.lock().unwrap()
    }

    fn now(&self) -> UtcMs {
        self.office().now
    }

    fn boot(&mut self) {
        let folder = self.folder.path();
        let mut options = EdgeOptions::new(
            folder.into(),
            "https://test".into(),
            "none".into(),
            "none".into(),
            "stub".into(),
        );
        options.threads = Some(1);
        let owner = (SiteId(Uuid::from_u128(9)), EdgeId(Uuid::from_u128(4)));
        let sealer = crate::identity::sealer(folder).unwrap();
        let time = Reckoning::open(folder, sealer, owner, self.machine.clone());
        let (edge, centre) = (
            (owner, key().verifying_key()),
            Box::new(self.office.clone()),
        );
        let node = assemble(
            options,
            Arc::new(time),
            &Pack::stub(),
            "test".into(),
            edge,
            centre,
        );
        self.node = Some(Arc::new(node.unwrap()));
        self.seq = 0;
    }

    fn pass(&mut self, ms: i64) {
        self.machine.advance(ms);
        let mut office = self.office();
        office.now = office.now + ms;
        office.tick();
    }

    fn exchange(&mut self, fault: Fault) -> bool {
        {
            let mut office = self.office();
            (office.fault, office.requests) = (fault, 0);
        }
        self.seq += 1;
        let node = self.node.as_ref().unwrap();
        let before = lock(&node.freshness).confirmed_at();
        let done = node.exchange(self.seq).is_ok();
        // A receipt may have failed after the list was confirmed. A clock that stood still may read again what it
        // read at the last confirmation, so that one is no proof of a new one.
        let confirmed = lock(&node.freshness).confirmed_at();
        if done || confirmed != before {
            self.told_at = Some(self.now());
            self.hidden_ms = 0;
        }
        done
    }

    fn restart(&mut self, off_ms: i64, battery: Battery) {
        let wall = self.machine.now();
        self.node = None;
        let wall = match battery {
            Battery::Good => wall + off_ms,
            Battery::Empty => UtcMs(0),
            Battery::StandsStill => wall,
        };
        if matches!(battery, Battery::StandsStill) {
            self.hidden_ms += off_ms;
        }
        self.pass(off_ms);
        self.machine = Arc::new(FixedClock::at(UtcMs(3)));
        // No two starts of the program have the same id.
        self.starts += 1;
        for _ in 0..self.starts {
            self.machine.id();
        }
        self.machine.set_wall(wall);
        self.boot();
    }

    /// Entries that a person standing before the camera would be taken for, each asked for by its own template,
    /// through what the watch uses.
    fn matches(&self) -> Vec<usize> {
        let node = self.node.as_ref().unwrap();
        node.keep_once();
        let Some(lists) = node.room.lists() else {
            return Vec::new();
        };
        let known = self.office().orders.len();
        let queries: Vec<Vec<f32>> = (0..known).map(unit).collect();
        let queries: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
        let judged = lists.judged(node.gallery.model_id(), &queries, node.clock.as_ref());
        let mut found = Vec::new();
        for one in judged.unwrap() {
            if let Judgement::Raise { best, others, .. } = one.judgement {
                found.push(index(best.entry));
                found.extend(others.iter().map(|c| index(c.entry)));
            }
        }
        found
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Pass(ms) => self.pass(ms),
            Step::ToMidnight(by) => {
                let (now, offset) = (self.now(), self.office().offset);
                let next = (Day::at(now, offset).ends(offset) + by).since_ms(now);
                self.pass(if next < 0 { next + DAY_MS } else { next });
            }
            Step::Link(up) => self.office().up = up,
            Step::Exchange(fault) => {
                self.exchange(fault);
            }
            Step::Restart(off_ms, battery) => self.restart(off_ms, battery),
            Step::ClockSet(by) => self.machine.set_wall(self.machine.now() + by),
            Step::Add(begins, days) => self.add(begins, days),
            Step::Extend(n, days) => self.change(n, |order, _| {
                order.last = order.last.plus_days(days).unwrap();
            }),
            Step::Revoke(n) => self.change(n, |order, now| {
                order.ended = true;
                order.narrowed_at = Some(now);
            }),
            Step::Hold(n, held) => self.change(n, |order, now| {
                order.held = held;
                if held {
                    order.narrowed_at = Some(now);
                }
            }),
        }
    }

    fn add(&mut self, begins: i64, days: i64) {
        let mut office = self.office();
        if office.orders.len() >= Pack::stub().card().dimension {
            return;
        }
        let first = office.today().plus_days(begins).unwrap();
        office.orders.push(Order {
            first,
            last: first.plus_days(days - 1).unwrap(),
            version: 1,
            held: false,
            ended: false,
            narrowed_at: None,
        });
        let n = office.orders.len() - 1;
        office.moved(n);
        office.tick();
    }

    fn change(&mut self, n: usize, change: impl Fn(&mut Order, UtcMs)) {
        let mut office = self.office();
        let (known, now) = (office.orders.len(), office.now);
        if known == 0 || office.orders[n % known].ended {
            return;
        }
        let order = &mut office.orders[n % known];
        change(order, now);
        order.version += 1;
        office.moved(n % known);
    }

    /// Whoever matches now is on an order in force by the site's own calendar, or was taken off it by a word that could
    /// not reach the node yet.
    fn nobody_lapsed_matches(&self) -> Result<(), TestCaseError> {
        let found = self.matches();
        let office = self.office();
        for n in found {
            let order = &office.orders[n];
            let (day, days) = (office.today(), order.first..=order.last);
            prop_assert!(days.contains(&day), "{order:?} matches on {day}");
            if !office.in_force(n) {
                let unheard = order
                    .narrowed_at
                    .is_some_and(|at| self.told_at.is_none_or(|told| told <= at));
                let young = self.told_at.is_some_and(|told| {
                    office.now.since_ms(told) <= LIST_LIMIT_MS + MINUTE_MS + self.hidden_ms
                });
                prop_assert!(unheard && young, "{order:?} was taken off and matches");
            }
        }
        Ok(())
    }

    /// After the link is back: whoever is looked for is found, whoever is not has exactly one receipt.
    fn reconciled(&mut self) -> Result<(), TestCaseError> {
        self.office().up = true;
        for _ in 0..4 {
            self.exchange(Fault::None);
            // The keeper drops what ended; its receipts go with the next exchange.
            self.node.as_ref().unwrap().keep_once();
        }
        prop_assert!(self.exchange(Fault::None));
        let found = self.matches();
        let office = self.office();
        for n in 0..office.orders.len() {
            let live = office.in_force(n);
            prop_assert_eq!(
                found.contains(&n),
                live,
                "{:?} on {}",
                &office.orders[n],
                office.today()
            );
            let outstanding = office.copies.contains_key(&n);
            let proven = office.receipts.get(&n).map(|(_, times)| *times);
            if office.listed(n) {
                prop_assert!(outstanding && proven.is_none(), "it is on the node");
            } else {
                prop_assert!(!outstanding, "{:?} has no receipt", &office.orders[n]);
                prop_assert!(proven.is_none_or(|times| times == 1));
            }
        }
        let node = self.node.as_ref().unwrap();
        prop_assert_eq!(lock(&node.list).receipts().unwrap().len(), 0);
        Ok(())
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => (1u8..5).prop_map(Fault::Lost),
        1 => (1u8..5).prop_map(Fault::ReplyLost),
        1 => Just(Fault::Twice),
        1 => (1u8..5).prop_map(Fault::Stale),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    // Off for at most as long as a list may be searched: longer with a clock that stood still cannot be told.
    let off = prop_oneof![Just(0), 0..HOUR_MS, 0..=LIST_LIMIT_MS];
    let battery = prop_oneof![
        2 => Just(Battery::Good),
        1 => Just(Battery::Empty),
        1 => Just(Battery::StandsStill)
    ];
    let set = prop_oneof![-30 * DAY_MS..30 * DAY_MS, -MINUTE_MS..MINUTE_MS];
    prop_oneof![
        3 => prop_oneof![0..2 * MINUTE_MS, 0..30 * HOUR_MS].prop_map(Step::Pass),
        3 => prop_oneof![Just(0), Just(-1), -MINUTE_MS..MINUTE_MS].prop_map(Step::ToMidnight),
        2 => any::<bool>().prop_map(Step::Link),
        6 => fault().prop_map(Step::Exchange),
        2 => (off, battery).prop_map(|(off, battery)| Step::Restart(off, battery)),
        2 => set.prop_map(Step::ClockSet),
        4 => (-1i64..3, 1i64..6).prop_map(|(begins, days)| Step::Add(begins, days)),
        1 => (0usize..16, 1i64..5).prop_map(|(n, days)| Step::Extend(n, days)),
        1 => (0usize..16).prop_map(Step::Revoke),
        1 => (0usize..16, any::<bool>()).prop_map(|(n, held)| Step::Hold(n, held)),
    ]
}

fn cases() -> u32 {
    match std::env::var_os("TAPAL_TEST_FULL") {
        Some(_) => 1_000,
        None => 200,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_history_lets_an_order_that_ended_match(
        offset in prop_oneof![Just(420), Just(480), Just(540)],
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new(offset);
        for step in steps {
            world.step(step);
            world.nobody_lapsed_matches()?;
        }
        world.reconciled()?;
    }
}

#[test]
fn seventy_two_hours_without_the_centre() {
    let mut world = World::new(540);
    // Ends today; ends tomorrow; ends in ten days; begins the day after tomorrow.
    for (begins, days) in [(0, 1), (0, 2), (0, 11), (2, 9)] {
        world.step(Step::Add(begins, days));
    }
    assert!(world.exchange(Fault::None));
    assert_eq!(world.matches(), [0, 1, 2]);
    world.step(Step::Link(false));
    let told = world.told_at.unwrap();
    let midnight = Day::at(told, 540).ends(540);
    // Searched every minute of three days; the clock's own doubt grows to less than a minute.
    let mut minutes = 0;
    while world.now().since_ms(told) < LIST_LIMIT_MS {
        world.pass(MINUTE_MS);
        minutes += 1;
        assert!(!world.exchange(Fault::None));
        let days = world.now().since_ms(midnight).div_euclid(DAY_MS) + 1;
        let near = (world.now().since_ms(midnight) + MINUTE_MS).rem_euclid(DAY_MS) < 2 * MINUTE_MS;
        let expect: &[usize] = match days {
            0 => &[0, 1, 2],
            1 => &[1, 2],
            2.. => &[2, 3],
            _ => panic!("before the start"),
        };
        let found = world.matches();
        match near {
            // At midnight itself nobody whose order ended, and nobody whose order has not begun.
            true => world.nobody_lapsed_matches().unwrap(),
            false => assert_eq!(found, expect, "minute {minutes}"),
        }
    }
    assert_eq!(minutes, 72 * 60);
    assert_eq!(
        world
            .node
            .as_ref()
            .unwrap()
            .refused
            .lock()
            .unwrap()
            .as_deref(),
        None
    );
    // Past 72 hours nothing is searched.
    world.pass(MINUTE_MS);
    assert_eq!(world.matches(), NOBODY);
    let refused = world.node.as_ref().unwrap().refused.lock().unwrap().clone();
    assert_eq!(refused.as_deref(), Some("list_too_old"));
    // On return the receipts of both say when they left, and whoever is looked for is found again.
    world.reconciled().unwrap();
    let office = world.office();
    for (n, day) in [(0, 0), (1, 1)] {
        let (receipt, times) = &office.receipts[&n];
        let late = receipt.removed_at.since_ms(midnight + day * DAY_MS);
        assert_eq!(*times, 1);
        assert!(
            (0..=2 * MINUTE_MS).contains(&late),
            "{late} ms after its midnight"
        );
    }
    assert_eq!(office.receipts.len(), 2);
}

/// Restarted with the link down: what the node finds of an order that ends today and one that ends in ten days.
fn check_restart(off_ms: i64, battery: Battery, expect: &[usize], refused: Option<&str>) {
    let mut world = World::new(420);
    world.step(Step::Add(0, 1));
    world.step(Step::Add(0, 11));
    assert!(world.exchange(Fault::None));
    world.step(Step::Link(false));
    world.restart(off_ms, battery);
    assert!(!world.exchange(Fault::None));
    assert_eq!(world.matches(), expect, "{off_ms} {battery:?}");
    let node = world.node.as_ref().unwrap();
    assert_eq!(
        node.refused.lock().unwrap().as_deref(),
        refused,
        "{off_ms} {battery:?}"
    );
    // Nothing was lost: with the centre all is as it should be.
    world.reconciled().unwrap();
}

#[test]
fn restarted_without_the_centre_only_what_cannot_have_ended_matches() {
    check_restart(0, Battery::Good, &[1], None);
    check_restart(10 * HOUR_MS, Battery::Good, &[1], None);
    check_restart(10 * HOUR_MS, Battery::StandsStill, &[1], None);
    check_restart(73 * HOUR_MS, Battery::Good, &[], Some("list_too_old"));
    check_restart(0, Battery::Empty, &[], Some("clock_lost"));
    check_restart(10 * HOUR_MS, Battery::Empty, &[], Some("clock_lost"));
}

#[test]
fn a_clock_far_ahead_does_not_empty_the_list_for_good() {
    let mut world = World::new(420);
    world.step(Step::Add(0, 5));
    assert!(world.exchange(Fault::None));
    assert_eq!(world.matches(), [0]);
    // With the link: the centre's next word, and nothing was dropped.
    world.step(Step::ClockSet(400 * DAY_MS));
    assert_eq!(world.matches(), NOBODY, "until the centre says otherwise");
    assert!(world.exchange(Fault::None));
    assert_eq!(world.matches(), [0]);
    // Without it the template is dropped after a minute, and pulled again later; no receipt stands.
    world.step(Step::Link(false));
    world.step(Step::ClockSet(400 * DAY_MS));
    assert_eq!(world.matches(), NOBODY);
    world.pass(2 * MINUTE_MS);
    assert_eq!(world.matches(), NOBODY);
    assert_eq!(world.node.as_ref().unwrap().gallery.len(), 0);
    world.reconciled().unwrap();
    assert_eq!(world.matches(), [0]);
    let skew = world.node.as_ref().unwrap().reckoning.skew_ms().unwrap();
    assert_eq!(skew, 800 * DAY_MS, "and it is reported");
}
