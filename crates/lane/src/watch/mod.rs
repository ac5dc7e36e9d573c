//! One camera's people: which face belongs to whom, which views to look at closely, and what the machine concludes.
//! One person is one decision. It moves no pixels to disk and raises nothing that `screening::judge` does not.

mod search;
#[cfg(test)]
mod tests;

pub use search::{Judged, Lists};

use std::collections::BTreeMap;

use tapal_domain::{
    entry::in_force,
    id::{AlertId, AttemptId, CameraId, EntryId, TrackId},
    screening::{Band, Candidate, Judgement, NotSearched},
    time::{Moment, UtcMs},
    wire::{Attempt, AttemptOutcome, CameraConfig, Counters, ShotQuality},
};
use tapal_vision::{Analyser, Card, Crop, Face, Picture, QualityLimits, Template};

use crate::{
    clock::Clock,
    pace::Need,
    pass::{Blocked, Fate, Pass},
    shot::{Shot, View, reason},
    track::{Key, Tracker},
};

/// Shots after which any band is raised while the person is still in view. With two, a Match is.
const STEADY_SHOTS: u32 = 3;
/// A person not seen this long is judged by the shots there are.
const LEAVING_MS: i64 = 400;
/// Undecided and not seen this long: looked for and not found, so that the next frame is searched; later it has left.
const MISSED_MS: std::ops::Range<i64> = 300..600;
/// How long after the last sight a person is still the same pass if the face agrees.
const REFOUND_MS: i64 = 3_000;
/// The same after the source itself was interrupted.
const REFOUND_GAP_MS: i64 = 10_000;
/// Fewer frames than this without a usable view are a flicker of the detector, not a person.
const FLICKER_FRAMES: u32 = 3;
/// Others reported with an alert.
const OTHERS: usize = 5;

/// From which similarity on two views by one camera moments apart are one person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yardstick {
    /// Below it a track has changed hands.
    pub same: f32,
    /// From it on a new track is a lost one found again.
    pub refound: f32,
}

impl Yardstick {
    /// From a model's own scale. Measured on the clips: views of one track agree with each other at least 0.17
    /// (EdgeFace) or 0.015 (ResNet) more than the card's match threshold; 99 % of other people stay below it.
    pub fn of(card: &Card) -> Self {
        let strong = card.thresholds.r#match;
        Yardstick {
            same: strong,
            refound: strong + 0.3 * (1.0 - strong),
        }
    }
}

/// A view that is worth a run of the recogniser.
#[derive(Debug)]
pub struct Taken {
    key: Key,
    shot: Shot,
    place: [f32; 4],
    uptime_ms: i64,
}

impl Taken {
    /// What the recogniser is to see.
    pub fn align(&self, analyser: &Analyser) -> Crop {
        self.shot.align(analyser)
    }
}

/// An alert to be raised, its faces still in memory.
#[derive(Debug)]
pub struct Raised {
    /// Its id.
    pub alert: AlertId,
    /// The track.
    pub track: TrackId,
    /// When the deciding frame was captured.
    pub captured_at: UtcMs,
    /// The strongest entry.
    pub best: Candidate,
    /// Its band.
    pub band: Band,
    /// The threshold it passed.
    pub threshold: f32,
    /// Others at or above theirs.
    pub others: Vec<Candidate>,
    /// Shots fused.
    pub shots: u32,
    /// Quality of the best shot.
    pub quality: ShotQuality,
    /// Where the face was: left, top, width, height as shares of the frame.
    pub face_box: [f32; 4],
    /// Portraits as JPEG, best first.
    pub portraits: Vec<Vec<u8>>,
    /// Entries searched.
    pub gallery_size: u64,
    /// Version of the list.
    pub list_version: i64,
}

/// What a frame led to.
#[derive(Debug)]
pub enum Outcome {
    /// An alert.
    Raise(Box<Raised>),
    /// What became of a person.
    Attempt(Attempt),
}

struct Earlier {
    alert: AlertId,
    entry: EntryId,
    last_ms: i64,
    gap: bool,
}

