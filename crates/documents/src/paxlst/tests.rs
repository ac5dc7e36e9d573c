//! The fixtures word for word, every check of the envelope broken once, and any bytes.

#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

const D02B: &str = include_str!("../../../../fixtures/paxlst/d02b.edi");
const D98B: &str = include_str!("../../../../fixtures/paxlst/d98b.edi");
const OWN: &str = include_str!("../../../../fixtures/paxlst/own-characters.edi");

fn today() -> Day {
    "2026-11-28".parse().unwrap()
}

fn read_text(text: &str) -> Interchange {
    read(text.as_bytes(), today())
}

fn all_faults(text: &str) -> Vec<Wrong> {
    let whole = read_text(text);
    let messages = whole.messages.iter().flat_map(|message| &message.faults);
    whole
        .faults
        .iter()
        .chain(messages)
        .map(|fault| fault.wrong)
        .collect()
}

#[test]
fn release_02b_is_read_whole() {
    let whole = read_text(D02B);
    assert!(whole.is_whole(), "{:?}", all_faults(D02B));
    assert_eq!(all_faults(D02B), []);
    assert_eq!(
        (whole.sender.as_str(), whole.reference.as_str()),
        ("CONTOHAIR", "000000001")
    );
    let [passengers, crew] = &whole.messages[..] else {
        panic!("two messages");
    };
    assert_eq!(
        (passengers.kind, crew.kind),
        (Some(ListKind::Passengers), Some(ListKind::Crew))
    );
    assert_eq!(passengers.list, ("CONTOH0001".into(), "1".into()));
    assert_eq!(
        (passengers.journey.as_str(), passengers.carrier.as_str()),
        ("XC512", "XC")
    );
    assert_eq!(
        (passengers.from.as_str(), passengers.to.as_str()),
        ("SIN", "CGK")
    );
    assert_eq!(passengers.departs, "2026-11-28T10:05");
    assert_eq!(passengers.arrives, "2026-11-28T10:50");
    assert_eq!(
        (
            passengers.people.len(),
            passengers.left_out,
            passengers.declared
        ),
        (3, 0, Some(3))
    );
    let first = &passengers.people[0];
    assert_eq!(
        (first.surname.as_str(), first.given_names.as_str()),
        ("CONTOH", "LEMBAH DINI")
    );
    assert_eq!(
        (
            first.birth.as_str(),
            first.sex.as_str(),
            first.nationality.as_str()
        ),
        ("1984-07-30", "F", "IDN")
    );
    assert_eq!((first.pieces, first.verified), (Some(2), true));
    assert_eq!(first.ports, ["SIN", "CGK", "CGK"]);
    let document = &first.documents[0];
    assert_eq!(
        (document.kind.as_str(), document.number.as_str()),
        ("P", "C0000101")
    );
    assert_eq!(
        (document.expiry.as_str(), document.issuer.as_str()),
        ("2031-04-01", "IDN")
    );
    assert_eq!(passengers.people[1].reservation, "CNTH12");
    assert_eq!(
        passengers.people[2].surname, "O'CONTOH",
        "the release character"
    );
    assert!(crew.people[0].crew && !first.crew);
}

#[test]
fn release_98b_is_read_and_who_cannot_be_used_is_counted() {
    let whole = read_text(D98B);
    assert!(whole.is_whole());
    let message = &whole.messages[0];
    assert_eq!(
        (message.release.as_str(), message.arrives.as_str()),
        ("D.98B", "2026-11-28T13:10")
    );
    assert_eq!(
        (message.people.len(), message.left_out, message.declared),
        (2, 1, Some(3))
    );
    let [fault] = &message.faults[..] else {
        panic!("{:?}", message.faults);
    };
    assert_eq!((fault.wrong, fault.person), (Wrong::Document, Some(2)));
    // The segment that begins that person.
    let text = D98B.split('\'').nth(fault.segment - 1).unwrap();
    assert!(text.starts_with("NAD+FL+++TANPA"), "{text}");
    let last = &message.people[1];
    assert!(last.in_transit);
    assert_eq!((last.sex.as_str(), last.nationality.as_str()), ("X", "D"));
    assert_eq!(message.people[0].birth, "1987-05-12");
}

#[test]
fn other_service_characters_say_the_same() {
    assert_eq!(read_text(OWN), read_text(D98B));
}

#[track_caller]
fn check_broken(from: &str, to: &str, expect: Wrong) {
    assert!(D02B.contains(from), "{from}");
    let broken = D02B.replacen(from, to, 1);
    assert!(
        all_faults(&broken).contains(&expect),
        "{from} -> {to}: {:?}",
        all_faults(&broken)
    );
    assert_eq!(
        read_text(&broken).is_whole(),
        !expect.spoils(),
        "{from} -> {to}"
    );
}

