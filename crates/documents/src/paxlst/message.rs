//! From segments to messages and people. Must not stop at the first fault: each is named, and who cannot be used is
//! counted.

use tapal_domain::day::Day;

use super::{
    Document, Fault, Interchange, ListKind, Message, Traveller, Wrong,
    segment::Segment,
    when::{Century, day, instant},
};

/// Most people of a message.
const MOST_PEOPLE: usize = 5_000;

/// Reads the envelope and every message in it.
pub(super) fn interchange(segments: &[Segment], today: Day) -> Interchange {
    let mut whole = Interchange::default();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        whole.faults.push(Fault::new(0, Wrong::Interchange));
        return whole;
    };
    if first.tag == "UNB" {
        whole.sender = first.part(1, 0).to_owned();
        whole.recipient = first.part(2, 0).to_owned();
        whole.reference = first.part(4, 0).to_owned();
    } else {
        whole.faults.push(Fault::new(first.n, Wrong::Interchange));
    }
    let grouped = body(&mut whole, segments, today);
    if last.tag == "UNZ" {
        let units = grouped.unwrap_or(whole.messages.len());
        count(&mut whole.faults, last, last.part(0, 0), units);
        refer(&mut whole.faults, last, last.part(1, 0), &whole.reference);
    } else {
        whole.faults.push(Fault::new(last.n, Wrong::Interchange));
    }
    whole
}

fn count(faults: &mut Vec<Fault>, at: &Segment, said: &str, found: usize) {
    if said.trim().parse() != Ok(found) {
        faults.push(Fault::new(at.n, Wrong::Count));
    }
}

fn refer(faults: &mut Vec<Fault>, at: &Segment, said: &str, given: &str) {
    if said != given || given.is_empty() {
        faults.push(Fault::new(at.n, Wrong::Reference));
    }
}

/// Everything between UNB and UNZ; how many groups there are, if any.
fn body(whole: &mut Interchange, segments: &[Segment], today: Day) -> Option<usize> {
    let mut open: Option<Draft> = None;
    // Reference of the open group, and how many messages stood before it.
    let mut group: Option<(String, usize)> = None;
    let mut groups = None;
    for segment in segments {
        match segment.tag.as_str() {
            "UNB" if segment.n == 1 => {}
            "UNZ" if segment.n == segments.len() => {}
            "UNG" if open.is_none() && group.is_none() => {
                group = Some((segment.part(4, 0).to_owned(), whole.messages.len()));
            }
            "UNE" if open.is_none() => {
                let Some((given, before)) = group.take() else {
                    whole.faults.push(Fault::new(segment.n, Wrong::Order));
                    continue;
                };
                groups = Some(groups.unwrap_or(0) + 1);
                count(
                    &mut whole.faults,
                    segment,
                    segment.part(0, 0),
                    whole.messages.len() - before,
                );
                refer(&mut whole.faults, segment, segment.part(1, 0), &given);
            }
            "UNH" if open.is_none() => open = Some(Draft::begin(segment, today)),
            "UNT" => match open.take() {
                Some(draft) => whole.messages.push(draft.end(segment)),
                None => whole.faults.push(Fault::new(segment.n, Wrong::Order)),
            },
            "UNB" | "UNZ" | "UNG" | "UNE" | "UNH" => {
                whole.faults.push(Fault::new(segment.n, Wrong::Order))
            }
            _ => match &mut open {
                Some(draft) => draft.read(segment),
                None => whole.faults.push(Fault::new(segment.n, Wrong::Order)),
            },
        }
    }
    if open.is_some() || group.is_some() {
        whole.faults.push(Fault::new(segments.len(), Wrong::Order));
    }
    groups
}

/// A message being read.
struct Draft {
    message: Message,
    today: Day,
    first: usize,
    /// The person being read, and the segment that began it.
    person: Option<(Traveller, usize)>,
    /// People so far, those left out too.
    named: usize,
    /// Whether the next date belongs to the document read last.
    document: bool,
}

