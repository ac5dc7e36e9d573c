//! Every word on a screen, in Indonesian and English, from the Fluent files in `locales/`.
//! Must not format times or decide anything. A missing key shows itself, and a test finds it.

use std::{fmt::Display, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};

/// A language of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Indonesian, the default.
    #[default]
    Id,
    /// English.
    En,
}

impl Lang {
    /// Both, in the order shown.
    pub const ALL: [Lang; 2] = [Self::Id, Self::En];

    /// The code used in `lang` attributes, cookies and accounts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// The language with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }
}

/// The Fluent files of one language, by name.
macro_rules! files {
    ($lang:literal: $($name:literal),+ $(,)?) => {
        &[$(include_str!(concat!("../../locales/", $lang, "/", $name, ".ftl"))),+]
    };
}

const INDONESIAN: &[&str] = files!("id": "shell", "session", "start", "alert", "attempt", "camera", "site", "order", "crossing", "desk", "letter", "import", "name_check", "second_line", "statistic", "passenger_list", "holder", "entry", "finding", "false_alert", "group", "account", "credential", "edge", "audit", "policy", "rule_pack", "error", "standby");
const ENGLISH: &[&str] = files!("en": "shell", "session", "start", "alert", "attempt", "camera", "site", "order", "crossing", "desk", "letter", "import", "name_check", "second_line", "statistic", "passenger_list", "holder", "entry", "finding", "false_alert", "group", "account", "credential", "edge", "audit", "policy", "rule_pack", "error", "standby");

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle(Lang::Id), bundle(Lang::En)]);

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let (locale, files) = match lang {
        Lang::Id => (unic_langid::langid!("id"), INDONESIAN),
        Lang::En => (unic_langid::langid!("en"), ENGLISH),
    };
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // Names sit in <bdi> where it matters; invisible marks would end up in titles and attributes.
    bundle.set_use_isolating(false);
    for text in files {
        // A broken line is reported by the test `files_parse`; what parsed is used.
        let resource =
            FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(partial, _)| partial);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The text of a key with its values. Values that look like numbers choose plural forms.
pub fn text(lang: Lang, key: &str, values: &[(&str, &dyn Display)]) -> String {
    let bundle = &BUNDLES[lang as usize];
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        return format!("[{key}]");
    };
    let mut args = FluentArgs::new();
    for (name, value) in values {
        let value = value.to_string();
        let value = match FluentValue::try_number(&value) {
            FluentValue::Number(number) => FluentValue::Number(number),
            _ => FluentValue::String(value.into()),
        };
        args.set((*name).to_owned(), value);
    }
    bundle
        .format_pattern(pattern, Some(&args), &mut Vec::new())
        .into_owned()
}

/// A whole number with the thousands mark of the language.
pub fn number(lang: Lang, value: u64) -> String {
    let digits = value.to_string();
    let mark = if lang == Lang::Id { '.' } else { ',' };
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out
}

/// A number with one decimal, by the language's decimal mark.
pub fn decimal(lang: Lang, value: f64) -> String {
    let text = format!("{value:.1}");
    if lang == Lang::Id {
        text.replace('.', ",")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(files: &[&str]) -> BTreeSet<String> {
        let lines = files.iter().flat_map(|file| file.lines());
        let key = |line: &str| {
            let (key, _) = line.split_once('=')?;
            let key = key.trim_end();
            (!key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)))
            .then(|| key.to_owned())
        };
        lines
            .filter(|line| !line.starts_with([' ', '#']))
            .filter_map(key)
            .collect()
    }

    #[test]
    fn files_parse() {
        for text in INDONESIAN.iter().chain(ENGLISH) {
            if let Err((_, errors)) = FluentResource::try_new((*text).to_owned()) {
                panic!("{errors:?} in {}", &text[..text.len().min(60)]);
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_keys() {
        let (id, en) = (keys(INDONESIAN), keys(ENGLISH));
        assert_eq!(
            id.difference(&en).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "only in Indonesian"
        );
        assert_eq!(
            en.difference(&id).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "only in English"
        );
    }

    #[test]
    fn every_key_of_the_templates_exists() {
        let known = keys(ENGLISH);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for call in ["shell.t(\"", "shell.t1(\"", "shell.t2(\"", "shell.t3(\""] {
                    for part in text.split(call).skip(1) {
                        let key = part.split('"').next().unwrap();
                        assert!(
                            known.contains(key),
                            "{key} of {} is in no Fluent file",
                            path.display()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_carry_the_marks_of_the_language() {
        assert_eq!(number(Lang::En, 12_000), "12,000");
        assert_eq!(number(Lang::Id, 1_234_567), "1.234.567");
        assert_eq!(number(Lang::Id, 999), "999");
        assert_eq!(decimal(Lang::Id, 3.84), "3,8");
    }

    #[test]
    fn every_code_of_the_domain_has_its_word() {
        use tapal_domain::{alert::Status, entry, role::Role, screening::NotSearched};
        let mut keys: Vec<String> = Vec::new();
        let mut add = |kind: &str, code: &str| keys.push(format!("{kind}-{code}"));
        Role::ALL.iter().for_each(|role| add("role", role.name()));
        entry::ListKind::ALL
            .iter()
            .for_each(|list| add("list", list.name()));
        entry::Agency::ALL
            .iter()
            .for_each(|agency| add("agency", agency.name()));
        for reason in NotSearched::ALL {
            add("not-searched", reason.name());
            add(
                if reason == NotSearched::TooBrief || reason == NotSearched::Overloaded {
                    "not-searched"
                } else {
                    "photo"
                },
                reason.name(),
            );
        }
        for status in Status::ALL {
            add("stage", status.name());
            if !status.is_open() {
                add("settled", status.name());
                add("settled", &format!("{}-text", status.name()));
            }
        }
        for reason in crate::entry::EndReason::ALL {
            add("end", reason.name());
        }
        for code in ["not_allowed_now", "same_officer", "not_yours", "incomplete"] {
            add("conflict", code);
            add("conflict", &format!("{code}-text"));
        }
        for lang in Lang::ALL {
            for key in &keys {
                assert!(!text(lang, key, &[]).starts_with('['), "{key} {lang:?}");
            }
        }
    }
}
