//! Specimens of ICAO Doc 9303, what must be refused, and that nothing panics.

use proptest::prelude::*;

use super::*;

const TD3: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD1_LONG: &str = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
const MRV_A: &str =
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<";
const MRV_B: &str = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<";
const ALL: [&str; 6] = [TD3, TD1, TD1_LONG, TD2, MRV_A, MRV_B];

fn today() -> Day {
    "2026-11-28".parse().unwrap()
}

fn faults(text: &str) -> Vec<Fault> {
    read(text, today()).faults
}

#[test]
fn the_specimens_are_read() {
    let formats = [
        Format::Td3,
        Format::Td1,
        Format::Td1,
        Format::Td2,
        Format::MrvA,
        Format::MrvB,
    ];
    for (text, format) in ALL.into_iter().zip(formats) {
        let found = read(text, today());
        assert!(
            found.valid,
            "{format:?} {:?} {:?}",
            found.faults, found.checks
        );
        assert_eq!(found.format, Some(format));
    }
    let found = read(TD3, today());
    let digits: Vec<&str> = found
        .checks
        .iter()
        .map(|check| check.found.as_str())
        .collect();
    assert_eq!(digits, ["6", "2", "9", "1", "0"]);
    assert_eq!(
        (
            found.document.as_str(),
            found.issuer.as_str(),
            found.nationality.as_str()
        ),
        ("P", "UTO", "UTO")
    );
    assert_eq!(
        (found.surname.as_str(), found.given_names.as_str()),
        ("ERIKSSON", "ANNA MARIA")
    );
    assert_eq!(
        (found.number.as_str(), found.optional.as_str()),
        ("L898902C3", "ZE184226B")
    );
    assert_eq!(
        (
            found.birth.as_str(),
            found.sex.as_str(),
            found.expiry.as_str()
        ),
        ("1974-08-12", "F", "2012-04-15")
    );
    assert_eq!(read(TD1_LONG, today()).number, "D23145890734");
    assert_eq!(read(MRV_A, today()).birth, "1940-09-07");
}

#[test]
fn a_reader_may_send_blanks_and_small_letters_but_no_other_sign() {
    let small = format!("\r\n  {}  \r\n", TD3.to_lowercase().replace('\n', " \r\n "));
    assert!(read(&small, today()).valid);
    assert_eq!(
        faults(&TD3.replace("ANNA<MARIA", "ANNA-MARIA")),
        [Fault::Character]
    );
    assert_eq!(faults(&TD3.replace("ANNA", "ÄNNA")), [Fault::Character]);
    assert_eq!(faults(&TD3[..80]), [Fault::Size]);
    assert_eq!(faults(""), [Fault::Size]);
}

#[test]
fn every_wrong_field_is_named() {
    let with = |from: &str, to: &str| {
        assert!(TD3.contains(from), "{from}");
        faults(&TD3.replacen(from, to, 1))
    };
    assert_eq!(with("P<UTO", "Q<UTO"), [Fault::Kind]);
    assert_eq!(with("P<UTO", "P1UTO"), [Fault::Kind]);
    assert_eq!(with("P<UTO", "P<QQQ"), [Fault::Issuer]);
    assert_eq!(with("6UTO7", "6QQQ7"), [Fault::Nationality]);
    assert_eq!(with("ANNA<MARIA", "ANNA3MARIA"), [Fault::Name]);
    assert_eq!(
        with("ERIKSSON<<ANNA<MARIA", "ERIKSSON<<<ANNAMARIA"),
        [Fault::Name]
    );
    assert_eq!(
        with("ERIKSSON<<ANNA<MARIA", "ERIKSSON<<ANNA<<MARI"),
        [Fault::Name]
    );
    assert_eq!(
        with("ERIKSSON<<ANNA<MARIA", "<ERIKSSON<<ANNA<MARI"),
        [Fault::Name]
    );
    assert_eq!(with("2F1", "2A1"), [Fault::Sex]);
    assert_eq!(with("L898902C36", "L898902C37"), [Fault::CheckDigit]);
    // Thirteen is no month, though its check digit may agree.
    assert!(with("7408122", "7413122").contains(&Fault::Birth));
    assert!(with("1204159", "1204310").contains(&Fault::Expiry));
}

#[test]
fn a_german_code_stands_alone_and_an_empty_personal_number_needs_no_digit() {
    let line = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<";
    let second = |optional: &str, digit: &str| {
        let covered = format!(
            "C01X00T47{}D<<6408125F2702283{optional}{digit}",
            self::digit("C01X00T47")
        );
        let birth = self::digit("640812");
        let expiry = self::digit("270228");
        let covered = covered
            .replace("6408125", &format!("640812{birth}"))
            .replace("2702283", &format!("270228{expiry}"));
        let composite = self::digit(&format!(
            "{}{}{}",
            &covered[0..10],
            &covered[13..20],
            &covered[21..43]
        ));
        format!("{line}\n{covered}{composite}")
    };
    for blank in ["0", "<"] {
        let found = read(&second("<<<<<<<<<<<<<<", blank), today());
        assert!(found.valid, "{:?}", found.faults);
        assert_eq!(
            (found.nationality.as_str(), found.issuer.as_str()),
            ("D", "D")
        );
    }
    assert!(!read(&second("A<<<<<<<<<<<<<", "<"), today()).valid);
}