impl Draft {
    fn begin(unh: &Segment, today: Day) -> Self {
        let release = format!("{}.{}", unh.part(1, 1), unh.part(1, 2));
        let mut faults = Vec::new();
        if unh.part(1, 0) != "PAXLST" {
            faults.push(Fault::new(unh.n, Wrong::NotPaxlst));
        } else if !["D.98B", "D.02B"].contains(&release.as_str()) {
            faults.push(Fault::new(unh.n, Wrong::Release));
        }
        Draft {
            message: Message {
                reference: unh.part(0, 0).to_owned(),
                release,
                kind: None,
                list: (String::new(), String::new()),
                journey: String::new(),
                carrier: String::new(),
                from: String::new(),
                to: String::new(),
                departs: String::new(),
                arrives: String::new(),
                people: Vec::new(),
                left_out: 0,
                declared: None,
                faults,
            },
            today,
            first: unh.n,
            person: None,
            named: 0,
            document: false,
        }
    }

    fn fault(&mut self, segment: usize, wrong: Wrong) {
        let person = self.person.is_some().then_some(self.named);
        self.message.faults.push(Fault {
            segment,
            wrong,
            person,
        });
    }

    fn end(mut self, unt: &Segment) -> Message {
        self.settle();
        let faults = &mut self.message.faults;
        count(faults, unt, unt.part(0, 0), unt.n - self.first + 1);
        refer(faults, unt, unt.part(1, 0), &self.message.reference);
        if self.message.kind.is_none() {
            self.fault(unt.n, Wrong::Kind);
        }
        if self.message.journey.is_empty() {
            self.fault(unt.n, Wrong::Journey);
        }
        if self.message.from.is_empty() || self.message.to.is_empty() {
            self.fault(unt.n, Wrong::Place);
        }
        if self.message.declared.is_some_and(|said| said != self.named) {
            self.fault(unt.n, Wrong::People);
        }
        self.message
    }

    fn read(&mut self, segment: &Segment) {
        let begins = |qualifier: &str| matches!(qualifier, "FL" | "FM" | "DDU" | "DDT");
        match (segment.tag.as_str(), segment.qualifier()) {
            ("NAD", qualifier) if begins(qualifier) => self.begin_person(segment),
            ("NAD", _) => self.settle(),
            ("CNT", "41" | "42") => {
                self.settle();
                match segment.part(0, 1).trim().parse() {
                    Ok(said) => self.message.declared = Some(said),
                    Err(_) => self.fault(segment.n, Wrong::People),
                }
            }
            _ if self.person.is_some() => self.read_person(segment),
            _ => self.read_journey(segment),
        }
    }

    fn read_journey(&mut self, segment: &Segment) {
        let message = &mut self.message;
        match (segment.tag.as_str(), segment.qualifier()) {
            ("BGM", "745") => message.kind = Some(ListKind::Passengers),
            ("BGM", "250") => message.kind = Some(ListKind::Crew),
            ("BGM", _) => self.fault(segment.n, Wrong::Kind),
            ("RFF", "TN") => {
                message.list = (segment.part(0, 1).to_owned(), segment.part(0, 4).to_owned());
            }
            ("TDT", "20") => {
                message.journey = segment.part(1, 0).to_owned();
                message.carrier = segment.part(4, 0).to_owned();
            }
            ("LOC", qualifier @ ("125" | "87" | "92")) => {
                let place = segment.part(1, 0).to_owned();
                match qualifier {
                    "125" if message.from.is_empty() => message.from = place,
                    // The last place of arrival counts: the one before it is on the way.
                    "87" => message.to = place,
                    _ => {}
                }
            }
            ("DTM", "189" | "232") => match instant(segment.part(0, 1), self.today) {
                Some(at) if segment.qualifier() == "189" => {
                    if message.departs.is_empty() {
                        message.departs = at;
                    }
                }
                Some(at) => message.arrives = at,
                None => self.fault(segment.n, Wrong::Date),
            },
            _ => {}
        }
    }