#[test]
fn every_count_and_reference_is_held() {
    check_broken("CNT+42:3", "CNT+42:4", Wrong::People);
    check_broken("UNE+2+1", "UNE+3+1", Wrong::Count);
    check_broken("UNE+2+1", "UNE+2+9", Wrong::Reference);
    check_broken("UNZ+1+000000001", "UNZ+2+000000001", Wrong::Count);
    check_broken("UNZ+1+000000001", "UNZ+1+000000002", Wrong::Reference);
    check_broken("+PAX001'\nUNH", "+PAX009'\nUNH", Wrong::Reference);
    // A lost segment shows in the count of its message.
    check_broken("LOC+178+SIN'\n", "", Wrong::Count);
    check_broken("UNZ+1+000000001'", "", Wrong::Interchange);
    check_broken("UNB+UNOA:4+", "XXX+UNOA:4+", Wrong::Interchange);
    check_broken("UNH+PAX002+PAXLST", "UNH+PAX002+CUSRES", Wrong::NotPaxlst);
    check_broken("PAXLST:D:02B:UN", "PAXLST:D:05B:UN", Wrong::Release);
    check_broken("BGM+745", "BGM+266", Wrong::Kind);
    check_broken("TDT+20+XC512+++XC", "TDT+20++++XC", Wrong::Journey);
    check_broken("LOC+125+SIN", "LOC+125", Wrong::Place);
    check_broken("UNH+PAX002", "UNX+PAX002", Wrong::Order);
}

#[test]
fn what_is_wrong_with_a_person_is_named() {
    check_broken("DTM+329:840730", "DTM+329:841330", Wrong::Date);
    check_broken("ATT+2++F", "ATT+2++Q", Wrong::Sex);
    check_broken("NAT+2+IDN", "NAT+2+I9", Wrong::Country);
    check_broken(
        "NAD+FL+++CONTOH:LEMBAH:DINI",
        "NAD+FL+++:LEMBAH",
        Wrong::Name,
    );
    check_broken("DOC+P:110:111+C0000101", "DOC+P:110:111", Wrong::Document);
}

#[test]
fn what_cannot_be_read_at_all_says_why() {
    for (text, expect) in [
        ("", Wrong::Interchange),
        ("UNA:+.?", Wrong::ServiceCharacters),
        ("UNA::.? 'UNB'", Wrong::ServiceCharacters),
        ("UNB+UNOA", Wrong::Unterminated),
        ("UNB+UNOA?", Wrong::Unterminated),
        ("unb+x'", Wrong::Tag),
        ("passenger list", Wrong::Unterminated),
    ] {
        assert_eq!(all_faults(text), [expect], "{text}");
    }
    let huge = "UNB+".to_owned() + &"x".repeat(600) + "'";
    assert_eq!(all_faults(&huge), [Wrong::TooLarge]);
    let many = "UNB+".to_owned() + &":".repeat(50) + "'";
    assert_eq!(all_faults(&many), [Wrong::TooLarge]);
    let large = vec![b'\''; MOST_BYTES + 1];
    assert_eq!(read(&large, today()).faults[0].wrong, Wrong::TooLarge);
}

#[test]
fn years_of_two_digits_are_past_for_a_birth_and_near_for_an_expiry() {
    let person = |from: &str, to: &str| {
        let text = D02B.replacen(from, to, 1);
        read_text(&text).messages[0].people[0].clone()
    };
    assert_eq!(person("329:840730", "329:261129").birth, "1926-11-29");
    assert_eq!(person("329:840730", "329:261128").birth, "2026-11-28");
    assert_eq!(
        person("36:310401", "36:990401").documents[0].expiry,
        "1999-04-01"
    );
}

#[test]
fn letters_of_latin_1_are_read() {
    let mut bytes = D02B.replace("DE LA MUESTRA", "MU#OZ").into_bytes();
    let at = bytes.iter().position(|b| *b == b'#').unwrap();
    bytes[at] = 0xd1;
    assert_eq!(read(&bytes, today()).messages[0].people[1].surname, "MUÑOZ");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes, today());
    }

    #[test]
    fn a_changed_list_never_loses_anybody_silently(at in 0usize..2_000, byte in any::<u8>(), cut in 0usize..400) {
        let mut bytes = D02B.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let end = (at + cut % 60).min(bytes.len());
        if cut % 3 == 0 {
            bytes.drain(at..end);
        }
        let whole = read(&bytes, today());
        for message in &whole.messages {
            let named = message.people.len() + message.left_out;
            if whole.is_whole() {
                prop_assert!(message.declared.is_none_or(|said| said == named));
            }
            prop_assert!(message.left_out == 0 || !message.faults.is_empty());
        }
    }
}