/// One camera's people.
pub struct Watch {
    camera: CameraId,
    limits: QualityLimits,
    /// The recogniser's five points and crop size.
    crop: ([[f32; 2]; 5], u32),
    yardstick: Yardstick,
    tracker: Tracker,
    passes: BTreeMap<Key, Pass>,
    /// Passes whose track ended; still open for the same face.
    lost: Vec<Pass>,
    /// Alerts of people no longer held.
    earlier: Vec<Earlier>,
    counters: Counters,
}

impl Watch {
    /// Nobody in view yet; counting goes on from `counters`.
    pub fn new(config: &CameraConfig, card: &Card, counters: Counters) -> Self {
        let mut limits = card.quality.unwrap_or_default();
        if config.min_eye_distance_px > 0.0 {
            limits.eye_distance_px = config.min_eye_distance_px;
        }
        Watch {
            camera: config.camera,
            limits,
            crop: (card.points(), card.input_size),
            yardstick: Yardstick::of(card),
            tracker: Tracker::new(),
            passes: BTreeMap::new(),
            lost: Vec::new(),
            earlier: Vec::new(),
            counters,
        }
    }

    /// Goes on from an earlier watch of the same camera: its counters, and its recent alerts, so that nobody is
    /// raised again because the source was interrupted. Whoever was undecided there is forgotten.
    pub fn after(config: &CameraConfig, card: &Card, before: &Watch) -> Self {
        let mut watch = Watch::new(config, card, before.counters.clone());
        let passes = before.passes.values().chain(&before.lost);
        let decided = passes.filter_map(|pass| match pass.fate {
            Fate::Open => None,
            Fate::Raised { alert, entry, .. } | Fate::Merged { alert, entry, .. } => {
                Some((alert, entry, pass.last_ms))
            }
        });
        let earlier = before.earlier.iter().map(|e| (e.alert, e.entry, e.last_ms));
        watch.earlier = earlier
            .chain(decided)
            .map(|(alert, entry, last_ms)| Earlier {
                alert,
                entry,
                last_ms,
                gap: true,
            })
            .collect();
        watch
    }

    /// Counters so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// People held in memory.
    pub fn people(&self) -> usize {
        self.passes.len() + self.lost.len()
    }

    /// How closely this camera must be looked at now.
    pub fn need(&self, uptime_ms: i64) -> Need {
        if self.people() == 0 {
            return Need::Nobody;
        }
        let mut need = Need::Known;
        for (key, pass) in &self.passes {
            let unseen_ms = uptime_ms - pass.last_ms;
            if unseen_ms >= MISSED_MS.end {
                continue;
            }
            let open = pass.fate == Fate::Open;
            let fresh = open && pass.frames < FLICKER_FRAMES;
            let missed = open && unseen_ms >= MISSED_MS.start;
            if fresh || missed || self.tracker.is_fast(*key) {
                return Need::Close;
            }
            if open && pass.shots <= STEADY_SHOTS {
                need = Need::Calm;
            }
        }
        need
    }

    /// A frame that was not searched for faces.
    pub fn pass_over(&mut self) {
        self.counters.frames += 1;
    }

    /// Follows the faces of a frame and picks the views to be embedded.
    pub fn look(
        &mut self,
        picture: &Picture,
        faces: &[Face],
        at: UtcMs,
        uptime_ms: i64,
    ) -> Vec<Taken> {
        self.counters.frames += 1;
        let boxes: Vec<[f32; 4]> = faces.iter().map(|face| face.bbox).collect();
        let step = self.tracker.step(&boxes, uptime_ms);
        for key in step.ended {
            self.lost.extend(self.passes.remove(&key));
        }
        let mut taken = Vec::new();
        for (face, key) in faces.iter().zip(step.faces) {
            let pass = self
                .passes
                .entry(key)
                .or_insert_with(|| Pass::begin(at, uptime_ms));
            let place = share(face.bbox, picture);
            pass.seen(at, uptime_ms, place);
            let contested = self.tracker.is_contested(key);
            if !contested && !pass.is_due(uptime_ms) {
                continue;
            }
            let Some(view) = View::cut(picture, face, &self.crop.0, self.crop.1) else {
                pass.refuse(NotSearched::CutOff);
                continue;
            };
            let quality = view.quality();
            if let Err(rejection) = quality.verdict(&self.limits) {
                pass.refuse(reason(rejection));
            } else if pass.wants(&quality, uptime_ms, contested) {
                taken.push(Taken {
                    key,
                    shot: Shot::new(view, quality, at),
                    place,
                    uptime_ms,
                });
            }
        }
        taken
    }

