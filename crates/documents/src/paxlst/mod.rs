//! Passenger lists of carriers: UN/EDIFACT PAXLST, releases D.98B and D.02B (WCO/IATA/ICAO API guidelines, appendix II;
//! ISO 9735 for the envelope). Each fault names its segment. Must not leave anybody out without counting, nor decide
//! anything about a person.

mod message;
pub(crate) mod segment;
#[cfg(test)]
mod tests;
mod when;

use serde::Serialize;
use tapal_domain::day::Day;

pub use segment::MOST_BYTES;

/// Something wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// Larger than is read: 2 MiB, 120,000 segments, 5,000 people a message, 512 characters a component.
    TooLarge,
    /// UNA gives characters that cannot separate.
    ServiceCharacters,
    /// No tag of three letters or digits.
    Tag,
    /// The last segment does not end.
    Unterminated,
    /// No UNB at the beginning, or no UNZ at the end.
    Interchange,
    /// UNT, UNE or UNZ repeats another reference than its header gave.
    Reference,
    /// UNT, UNE or UNZ counts otherwise than there is.
    Count,
    /// A segment outside any message, or a message within another.
    Order,
    /// Not a PAXLST.
    NotPaxlst,
    /// Another release than D.98B or D.02B; read all the same.
    Release,
    /// BGM says neither a passenger list (745) nor a crew list (250).
    Kind,
    /// No carrier or number of the journey (TDT+20).
    Journey,
    /// No place of departure (LOC+125) or of arrival (LOC+87).
    Place,
    /// No such date or time.
    Date,
    /// CNT counts other people than there are.
    People,
    /// A person without a name.
    Name,
    /// A person without a document number.
    Document,
    /// Sex is not M, F, U or X.
    Sex,
    /// A country that is not a code of letters.
    Country,
}

impl Wrong {
    /// Whether it spoils the message: the carrier must send it again.
    pub fn spoils(self) -> bool {
        !matches!(
            self,
            Self::Release | Self::Name | Self::Document | Self::Sex | Self::Country | Self::Date
        )
    }
}

/// A fault and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The segment of the interchange, from 1, UNA not counted; 0 where there is none.
    pub segment: usize,
    /// What.
    pub wrong: Wrong,
    /// The person of the message, from 1, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<usize>,
}

impl Fault {
    pub(crate) fn new(segment: usize, wrong: Wrong) -> Self {
        Fault {
            segment,
            wrong,
            person: None,
        }
    }
}

/// Whom a message lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// Passengers (BGM 745).
    Passengers,
    /// Crew (BGM 250).
    Crew,
}

/// A travel document as announced.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Document {
    /// `P`, `V`, `A`, `C`, `I` and so on.
    pub kind: String,
    /// Number.
    pub number: String,
    /// `YYYY-MM-DD`; empty when not given.
    pub expiry: String,
    /// Issuing state (LOC+91).
    pub issuer: String,
}

/// A person as announced. `Debug` is redacted.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Traveller {
    /// Whether on the way to another country (NAD+DDU, DDT).
    pub in_transit: bool,
    /// Whether of the crew (NAD+FM, DDT).
    pub crew: bool,
    /// Surname.
    pub surname: String,
    /// Given names, apart by a blank.
    pub given_names: String,
    /// `YYYY-MM-DD`; empty when not given or not a date.
    pub birth: String,
    /// `M`, `F`, `X`, or empty.
    pub sex: String,
    /// Nationality (NAT+2).
    pub nationality: String,
    /// Country of residence (LOC+174).
    pub residence: String,
    /// Where the journey began (LOC+178), where it ends (LOC+179), where the border is crossed (LOC+22).
    pub ports: [String; 3],
    /// Reservation (RFF+AVF).
    pub reservation: String,
    /// The carrier's number of the person (RFF+ABO).
    pub reference: String,
    /// Pieces of baggage (MEA+CT), if given.
    pub pieces: Option<u32>,
    /// Whether the carrier checked the document (GEI+4+173).
    pub verified: bool,
    /// Documents, the travel document first.
    pub documents: Vec<Document>,
}

impl std::fmt::Debug for Traveller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Traveller(redacted)")
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Document(redacted)")
    }
}

/// One message: a journey and whom it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Reference of UNH.
    pub reference: String,
    /// Such as `D.02B`.
    pub release: String,
    /// Passengers or crew.
    pub kind: Option<ListKind>,
    /// The carrier's own number of the list (RFF+TN), and which version of it.
    pub list: (String, String),
    /// Carrier and number of the journey, such as `XY123`.
    pub journey: String,
    /// Carrier.
    pub carrier: String,
    /// Place of departure.
    pub from: String,
    /// Place of arrival.
    pub to: String,
    /// Scheduled departure there, `YYYY-MM-DDTHH:MM`; empty when not given.
    pub departs: String,
    /// Scheduled arrival there, `YYYY-MM-DDTHH:MM`; empty when not given.
    pub arrives: String,
    /// People that can be told apart: with name and document number.
    pub people: Vec<Traveller>,
    /// People that were named and cannot be used; each has a fault.
    pub left_out: usize,
    /// People as CNT counts them.
    pub declared: Option<usize>,
    /// What is wrong in this message.
    pub faults: Vec<Fault>,
}

impl Message {
    /// Whether it can be used, perhaps without those left out.
    pub fn is_whole(&self) -> bool {
        !self.faults.iter().any(|fault| fault.wrong.spoils())
    }
}

/// What a carrier sent at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interchange {
    /// Who sent it (UNB).
    pub sender: String,
    /// To whom.
    pub recipient: String,
    /// Control reference: a resend has the same.
    pub reference: String,
    /// Its messages.
    pub messages: Vec<Message>,
    /// What is wrong outside the messages.
    pub faults: Vec<Fault>,
}

impl Interchange {
    /// Whether the envelope and every message can be used.
    pub fn is_whole(&self) -> bool {
        let envelope = !self.faults.iter().any(|fault| fault.wrong.spoils());
        envelope && !self.messages.is_empty() && self.messages.iter().all(Message::is_whole)
    }
}

/// Reads what a carrier sent. `today` tells the century of years of two digits: births are not in the future, expiries
/// are nearest.
pub fn read(bytes: &[u8], today: Day) -> Interchange {
    match segment::segments(bytes) {
        Ok(segments) => message::interchange(&segments, today),
        Err(fault) => Interchange {
            faults: vec![fault],
            ..Interchange::default()
        },
    }
}
