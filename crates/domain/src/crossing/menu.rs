//! What an officer at a desk may do about the traveller who stands there: the rule table over every list that answers,
//! the stay and the visa. Must not leave out the way to second line, nor offer a citizen's refusal.

use super::Outcome;
use crate::{
    rule_pack::{Action, Pack, Standing, Subject},
    site::{Direction, SiteKind},
    stay::{Overstay, Route},
};

/// What is known of the traveller at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Stands<'a> {
    /// Where, and which way.
    pub place: (SiteKind, Direction),
    /// Citizen, protected.
    pub standing: Standing,
    /// The lists on which this person is, as far as a desk can tell.
    pub subjects: &'a [Subject],
    /// A stay that was too long, at departure.
    pub overstay: Option<Overstay>,
    /// Whether a foreigner has a visa, permit or exemption that serves this entry. Makes no difference to others.
    pub basis: bool,
    /// Whether a hit is left that the officer has not judged.
    pub doubt: bool,
    /// Whether the document is over. A citizen who comes home is admitted after a look; others go to second line.
    pub expired: bool,
}

/// One thing that may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What.
    pub action: Action,
    /// The list it comes from; `None` for the ordinary ones.
    pub subject: Option<Subject>,
    /// What the desk records for it at once; `None` where it is done in second line, or besides.
    pub records: Option<Outcome>,
}

/// Everything that may be done, the ordinary mark first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// In the order shown. Second line is always the last.
    pub choices: Vec<Choice>,
    /// Whether the desk may let the traveller pass.
    pub passes: bool,
}

/// Whether an action of a list keeps the desk from letting the traveller pass, `pass` being what letting pass means.
fn stops(action: Action, cell: &[Action], pass: Action) -> bool {
    match action {
        Action::Admit
        | Action::AllowDeparture
        | Action::Log
        | Action::NotifyAgency
        | Action::Verify
        | Action::CheckEarlierBan => false,
        // Told beside the mark where the law lets pass; otherwise the police or the bureau answer first.
        Action::NotifyPolice | Action::NotifyBureau => !cell.contains(&pass),
        // Its charge is paid at the desk; the way beyond it is not.
        Action::Charge => false,
        Action::RefuseEntry
        | Action::MayRefuseEntry
        | Action::DeferDeparture
        | Action::HandOver
        | Action::SecondLine
        | Action::FieldCheck
        | Action::Safeguard => true,
    }
}

/// What may be done about whoever stands there.
pub fn menu(pack: &Pack, stands: Stands<'_>) -> Menu {
    let Stands {
        place: (site, direction),
        standing,
        ..
    } = stands;
    let second_line = Choice {
        action: Action::SecondLine,
        subject: None,
        records: None,
    };
    if standing.protected {
        let safeguard = Choice {
            action: Action::Safeguard,
            subject: None,
            records: None,
        };
        return Menu {
            choices: vec![safeguard, second_line],
            passes: false,
        };
    }
    let ordinary = match (site, direction) {
        (SiteKind::Checkpoint, Direction::Arrival) => Some((Action::Admit, Outcome::Entered)),
        (SiteKind::Checkpoint, Direction::Departure) => {
            Some((Action::AllowDeparture, Outcome::Departed))
        }
        _ => None,
    };
    let mut choices = Vec::new();
    let mut passes = ordinary.is_some() && !stands.doubt;
    for subject in stands.subjects {
        let cell = pack.allowed((site, direction), standing, *subject);
        for action in &cell {
            passes &= ordinary.is_none_or(|(pass, _)| !stops(*action, &cell, pass));
            let passing = matches!(action, Action::Admit | Action::AllowDeparture);
            if !passing && *action != Action::SecondLine {
                choices.push(Choice {
                    action: *action,
                    subject: Some(*subject),
                    records: None,
                });
            }
        }
    }
    let mut charge = None;
    if let Some(overstay) = stands.overstay {
        let cell = pack.allowed((site, direction), standing, Subject::Overstay);
        if cell.contains(&Action::Charge) {
            let paid = matches!(overstay.route, Route::Charge { .. });
            passes &= paid;
            let records = paid.then_some(Outcome::Departed);
            charge = Some(Choice {
                action: Action::Charge,
                subject: Some(Subject::Overstay),
                records,
            });
        }
    }
    if direction == Direction::Arrival && !standing.citizen && !stands.basis {
        passes = false;
    }
    if stands.expired {
        let home = direction == Direction::Arrival && standing.citizen;
        passes &= home;
        choices.push(Choice {
            action: Action::Verify,
            subject: None,
            records: None,
        });
    }
    match (charge, ordinary) {
        // Passing is paying first: one choice, not two.
        (Some(mut charge), _) => {
            charge.records = charge.records.filter(|_| passes);
            choices.insert(0, charge);
        }
        (None, Some((action, outcome))) if passes => {
            choices.insert(
                0,
                Choice {
                    action,
                    subject: None,
                    records: Some(outcome),
                },
            );
        }
        _ => {}
    }
    choices.push(second_line);
    Menu { choices, passes }
}
