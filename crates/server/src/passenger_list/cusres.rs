//! The answer to a carrier as UN/EDIFACT CUSRES (D.02B), one message a list; each person stands in
//! an `ERP+2` group with the carrier's own number and the answer. Must not say why.

use std::fmt::Write;

use tapal_documents::paxlst::Interchange;
use tapal_domain::{passenger_list::Answer, time::UtcMs};
use tapal_store::passenger_list::{List, Passenger};

use crate::console::when::Zone;

/// A value with the characters that separate released.
fn released(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\'' | '+' | ':' | '?') {
            out.push('?');
        }
        out.push(letter);
    }
    out
}

/// The code of an answer in ERC: 0Z may board, 1Z is referred, 2Z may not board (agreed bilaterally, DE 9321).
fn code(answer: Answer) -> &'static str {
    match answer {
        Answer::Board => "0Z",
        Answer::Refer => "1Z",
        Answer::NoBoard => "2Z",
    }
}

/// The whole reply to an interchange.
pub fn reply(interchange: &Interchange, lists: &[(List, Vec<Passenger>)], now: UtcMs) -> String {
    let zone = Zone(0);
    let day = zone.iso_day(now).replace('-', "");
    let time: String = zone
        .clock(now)
        .chars()
        .filter(char::is_ascii_digit)
        .take(4)
        .collect();
    let day = day.get(2..).unwrap_or_default();
    let reference = released(&interchange.reference);
    let mut out = String::from("UNA:+.? '");
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "UNB+UNOC:3+TAPAL+{}+{day}:{time}+{reference}++APIS'",
        released(&interchange.sender)
    );
    for (n, (list, people)) in (1..).zip(lists) {
        let mut segments = vec![
            format!("UNH+{n}+CUSRES:D:02B:UN:IATA"),
            "BGM+962".to_owned(),
            format!("RFF+TN:{}", released(&list.message)),
            format!("RFF+AF:{}", released(&list.journey)),
        ];
        for (qualifier, place, function, at) in [
            ("125", &list.origin, "189", &list.departs),
            ("87", &list.destination, "232", &list.arrives),
        ] {
            let at: String = at.chars().filter(char::is_ascii_digit).skip(2).collect();
            if !at.is_empty() {
                segments.push(format!("DTM+{function}:{at}:201"));
            }
            segments.push(format!("LOC+{qualifier}+{}", released(place)));
        }
        for person in people {
            segments.push("ERP+2".to_owned());
            if !person.who.reference.is_empty() {
                segments.push(format!("RFF+ABO:{}", released(&person.who.reference)));
            }
            segments.push(format!("RFF+ACT:{}", person.n));
            segments.push(format!(
                "ERC+{}",
                code(Answer::of(person.advice, person.decision))
            ));
        }
        let count = segments.len() + 1;
        segments.push(format!("UNT+{count}+{n}"));
        for segment in segments {
            let _ = write!(out, "{segment}'");
        }
    }
    let _ = write!(out, "UNZ+{}+{reference}'", lists.len());
    out
}
