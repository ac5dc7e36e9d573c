//! What is one name and what is two, by kind of difference. The names are invented or of nobody in particular.

use super::*;

#[track_caller]
fn same(a: &str, b: &str) {
    for (a, b) in [(a, b), (b, a)] {
        let found = compare(a, b);
        assert!(
            found.is_match(),
            "{a} / {b}: {:.2}\n{}",
            found.score,
            table(&found)
        );
    }
}

#[track_caller]
fn other(a: &str, b: &str) {
    for (a, b) in [(a, b), (b, a)] {
        let found = compare(a, b);
        assert!(
            !found.is_match(),
            "{a} / {b}: {:.2}\n{}",
            found.score,
            table(&found)
        );
    }
}

fn table(found: &Comparison) -> String {
    let row = |row: &Row| {
        let words = format!("{} / {}", row.left.as_str(), row.right.as_str());
        format!(
            "{:+.2} {} {} {words}\n",
            row.weight,
            row.feature.code(),
            row.verdict.code()
        )
    };
    found.rows.iter().map(row).collect()
}

#[test]
fn old_spellings_titles_and_mononyms() {
    same("Soerjatmadja", "Suryatmaja");
    same("Drs. H. Tjokro Wirjawan, M.Si.", "Cokro Wiryawan");
    same("Moh. Fajrin Sadewa", "Muhammad Fajrin Sadewa");
    same("Achmad Sjafrudin", "Ahmad Syafruddin");
    same("Wirjodimedjo", "WIRYODIMEJO");
    other("Suratman", "Supardi");
    other("Wiryodimejo", "Suratman");
}

#[test]
fn order_commas_hyphens_and_joined_words() {
    same("SADEWA, Fajrin", "Fajrin Sadewa");
    same("Sadewa Fajrin", "Fajrin Sadewa");
    same("Anna-Lena Brodersen", "Anna Lena Brodersen");
    same("Annalena Brodersen", "Anna Lena Brodersen");
    same("FajrinSadewa", "Fajrin Sadewa");
    same("sadewafajrin", "Fajrin Sadewa");
    same("Anton Brodersen Jr.", "Anton Brodersen");
    same("Abd al-Rahman Qasimi", "Abdurrahman Al Qasimi");
    same("Saif al-Din Qasimi", "Sayfuddin Qasimi");
    same("Kamel Benzarti", "Kamel Ben Zarti");
}

#[test]
fn missing_parts_are_absent_and_do_not_contradict() {
    same("Fajrin Sadewa", "Fajrin Bagaskara Sadewa");
    same("Igor Petrenkov", "Igor Stanislavovich Petrenkov");
    let found = compare("Fajrin Sadewa", "Fajrin Bagaskara Sadewa");
    let missing = found
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Absent);
    assert_eq!(missing.count(), 1, "{}", table(&found));
    other("Fajrin", "Fajrin Bagaskara Sadewa");
    other(
        "Fajrin Sadewa",
        "Fajrin Bagaskara Yudistira Mahendra Sadewa",
    );
}

#[test]
fn a_part_left_on_both_sides_contradicts() {
    other("Salman Farouq Al-Zubaydi", "Salman Farouq Al-Mosuli");
    other("Fajrin Bagaskara Sadewa", "Fajrin Yudistira Sadewa");
    other("Habib Ben Tahar Trabelsi", "Habib Ben Sadok Trabelsi");
    other(
        "Igor Stanislavovich Petrenkov",
        "Igor Valentinovich Petrenkov",
    );
    other("Igor Petrenkov", "Oleg Petrenkov");
    other("Oleg Petrenkov", "Igor Olegovich Petrenkov");
    other("Ahmad Sadewa", "Muhammad Sadewa");
}

#[test]
fn initials_are_weak_and_can_contradict() {
    same("F. Sadewa", "Fajrin Sadewa");
    other("G. Sadewa", "Fajrin Sadewa");
    other("F. S.", "Fajrin Sadewa");
    other("Igor A. Petrenkov", "Oleg A. Petrenkov");
    other("Igor B. Petrenkov", "Igor Anatol Petrenkov");
}

#[test]
fn slips_by_length_and_place() {
    same("Fajrin Sadwea", "Fajrin Sadewa");
    same("Fajrin Saddewa", "Fajrin Sadewa");
    same("Igor Petrnkov", "Igor Petrenkov");
    same("Ig0r Petrenk0v", "Igor Petrenkov");
    same("Igors Petrenkovs", "Igor Petrenkov");
    other("Igor Petrosyan", "Igor Petrenkov");
    other("Fajrin Mahadewa", "Fajrin Bagaskara");
}

#[test]
fn scripts_meet() {
    same("Игорь Петренков", "Igor Petrenkov");
    same("Πέτρος Γεωργίου", "Petros Georgiou");
    same("مسعود قاسمی", "Masoud Ghasemi");
    same("Kim Jong-su", "Kim Jong Soo");
    other("김정수", "김정호");
    other("Игорь Петренков", "Oleg Smirnov");
}

#[test]
fn common_parts_decide_little() {
    same("Muhammad Ali", "Mohamed Aly");
    same("Muhammad", "Mohammed");
    other("Muhammad Ali", "Muhammad Ali Bagaskara");
    let rare = compare("Bagaskara Sadewa", "Bagaskara Sadewa").score;
    assert!(compare("Muhammad Ali", "Muhammad Ali").score < rare);
}

#[test]
fn the_table_adds_up_and_names_its_words() {
    let found = compare(
        "Moh. Fajrin bin Sadewa",
        "Muhammad Fajrin binti Sadeva Bagaskara",
    );
    let sum: f32 = found.rows.iter().map(|row| row.weight).sum();
    assert!((score(sum) - found.score).abs() < 1e-6);
    assert!(found.rows.iter().any(|row| row.feature == Feature::Descent));
    assert!(
        found
            .rows
            .iter()
            .any(|row| row.left.as_str() == "moh" && row.right.as_str() == "muhammad")
    );
    assert!(
        !format!("{found:?}").contains("fajrin"),
        "a printed table shows no name"
    );
}

proptest::proptest! {
    /// The quick look rules out no match.
    #[test]
    fn what_is_left_over_is_no_match(who in 0u64..100_000, way in 0usize..11, other in 0u64..50, seed in 0u64..1000) {
        use crate::synthetic::{Dice, name, otherwise};
        let written = otherwise(&name(who), way, &mut Dice::new(seed));
        for listed in [name(who), name(other)] {
            let (a, b) = (Name::new(&written), Name::new(&listed));
            let both = left_over(&a, &b) && compare_names(&a, &b).is_match();
            proptest::prop_assert!(!both, "{} / {}", written, listed);
        }
    }
}

#[test]
fn nothing_matches_nothing() {
    other("", "");
    other("---", "Fajrin");
}

proptest::proptest! {
    #[test]
    fn sides_do_not_matter(a in "[A-Za-z .,-]{0,40}", b in "[A-Za-z .,-]{0,40}") {
        let (there, back) = (compare(&a, &b).score, compare(&b, &a).score);
        proptest::prop_assert!((there - back).abs() < 1e-4, "{} {}", there, back);
    }

    #[test]
    fn a_name_is_itself(parts in proptest::collection::vec("[A-Z][a-z]{4,9}", 1..5)) {
        let name = parts.join(" ");
        proptest::prop_assert!(compare(&name, &name).is_match());
    }
}