    /// Takes the templates of the views in, searches, judges, and lets go of those who left.
    pub fn settle(
        &mut self,
        taken: Vec<(Taken, Template)>,
        lists: &Lists,
        clock: &dyn Clock,
        uptime_ms: i64,
    ) -> Vec<Outcome> {
        for (taken, template) in taken {
            self.counters.faces += 1;
            self.take_in(taken, &template);
        }
        let mut outcomes = self.search(lists, clock, uptime_ms);
        outcomes.extend(self.let_go(clock, uptime_ms, REFOUND_MS));
        outcomes
    }

    /// The source stopped: everybody is judged by what there is, then let go.
    pub fn gap(&mut self, lists: &Lists, clock: &dyn Clock, uptime_ms: i64) -> Vec<Outcome> {
        for key in self.tracker.clear() {
            self.lost.extend(self.passes.remove(&key));
        }
        self.lost
            .extend(std::mem::take(&mut self.passes).into_values());
        let mut outcomes = self.search(lists, clock, uptime_ms + LEAVING_MS);
        outcomes.extend(self.let_go(clock, uptime_ms, -1));
        self.earlier
            .iter_mut()
            .for_each(|earlier| earlier.gap = true);
        outcomes
    }

    /// The matcher must stop: everybody is let go unsearched.
    pub fn dismiss(&mut self, clock: &dyn Clock, uptime_ms: i64) -> Vec<Outcome> {
        self.tracker.clear();
        self.lost
            .extend(std::mem::take(&mut self.passes).into_values());
        self.let_go(clock, uptime_ms, -1)
    }

    fn take_in(&mut self, taken: Taken, template: &Template) {
        let Taken {
            mut key,
            shot,
            place,
            uptime_ms,
            ..
        } = taken;
        let known = self
            .passes
            .get(&key)
            .filter(|pass| pass.shots > 0)
            .and_then(Pass::template);
        let agrees = known.is_none_or(|known| alike(&known, template) >= self.yardstick.same);
        if agrees {
            self.tracker.confirm(key);
        } else {
            key = self.change_hands(key, shot.at, uptime_ms, place);
        }
        let fresh = self.passes.get(&key).is_none_or(|pass| pass.shots == 0);
        let pass = self
            .passes
            .entry(key)
            .or_insert_with(|| Pass::begin(shot.at, uptime_ms));
        pass.add(shot, template, uptime_ms);
        if fresh {
            self.refind(key, template, uptime_ms);
        }
    }

    /// The track now shows somebody else: the earlier person is lost, a new pass begins.
    fn change_hands(&mut self, key: Key, at: UtcMs, uptime_ms: i64, place: [f32; 4]) -> Key {
        let fresh = self.tracker.split(key);
        self.lost.extend(self.passes.remove(&key));
        let mut pass = Pass::begin(at, uptime_ms);
        pass.seen(at, uptime_ms, place);
        self.passes.insert(fresh, pass);
        fresh
    }