#[test]
fn what_is_unknown_of_a_birth_stays_unknown() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(date::birth(text, today()).as_deref(), expect, "{text}");
    };
    check("740812", Some("1974-08-12"));
    check("7408<<", Some("1974-08"));
    check("74<<<<", Some("1974"));
    check("<<<<<<", Some(""));
    check("74<<12", None);
    check("<<0812", None);
    check("7<0812", None);
    check("740230", None);
    // Tomorrow was a hundred years ago; today is today.
    check("261129", Some("1926-11-29"));
    check("261128", Some("2026-11-28"));
    check("26<<<<", Some("2026"));
    check("27<<<<", Some("1927"));
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(date::expiry(text, today()).as_deref(), expect, "{text}");
    };
    check("120415", Some("2012-04-15"));
    check("750101", Some("2075-01-01"));
    check("770101", Some("1977-01-01"));
    check("3002<<", None);
    check("300230", None);
}

#[test]
fn an_overflow_that_does_not_end_is_said() {
    let cut = TD1_LONG.replace("<7349<<", "<<<<<<<");
    assert!(faults(&cut).contains(&Fault::Overflow));
    let wrong = TD1_LONG.replace("<7349<<", "<7348<<");
    assert!(faults(&wrong).contains(&Fault::CheckDigit));
}

/// A mutation of one character that is accepted changes nothing that a check digit covers, or its sum by a multiple of
/// ten; in the name it is a letter for a letter, or a filler where one may be.
#[test]
fn no_more_false_accepts_than_check_digits_allow() {
    let (signs, mut accepted) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<", 0);
    for at in 45..TD3.len() {
        for sign in signs.chars() {
            let mut text: Vec<char> = TD3.chars().collect();
            if text[at] == sign {
                continue;
            }
            text[at] = sign;
            let text: String = text.into_iter().collect();
            if !read(&text, today()).valid {
                continue;
            }
            accepted += 1;
            let (old, new) = (&TD3[45..], &text[45..]);
            let same =
                |range: std::ops::Range<usize>| digit(&old[range.clone()]) == digit(&new[range]);
            let uncovered = (10..13).contains(&(at - 45)) || at - 45 == 20;
            assert!(
                uncovered || (same(0..9) && same(13..19) && same(21..27) && same(28..42)),
                "{at} {sign}"
            );
        }
    }
    // 1,584 mutations; by chance about one in ten of the letters and digits would pass one digit.
    assert!(accepted < 80, "{accepted}");
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,200}") {
        read(&text, today());
    }

    #[test]
    fn nothing_panics_at_the_right_size(lines in prop_oneof![
        prop::collection::vec("[A-Z0-9<]{44}", 2), prop::collection::vec("[A-Z0-9<]{36}", 2), prop::collection::vec("[A-Z0-9<]{30}", 3)]) {
        let found = read(&lines.join("\n"), today());
        prop_assert_eq!(found.valid, found.faults.is_empty());
        prop_assert!(found.format.is_some());
    }

    /// What is composed by the rules is read back.
    #[test]
    fn a_passport_is_read_back(surname in "[A-Z]{1,12}", given in "[A-Z]{1,12}", number in "[A-Z0-9]{1,9}", year in 0u32..99, month in 1u32..=12, day in 1u32..=28, optional in "[A-Z0-9]{0,14}") {
        let field = |text: &str, width: usize| format!("{text:<<width$}");
        let number_field = field(&number, 9);
        let birth = format!("{year:02}{month:02}{day:02}");
        let optional_field = field(&optional, 14);
        let mut second = format!("{number_field}{}IDN{birth}{}M320115{}{optional_field}{}", digit(&number_field), digit(&birth), digit("320115"), digit(&optional_field));
        let composite = digit(&format!("{}{}{}", &second[0..10], &second[13..20], &second[21..43]));
        second.push_str(&composite.to_string());
        let text = format!("{}\n{second}", field(&format!("P<IDN{surname}<<{given}"), 44));
        let found = read(&text, today());
        prop_assert!(found.valid, "{:?}", found.faults);
        prop_assert_eq!(found.surname, surname);
        prop_assert_eq!(found.given_names, given);
        prop_assert_eq!(found.number, number);
        prop_assert_eq!(found.optional, optional);
        prop_assert_eq!(&found.birth[5..], format!("{month:02}-{day:02}"));
    }
}