    fn begin_person(&mut self, segment: &Segment) {
        self.settle();
        self.named += 1;
        let name = segment.parts(3);
        let part = |at: usize| name.get(at).map_or("", |part| part.trim());
        let given: Vec<&str> = (1..name.len())
            .map(part)
            .filter(|part| !part.is_empty())
            .collect();
        let qualifier = segment.qualifier();
        let person = Traveller {
            in_transit: matches!(qualifier, "DDU" | "DDT"),
            crew: matches!(qualifier, "FM" | "DDT"),
            surname: part(0).to_owned(),
            given_names: given.join(" "),
            ..Traveller::default()
        };
        self.person = Some((person, segment.n));
        self.document = false;
        if self.named > MOST_PEOPLE {
            self.fault(segment.n, Wrong::TooLarge);
        }
    }

    /// The person read last is whole, or left out and counted.
    fn settle(&mut self) {
        let Some((person, begun)) = self.person.take() else {
            return;
        };
        let numbered = person
            .documents
            .iter()
            .any(|document| !document.number.is_empty());
        let mut lacks = Vec::new();
        if person.surname.is_empty() {
            lacks.push(Wrong::Name);
        }
        if !numbered {
            lacks.push(Wrong::Document);
        }
        if lacks.is_empty() && self.named <= MOST_PEOPLE {
            self.message.people.push(person);
            return;
        }
        self.message.left_out += 1;
        let at = Some(self.named);
        self.message
            .faults
            .extend(lacks.into_iter().map(|wrong| Fault {
                segment: begun,
                wrong,
                person: at,
            }));
    }

    fn read_person(&mut self, segment: &Segment) {
        let (n, today) = (segment.n, self.today);
        let Some((person, _)) = &mut self.person else {
            return;
        };
        let value = segment.part(0, 1).trim();
        let wrong = match (segment.tag.as_str(), segment.qualifier()) {
            ("ATT", "2") => sex(person, segment),
            ("DTM", "329") => match day(value, Century::Past(today)) {
                Some(day) => {
                    person.birth = day.to_string();
                    None
                }
                None => Some(Wrong::Date),
            },
            ("DTM", "36") => match (
                day(value, Century::Nearest(today)),
                person.documents.last_mut(),
            ) {
                (Some(day), Some(document)) if self.document => {
                    document.expiry = day.to_string();
                    None
                }
                _ => Some(Wrong::Date),
            },
            ("MEA", "CT") => {
                person.pieces = segment
                    .parts(2)
                    .last()
                    .and_then(|text| text.trim().parse().ok());
                None
            }
            ("GEI", "4") => {
                person.verified |= segment.part(1, 0) == "173";
                None
            }
            ("NAT", _) => country(segment.part(1, 0), &mut person.nationality),
            ("RFF", "AVF") => {
                person.reservation = value.to_owned();
                None
            }
            ("RFF", "ABO") => {
                person.reference = value.to_owned();
                None
            }
            ("LOC", qualifier) => place(person, qualifier, segment.part(1, 0), self.document),
            ("DOC", kind) => {
                person.documents.push(Document {
                    kind: kind.to_owned(),
                    number: segment.part(1, 0).trim().to_owned(),
                    ..Document::default()
                });
                self.document = true;
                None
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.fault(n, wrong);
        }
    }
}

/// `ATT+2++M`; some senders write the code in the element before.
fn sex(person: &mut Traveller, segment: &Segment) -> Option<Wrong> {
    let code = match segment.part(2, 0) {
        "" => segment.part(1, 0),
        code => code,
    };
    person.sex = match code {
        "M" | "F" | "X" => code.to_owned(),
        "U" => "X".to_owned(),
        _ => return Some(Wrong::Sex),
    };
    None
}

fn country(code: &str, into: &mut String) -> Option<Wrong> {
    let code = code.trim();
    if !matches!(code.len(), 1..=3) || !code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Some(Wrong::Country);
    }
    *into = code.to_owned();
    None
}

fn place(person: &mut Traveller, qualifier: &str, code: &str, document: bool) -> Option<Wrong> {
    match qualifier {
        "178" => person.ports[0] = code.to_owned(),
        "179" => person.ports[1] = code.to_owned(),
        "22" => person.ports[2] = code.to_owned(),
        "174" => return country(code, &mut person.residence),
        "91" if document => {
            let last = person.documents.last_mut()?;
            return country(code, &mut last.issuer);
        }
        _ => {}
    }
    None
}
