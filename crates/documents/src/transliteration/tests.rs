//! The standard's own examples, and what a comparison must not take for the same name.

use proptest::prelude::*;

use super::*;

#[test]
fn the_examples_of_the_standard() {
    for (printed, zone) in [
        // Doc 9303-3, 4.6 and section 6.A.
        ("O'Connor", "OCONNOR"),
        ("Smith-Jones", "SMITH<JONES"),
        ("Van der Muellen", "VAN<DER<MUELLEN"),
        ("Térèse Caecilia", "TERESE<CAECILIA"),
        ("Åström", "AASTROEM"),
        ("Gößmann", "GOESSMANN"),
        ("Łukasz Żółć", "LUKASZ<ZOLC"),
        ("Þórður Ðævarsson", "THORDUR<DAEVARSSON"),
        ("Nguyễn Đức", "NGUYEN<DUC"),
        // Section 6.C with its notes 2 and 3, appendix B.
        (
            "ابو بكر محمد بن زكريا الرازي",
            "ABW<BKR<MXHMD<BN<ZKRYA<ALRAZY",
        ),
        ("عبّاس", "EBBAS"),
        ("فضّة", "FXDZXDZXAH"),
        ("هاري الشماع", "HARY<ALXSHMAE"),
        ("جميلة نعيمة", "JMYLXAH<NEYMXAH"),
        // Section 6.B.
        ("Щербаков", "SHCHERBAKOV"),
        ("Юлия Ёлкина", "IULIIA<ELKINA"),
        ("Игорь", "IGOR"),
    ] {
        assert_eq!(recommended(printed).as_deref(), Ok(zone), "{printed}");
        assert_eq!(may_be(printed, zone), Ok(true), "{printed}");
    }
}

#[test]
fn every_form_that_the_standard_allows_agrees_and_no_other() {
    for (printed, zone, expect) in [
        ("Müller", "MUELLER", true),
        ("Müller", "MULLER", true),
        ("Müller", "MUXXLLER", true),
        ("Mu\u{308}ller", "MUELLER", true),
        ("Müller", "MILLER", false),
        ("Müller", "MUELLERS", false),
        ("Muñoz", "MUNXXOZ", true),
        ("Григорій Ющенко", "HRYHORIY<YUSHCHENKO", true),
        ("Ђорђе Жупљанин", "DORDE<ZUPLJANIN", true),
        ("Щерев", "SHTEREV", true),
        ("عبّاس", "EBAS", true),
        ("Anna Maria", "ANNA MARIA", true),
        ("Anna Maria", "ANNAMARIA", false),
        ("Anna Maria", "ANNA", false),
    ] {
        assert_eq!(may_be(printed, zone), Ok(expect), "{printed} {zone}");
    }
    assert_eq!(recommended("山田"), Err(Unwritable('山')));
    assert_eq!(recommended("Anna 2"), Err(Unwritable('2')));
}

#[test]
fn a_name_too_long_is_cut_as_in_doc_9303_4() {
    let check = |primary: &str, secondary: &str, expect: &str| {
        assert_eq!(expect.len(), 39);
        assert_eq!(name_field(primary, secondary, 39).as_deref(), Ok(expect));
        let (first, rest) = expect
            .trim_end_matches('<')
            .split_once("<<")
            .unwrap_or((expect, ""));
        let full = !expect.ends_with('<');
        let agrees = agreement((primary, secondary), (first, rest), full).unwrap();
        assert_ne!(agrees, Agreement::Differs, "{expect}");
    };
    check(
        "ERIKSSON",
        "ANNA MARIA",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    );
    check(
        "NILAVADHANANANDA",
        "CHAYAPA DEJTHAMRONG KRASUANG",
        "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K",
    );
    check(
        "BENNELONG WOOLOOMOOLOO WARRANDYTE WARNAMBOOL",
        "DINGO POTOROO",
        "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<W<<DI",
    );
    // The cut falls on a filler: the component before gives a letter up.
    check(
        "NILAVADHANANANDA",
        "CHAYAPA DEJTHAMRONGX KRASUANG",
        "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K",
    );
    check(
        "PAPANDROPOULOUS",
        "JONATHON ALEC",
        "PAPANDROPOULOUS<<JONATHON<ALEC<<<<<<<<<",
    );
}

#[test]
fn a_cut_name_agrees_only_when_the_field_is_full_and_in_every_part_it_has() {
    let printed = (
        "BENNELONG WOOLOOMOOLOO WARRANDYTE WARNAMBOOL",
        "DINGO POTOROO",
    );
    let check = |zone: (&str, &str), full: bool, expect: Agreement| {
        assert_eq!(
            agreement(printed, zone, full),
            Ok(expect),
            "{zone:?} {full}"
        );
    };
    check(
        ("BENNELONG WOOLOOM WARRAND WARNAM", "DINGO"),
        true,
        Agreement::Cut,
    );
    check(
        ("BENNELONG WOOLOOM WARRAND WARNAM", "DINGO"),
        false,
        Agreement::Differs,
    );
    check(
        ("BENNELONG WOOLOOMOOLOO WARRANDYTE", ""),
        true,
        Agreement::Cut,
    );
    check(("BENNELONG WARRANDYTE", "DINGO"), true, Agreement::Differs);
    check(("", "DINGO"), true, Agreement::Differs);
    check(printed, false, Agreement::Whole);
    assert_eq!(
        agreement(("Müllersdorfer", ""), ("MU", ""), true),
        Ok(Agreement::Cut),
        "a form of two letters is cut too"
    );
}

#[test]
fn a_part_of_letters_that_are_left_out_is_none() {
    for (printed, zone) in [("ь-Ž", "Z"), ("Ž-ь", "Z"), ("А ь Б", "A<B"), ("ь", "")] {
        assert_eq!(recommended(printed).as_deref(), Ok(zone), "{printed}");
        assert_eq!(may_be(printed, zone), Ok(true), "{printed}");
    }
    assert_eq!(may_be("А ь Б", "AB"), Ok(false));
}

proptest! {
    #[test]
    fn what_is_written_is_what_agrees(printed in "[A-Za-zÀ-ÖØ-öø-ÿА-яЁёĄŁŻŠČŽ' -]{1,30}") {
        let zone = recommended(&printed).unwrap_or_default();
        prop_assert!(zone.bytes().all(|b| b.is_ascii_uppercase() || b == b'<'));
        prop_assert_eq!(may_be(&printed, &zone).unwrap_or(true), true);
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_a_field_has_its_width(primary in "\\PC{0,60}", secondary in "\\PC{0,60}") {
        if let Ok(field) = name_field(&primary, &secondary, 39) {
            prop_assert_eq!(field.len(), 39);
        }
        let _ = agreement((&primary, &secondary), (&secondary, &primary), true);
    }
}
