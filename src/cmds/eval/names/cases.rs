//! The file of `tapal eval names`: pairs of names with a known answer. Columns are found by their names, in any order;
//! others are left alone. Errors say which line; they show no name.

use anyhow::{Context, Result, bail};

/// What a header must hold.
pub const COLUMNS: &str =
    "the columns name1, name2, is_match (true or false) and quality (STRONG, MEDIUM or WEAK)";

/// How sure the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    Strong,
    Medium,
    Weak,
}

impl Quality {
    pub const ALL: [Quality; 3] = [Quality::Strong, Quality::Medium, Quality::Weak];

    pub const fn word(self) -> &'static str {
        match self {
            Quality::Strong => "STRONG",
            Quality::Medium => "MEDIUM",
            Quality::Weak => "WEAK",
        }
    }
}

/// One pair.
pub struct Case {
    pub name1: String,
    pub name2: String,
    pub is_match: bool,
    pub quality: Quality,
}

/// Reads all pairs.
pub fn read(text: &str) -> Result<Vec<Case>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = rows.headers().context("the header cannot be read")?.clone();
    let column = |name: &str| {
        let at = header
            .iter()
            .position(|own| own.trim().eq_ignore_ascii_case(name));
        at.with_context(|| format!("there is no column `{name}`; the first line names {COLUMNS}"))
    };
    let (name1, name2, is_match, quality) = (
        column("name1")?,
        column("name2")?,
        column("is_match")?,
        column("quality")?,
    );
    let mut cases = Vec::new();
    for row in rows.records() {
        let row = row.context("a row cannot be read; quote names with commas in \"\"")?;
        let line = row.position().map_or(0, csv::Position::line);
        let field = |at: usize| {
            row.get(at)
                .map(str::trim)
                .with_context(|| format!("line {line} has too few columns"))
        };
        let answer = field(is_match)?;
        let sure = field(quality)?;
        cases.push(Case {
            name1: field(name1)?.to_owned(),
            name2: field(name2)?.to_owned(),
            is_match: match answer.to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => bail!("line {line}: is_match is `{answer}`; write true or false"),
            },
            quality: *Quality::ALL
                .iter()
                .find(|quality| quality.word().eq_ignore_ascii_case(sure))
                .with_context(|| {
                    format!("line {line}: quality is `{sure}`; write STRONG, MEDIUM or WEAK")
                })?,
        });
    }
    if cases.is_empty() {
        bail!("there is no row under the header");
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let text = "\u{feff}quality,note,name2,name1,is_match\nweak,x,\"Sadewa, Fajrin\",Fajrin Sadewa,TRUE\n";
        let cases = read(text).unwrap();
        assert_eq!(
            (cases[0].name1.as_str(), cases[0].name2.as_str()),
            ("Fajrin Sadewa", "Sadewa, Fajrin")
        );
        assert!(cases[0].is_match && cases[0].quality == Quality::Weak);
    }

    #[test]
    fn errors_name_the_line_and_no_name() {
        let error = |text: &str| format!("{:#}", read(text).err().unwrap());
        assert!(error("name1,name2,is_match\n").contains("`quality`"));
        assert!(error("name1,name2,is_match,quality\nFajrin,Fajrin,yes,WEAK\n").contains("line 2"));
        assert!(
            error("name1,name2,is_match,quality\nFajrin,Fajrin,true,SURE\n").contains("STRONG")
        );
        assert!(error("name1,name2,is_match,quality\nFajrin\n").contains("too few"));
        assert!(error("name1,name2,is_match,quality\n").contains("no row"));
        assert!(
            !error("name1,name2,is_match,quality\nFajrin,Fajrin,yes,WEAK\n").contains("Fajrin")
        );
    }
}