    /// A new face may be one that was lost a moment ago.
    fn refind(&mut self, key: Key, template: &Template, uptime_ms: i64) {
        let likeness = |pass: &Pass| {
            pass.template()
                .map_or(f32::NEG_INFINITY, |known| alike(&known, template))
        };
        let best = self
            .lost
            .iter()
            .enumerate()
            .filter(|(_, pass)| uptime_ms - pass.last_ms <= REFOUND_MS)
            .map(|(i, pass)| (i, likeness(pass)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, score)) = best
            && score >= self.yardstick.refound
            && let Some(later) = self.passes.remove(&key)
        {
            let mut pass = self.lost.swap_remove(i);
            pass.absorb(later);
            self.passes.insert(key, pass);
            return;
        }
        // A track that waits for a face, unseen in this frame, may be this one too.
        let waiting = self
            .passes
            .iter()
            .filter(|(other, pass)| **other != key && pass.last_ms < uptime_ms)
            .map(|(other, pass)| (*other, likeness(pass)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((other, score)) = waiting
            && score >= self.yardstick.refound
            && let (Some(mut pass), Some(later)) =
                (self.passes.remove(&other), self.passes.remove(&key))
        {
            self.tracker.drop_track(other);
            pass.absorb(later);
            self.passes.insert(key, pass);
        }
    }

    /// Searches every pass with news, in one pass over the templates, and judges at this instant.
    fn search(&mut self, lists: &Lists, clock: &dyn Clock, uptime_ms: i64) -> Vec<Outcome> {
        let (mut held, earlier) = (self.held(uptime_ms), self.earlier(uptime_ms));
        // Whoever stood beside the holder is not the holder found again: judged alone when the holder is long gone.
        let is_held = |entry: EntryId| held.iter().any(|h| h.entry == entry);
        let freed = |entry: EntryId| !is_held(entry) && !earlier.iter().any(|(e, _)| *e == entry);
        let mut asked: Vec<(&mut Pass, Template, bool)> = Vec::new();
        let passes = self.passes.values_mut().chain(self.lost.iter_mut());
        for pass in passes.filter(|pass| pass.fate == Fate::Open && !pass.settled) {
            let leaving = uptime_ms - pass.last_ms >= LEAVING_MS;
            let fresh = pass.searched < pass.shots;
            let due = match pass.blocked.filter(|blocked| blocked.beside) {
                Some(Blocked { entry, .. }) => freed(entry) || (fresh && is_held(entry)),
                None => fresh,
            };
            let stuck = pass
                .blocked
                .is_some_and(|b| b.leaving && !fresh && is_held(b.entry));
            if !stuck
                && (leaving || due)
                && let Some(template) = pass.template()
            {
                asked.push((pass, template, leaving));
            }
        }
        let queries: Vec<&[f32]> = asked
            .iter()
            .map(|(_, template, _)| template.values.as_slice())
            .collect();
        let Some(model_id) = asked
            .first()
            .map(|(_, template, _)| template.model_id.clone())
        else {
            return Vec::new();
        };
        self.counters.searches += queries.len() as u64;
        let found = match lists.judged(&model_id, &queries, clock) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(camera = %self.camera, %error, "search refused");
                return Vec::new();
            }
        };
        let mut claims: Vec<Claim<'_>> = Vec::new();
        for ((pass, _, leaving), judged) in asked.into_iter().zip(found) {
            pass.searched = pass.shots;
            pass.blocked = None;
            // Without a new view there is nothing to search again, until the person leaves.
            pass.settled = leaving || pass.shots >= STEADY_SHOTS;
            pass.lapsed_match |= judged.a_lapsed_one;
            if let Judgement::Raise { best, band, others } = judged.judgement
                && ripe(pass, band, leaving)
            {
                claims.push(Claim {
                    pass,
                    best,
                    band,
                    others,
                    leaving,
                });
            }
        }
        let mut outcomes = Vec::new();
        claims.sort_by(|a, b| b.best.score.total_cmp(&a.best.score));
        for claim in claims {
            let Some(claim) = one_to_one(claim, &held, lists) else {
                continue;
            };
            // Judged a moment ago: at midnight even that may be too long.
            let Some(claim) = still_in_force(claim, clock.moment()) else {
                continue;
            };
            let (concluded, now_held) = conclude(
                claim,
                self.camera,
                &mut self.counters,
                &earlier,
                lists,
                clock,
            );
            held.push(now_held);
            outcomes.extend(concluded);
        }
        outcomes
    }

    /// Entries of people in view now, with their scores: nobody else can be the same person.
    fn held(&self, uptime_ms: i64) -> Vec<Held> {
        let in_view = self
            .passes
            .values()
            .filter(|pass| uptime_ms - pass.last_ms < LEAVING_MS);
        in_view
            .filter_map(|pass| match pass.fate {
                Fate::Open => None,
                Fate::Raised {
                    alert,
                    entry,
                    score,
                }
                | Fate::Merged {
                    alert,
                    entry,
                    score,
                } => Some(Held {
                    entry,
                    score,
                    alert,
                    last_ms: pass.last_ms,
                }),
            })
            .collect()
    }

