//! The list finds what the comparison calls a match, and forgets what was taken off.

use super::*;
use crate::{
    Birth, Country, Sex, compare,
    synthetic::{Dice, WAYS, name, otherwise},
};

fn of(names: &[&str]) -> Subject {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Subject::new(names, Vec::new(), Facts::default())
}

fn named(index: &Index<u32>, asked: &str) -> Vec<u32> {
    index
        .screen(&of(&[asked]), 50)
        .names
        .iter()
        .map(|hit| hit.id)
        .collect()
}

/// A thousand invented people, and some of ours.
fn crowd() -> Index<u32> {
    let mut index = Index::default();
    for who in 0..1000 {
        index.put(who, &of(&[&name(u64::from(who))]));
    }
    index.put(5000, &of(&["Fajrin Bagaskara Sadewa", "Abu Rimba"]));
    index.put(5001, &of(&["Soerjatmadja"]));
    index.put(5002, &of(&["Muhammad"]));
    index.put(5003, &of(&["Igor Stanislavovich Petrenkov"]));
    index
}

#[test]
fn found_by_any_name_in_any_writing() {
    let index = crowd();
    assert_eq!(named(&index, "SADEWA, Fajrin"), [5000]);
    assert_eq!(named(&index, "Aboe Rimba"), [5000]);
    assert_eq!(named(&index, "suryatmaja"), [5001]);
    assert!(named(&index, "Mohd").contains(&5002));
    assert_eq!(named(&index, "И. Петренков"), [5003]);
    assert!(named(&index, "Fajrin Yudistira Sadewa").is_empty());
    assert!(named(&index, "").is_empty());
    let hit = &index.screen(&of(&["Nobody Else", "Abu Rimba"]), 5).names[0];
    assert_eq!((hit.asked, hit.listed), (1, 1));
}

#[test]
fn removed_is_gone_and_replaced_is_new() {
    let mut index = crowd();
    let before = index.bytes().0;
    assert!(index.remove(&5000));
    assert!(!index.remove(&5000));
    assert!(named(&index, "Fajrin Bagaskara Sadewa").is_empty());
    index.put(5001, &of(&["Tjipto Wirawan"]));
    assert!(named(&index, "Suryatmaja").is_empty());
    assert_eq!(named(&index, "Cipto Wirawan"), [5001]);
    assert!(index.bytes().0 <= before, "a place is used again");
    for who in (0..1000).chain([5001, 5002, 5003]) {
        assert!(index.remove(&who));
    }
    assert!(index.is_empty() && index.postings.is_empty() && index.documents.is_empty());
}

#[test]
fn a_document_number_hits_by_itself_and_only_when_equal() {
    let mut index = crowd();
    let mut listed = of(&["Fajrin Sadewa"]);
    listed.documents = vec!["X 123-4567".into(), "XO12345".into()];
    index.put(1, &listed);
    let ask = |names: &[&str], number: &str| {
        let mut asked = of(names);
        asked.documents = vec![number.into()];
        index.screen(&asked, 5)
    };
    let found = ask(&["Somebody Different"], "x1234567");
    assert_eq!(found.documents[0].id, 1);
    assert!(
        found.documents[0].name_score.unwrap() < 0.5,
        "another name under this number"
    );
    assert!(found.names.is_empty(), "and it is no hit by name");
    assert!(ask(&[], "X012345").documents.is_empty(), "0 is not O");
    assert_eq!(ask(&[], "xo12345").documents[0].name_score, None);
    let both = ask(&["Fajrin Sadewa"], "X1234567");
    let row = both.names[0]
        .rows
        .iter()
        .find(|row| row.feature == Feature::Document)
        .unwrap();
    assert_eq!(row.verdict, Verdict::Supports);
    index.remove(&1);
    assert!(index.documents.is_empty());
}

#[test]
fn facts_order_hits_but_never_make_or_unmake_one() {
    let mut index = Index::default();
    let facts = |birth: &str, sex, country: &str| Facts {
        birth: birth.parse::<Birth>().ok(),
        sex: Some(sex),
        nationality: Country::of(country),
    };
    let put = |index: &mut Index<u32>, id, name: &str, facts| {
        let mut subject = of(&[name]);
        subject.facts = facts;
        index.put(id, &subject);
    };
    put(
        &mut index,
        1,
        "Fajrin Sadewa",
        facts("1950", Sex::Female, "FRA"),
    );
    put(
        &mut index,
        2,
        "Fajrin Sadewa",
        facts("1984-07", Sex::Male, "IDN"),
    );
    put(
        &mut index,
        3,
        "Other Person",
        facts("1984-07-30", Sex::Male, "IDN"),
    );
    let mut asked = of(&["Fajrin Sadewa"]);
    asked.facts = facts("1984-07-30", Sex::Male, "IDN");
    let found = index.screen(&asked, 5).names;
    assert_eq!(found.iter().map(|hit| hit.id).collect::<Vec<_>>(), [2, 1]);
    assert!(found[0].score > found[0].name_score && found[1].score < found[1].name_score);
    asked.facts = Facts::default();
    let found = index.screen(&asked, 5).names;
    let absent = found[0]
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Absent)
        .count();
    assert_eq!(
        absent, 4,
        "birth, sex, nationality and document were absent, and the table says so"
    );
}