    /// Alerts whose person left the view a moment ago: found again, it is the same decision.
    fn earlier(&self, uptime_ms: i64) -> Vec<(EntryId, AlertId)> {
        let out_of_view = self.passes.values().chain(&self.lost).filter(|pass| {
            let unseen = uptime_ms - pass.last_ms;
            (1..=REFOUND_MS).contains(&unseen)
        });
        let passes = out_of_view.filter_map(|pass| match pass.fate {
            Fate::Open => None,
            Fate::Raised { alert, entry, .. } | Fate::Merged { alert, entry, .. } => {
                Some((entry, alert))
            }
        });
        let interrupted = self
            .earlier
            .iter()
            .filter(|e| e.gap && uptime_ms - e.last_ms <= REFOUND_GAP_MS);
        interrupted
            .map(|e| (e.entry, e.alert))
            .chain(passes)
            .collect()
    }

    /// Lets go of lost passes nobody came back to; says what became of the undecided ones.
    fn let_go(&mut self, clock: &dyn Clock, uptime_ms: i64, patience_ms: i64) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for pass in std::mem::take(&mut self.lost) {
            if uptime_ms - pass.last_ms <= patience_ms {
                self.lost.push(pass);
                continue;
            }
            match pass.fate {
                Fate::Raised { alert, entry, .. } | Fate::Merged { alert, entry, .. } => {
                    self.earlier.push(Earlier {
                        alert,
                        entry,
                        last_ms: pass.last_ms,
                        gap: false,
                    });
                }
                Fate::Open => outcomes.extend(self.unraised(&pass, clock)),
            }
        }
        self.earlier
            .retain(|earlier| uptime_ms - earlier.last_ms <= REFOUND_GAP_MS);
        outcomes
    }

    fn unraised(&mut self, pass: &Pass, clock: &dyn Clock) -> Option<Outcome> {
        if pass.shots == 0 && pass.frames < FLICKER_FRAMES {
            return None;
        }
        self.counters.persons += 1;
        let outcome = if pass.shots == 0 {
            let why = pass.why_not();
            *self.counters.not_searched.entry(why).or_default() += 1;
            AttemptOutcome::NotSearched(why)
        } else if let Some(Blocked { alert, .. }) = pass.blocked {
            // Not below the threshold: like an entry that somebody beside was alerted for.
            self.counters.merged += 1;
            AttemptOutcome::Merged(alert)
        } else {
            self.counters.destroyed += 1;
            if pass.lapsed_match {
                AttemptOutcome::NotInForce
            } else {
                AttemptOutcome::BelowThreshold
            }
        };
        Some(Outcome::Attempt(attempt(self.camera, pass, outcome, clock)))
    }
}

/// An entry that somebody in view was found to be.
#[derive(Clone, Copy, Debug)]
struct Held {
    entry: EntryId,
    score: f32,
    alert: AlertId,
    last_ms: i64,
}

/// A pass that would raise.
struct Claim<'a> {
    pass: &'a mut Pass,
    best: Candidate,
    band: Band,
    others: Vec<Candidate>,
    leaving: bool,
}

/// Whether a pass has been looked at enough to raise this band.
fn ripe(pass: &Pass, band: Band, leaving: bool) -> bool {
    leaving || pass.shots >= STEADY_SHOTS || (band == Band::Match && pass.shots >= 2)
}

/// One entry is one person: a person in view who was found more similar keeps it. A claim on a held entry goes over
/// to the next that reaches its threshold and is free; without one it is judged again later.
fn one_to_one<'a>(mut claim: Claim<'a>, held: &[Held], lists: &Lists) -> Option<Claim<'a>> {
    // Clearly more similar: the one alerted before was probably the wrong one.
    let clearly = |claimed: f32, score: f32| claimed > score + 0.25 * (1.0 - score);
    let holder = |candidate: &Candidate| {
        held.iter()
            .find(|h| h.entry == candidate.entry && !clearly(candidate.score, h.score))
    };
    let Some(first) = holder(&claim.best) else {
        return Some(claim);
    };
    let free = claim.others.iter().position(|c| {
        let threshold = lists.thresholds.iter().find(|t| t.list == c.list);
        let band = threshold.map_or(Band::Unknown, |t| t.band(c.score));
        band != Band::Unknown && holder(c).is_none() && ripe(claim.pass, band, claim.leaving)
    });
    let Some(at) = free else {
        claim.pass.settled = false;
        claim.pass.blocked = Some(Blocked {
            entry: first.entry,
            alert: first.alert,
            beside: claim.pass.last_ms == first.last_ms,
            leaving: claim.leaving,
        });
        return None;
    };
    // The held one stays among the others: the officer sees it.
    std::mem::swap(&mut claim.best, &mut claim.others[at]);
    let list = claim.best.list;
    let threshold = lists.thresholds.iter().find(|t| t.list == list);
    claim.band = threshold.map_or(Band::Possible, |t| t.band(claim.best.score));
    claim.others.sort_by(|a, b| b.score.total_cmp(&a.score));
    Some(claim)
}