#[test]
fn a_limit_says_what_it_left_out() {
    let mut index = Index::default();
    for who in 0..MOST_COMPARED as u32 + 1000 {
        index.put(who, &of(&["Muhammad"]));
    }
    let found = index.screen(&of(&["Muhammad"]), 10);
    assert_eq!(
        (found.names.len(), found.compared, found.left_out),
        (10, MOST_COMPARED, 1000)
    );
    assert_eq!(found.more, MOST_COMPARED - 10);
}

#[test]
fn nothing_is_printed() {
    let index = crowd();
    let found = index.screen(&of(&["Fajrin Sadewa"]), 5);
    let printed = format!("{index:?} {found:?} {:?}", of(&["Fajrin Sadewa"])).to_lowercase();
    assert!(!printed.contains("fajrin") && !printed.contains("sadewa"));
}

/// Of the pairs the comparison calls a match, the share the list finds, by way of writing.
#[test]
fn blocking_loses_almost_no_match() {
    // As on a long list: no part is enough alone.
    let mut index = crowd();
    index.few = 0;
    let mut dice = Dice::new(4);
    let (mut all, mut found) = (0, 0);
    for (way, words) in WAYS.iter().enumerate() {
        let (mut matches, mut kept) = (0, 0);
        for who in 0..1000 {
            let listed = name(who);
            let asked = otherwise(&listed, way, &mut dice);
            if compare(&asked, &listed).is_match() {
                matches += 1;
                let answer = index.screen(&of(&[&asked]), 1000);
                let hit = answer.names.iter().any(|hit| u64::from(hit.id) == who);
                kept += usize::from(hit);
            }
        }
        println!("{words}: {kept} of {matches}");
        assert!(
            kept as f64 >= matches as f64 * 0.97,
            "{words}: {kept} of {matches}"
        );
        all += matches;
        found += kept;
    }
    println!("together: {found} of {all}");
    assert!(found as f64 >= all as f64 * 0.995, "{found} of {all}");
}

/// The pairs the comparison's own tests call one person.
const SAME: [(&str, &str); 27] = [
    ("Soerjatmadja", "Suryatmaja"),
    ("Drs. H. Tjokro Wirjawan, M.Si.", "Cokro Wiryawan"),
    ("Moh. Fajrin Sadewa", "Muhammad Fajrin Sadewa"),
    ("Achmad Sjafrudin", "Ahmad Syafruddin"),
    ("Wirjodimedjo", "WIRYODIMEJO"),
    ("SADEWA, Fajrin", "Fajrin Sadewa"),
    ("Sadewa Fajrin", "Fajrin Sadewa"),
    ("Anna-Lena Brodersen", "Anna Lena Brodersen"),
    ("Annalena Brodersen", "Anna Lena Brodersen"),
    ("FajrinSadewa", "Fajrin Sadewa"),
    ("Abd al-Rahman Qasimi", "Abdurrahman Al Qasimi"),
    ("Saif al-Din Qasimi", "Sayfuddin Qasimi"),
    ("Kamel Benzarti", "Kamel Ben Zarti"),
    ("Fajrin Sadewa", "Fajrin Bagaskara Sadewa"),
    ("Igor Petrenkov", "Igor Stanislavovich Petrenkov"),
    ("F. Sadewa", "Fajrin Sadewa"),
    ("Fajrin Sadwea", "Fajrin Sadewa"),
    ("Fajrin Saddewa", "Fajrin Sadewa"),
    ("Igor Petrnkov", "Igor Petrenkov"),
    ("Ig0r Petrenk0v", "Igor Petrenkov"),
    ("Igors Petrenkovs", "Igor Petrenkov"),
    ("Игорь Петренков", "Igor Petrenkov"),
    ("Πέτρος Γεωργίου", "Petros Georgiou"),
    ("مسعود قاسمی", "Masoud Ghasemi"),
    ("Kim Jong-su", "Kim Jong Soo"),
    ("Muhammad Ali", "Mohamed Aly"),
    ("Muhammad", "Mohammed"),
];

#[test]
fn every_pair_of_the_comparison_is_found() {
    let mut index = crowd();
    index.few = 0;
    for (number, (left, right)) in (10_000..).zip(SAME) {
        for (listed, asked) in [(left, right), (right, left)] {
            assert!(compare(asked, listed).is_match());
            index.put(number, &of(&[listed]));
            assert!(named(&index, asked).contains(&number), "{asked} / {listed}");
            index.remove(&number);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Any history of putting and removing leaves exactly the people who were put last.
    #[test]
    fn histories_leave_what_they_should(steps in proptest::collection::vec((0u32..12, 0u64..40, proptest::bool::ANY), 1..60)) {
        let mut index = Index::default();
        let mut truth = HashMap::new();
        for (id, who, put) in steps {
            if put {
                index.put(id, &of(&[&name(who)]));
                truth.insert(id, name(who));
            } else {
                proptest::prop_assert_eq!(index.remove(&id), truth.remove(&id).is_some());
            }
        }
        for (id, written) in &truth {
            if !Name::new(written).is_empty() && compare(written, written).is_match() {
                proptest::prop_assert!(named(&index, written).contains(id));
            }
        }
        for who in 0..40 {
            for id in named(&index, &name(who)) {
                proptest::prop_assert!(truth.get(&id).is_some_and(|kept| compare(kept, &name(who)).is_match()));
            }
        }
        for id in truth.keys() {
            index.remove(id);
        }
        proptest::prop_assert!(index.postings.is_empty());
    }
}