/// The claim as it stands at the instant of raising. When its entry ended meanwhile the pass is judged again.
fn still_in_force(mut claim: Claim<'_>, now: Moment) -> Option<Claim<'_>> {
    let live = |c: &Candidate| in_force(c.in_force_from, c.in_force_to, now);
    claim.others.retain(live);
    if !live(&claim.best) {
        claim.pass.lapsed_match = true;
        claim.pass.searched = 0;
        claim.pass.settled = false;
        return None;
    }
    Some(claim)
}

fn conclude(
    claim: Claim<'_>,
    camera: CameraId,
    counters: &mut Counters,
    earlier: &[(EntryId, AlertId)],
    lists: &Lists,
    clock: &dyn Clock,
) -> (Vec<Outcome>, Held) {
    let Claim {
        pass,
        best,
        band,
        others,
        ..
    } = claim;
    let last_ms = pass.last_ms;
    let held = |alert| Held {
        entry: best.entry,
        score: best.score,
        alert,
        last_ms,
    };
    counters.persons += 1;
    if let Some((entry, alert)) = earlier
        .iter()
        .rev()
        .find(|(entry, _)| *entry == best.entry)
        .copied()
    {
        counters.merged += 1;
        pass.decide(Fate::Merged {
            alert,
            entry,
            score: best.score,
        });
        let merged = attempt(camera, pass, AttemptOutcome::Merged(alert), clock);
        return (vec![Outcome::Attempt(merged)], held(alert));
    }
    counters.matches += 1;
    let alert = AlertId(clock.id());
    let threshold = lists.thresholds.iter().find(|t| t.list == best.list);
    let threshold = threshold.map_or(best.score, |t| {
        if band == Band::Match {
            t.strong
        } else {
            t.possible
        }
    });
    let shots = pass.best_shots();
    let raised = Raised {
        alert,
        track: TrackId(clock.id()),
        captured_at: pass.last_at,
        best,
        band,
        threshold,
        others: others.into_iter().take(OTHERS).collect(),
        shots: pass.shots,
        quality: shots.first().map(Shot::measures).unwrap_or_default(),
        face_box: pass.place,
        portraits: shots.iter().map(Shot::portrait).collect(),
        gallery_size: lists.gallery.len() as u64,
        list_version: lists.version,
    };
    let attempt = attempt(camera, pass, AttemptOutcome::Raised(alert), clock);
    pass.decide(Fate::Raised {
        alert,
        entry: best.entry,
        score: best.score,
    });
    let outcomes = vec![Outcome::Raise(Box::new(raised)), Outcome::Attempt(attempt)];
    (outcomes, held(alert))
}

fn attempt(camera: CameraId, pass: &Pass, outcome: AttemptOutcome, clock: &dyn Clock) -> Attempt {
    Attempt {
        id: AttemptId(clock.id()),
        camera,
        at: clock.now(),
        seen_ms: u32::try_from(pass.last_at.since_ms(pass.begun_at).max(0)).unwrap_or(u32::MAX),
        shots: pass.shots,
        outcome,
    }
}

/// A box as shares of the frame, 0 to 1.
fn share(bbox: [f32; 4], picture: &Picture) -> [f32; 4] {
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    [bbox[0] / w, bbox[1] / h, bbox[2] / w, bbox[3] / h].map(|v| {
        if v.is_finite() {
            v.clamp(0.0, 1.0)
        } else {
            0.0
        }
    })
}

fn alike(a: &Template, b: &Template) -> f32 {
    a.cosine(b).unwrap_or(f32::NEG_INFINITY)
}
