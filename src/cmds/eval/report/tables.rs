//! The table beside each chart. It writes figures with their intervals; it measures nothing.

use tapal_domain::calibration::Standing;
use tapal_vision::eval::{Curve, Measure, SearchReport, Share, Verdict};

use super::Language;
use super::chart::escape;
use super::scale::rate;
use super::words::{Word, pick, word};

/// A table from head cells and rows of finished cells.
fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, row: &[String]| -> String {
        row.iter().map(|c| format!("<{tag}>{c}</{tag}>")).collect()
    };
    let head = head.iter().map(|h| escape(h)).collect::<Vec<_>>();
    let rows = rows.iter().map(|r| format!("<tr>{}</tr>", cells("td", r)));
    format!(
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        cells("th scope=\"col\"", &head).replace("</th scope=\"col\">", "</th>"),
        rows.collect::<String>()
    )
}

fn share(share: &Share) -> String {
    match (share.value, share.ci95) {
        (Some(value), Some([low, high])) => {
            format!("{} ({} – {})", rate(value), rate(low), rate(high))
        }
        _ => "–".into(),
    }
}

fn yes(language: Language, yes: bool) -> String {
    let text = escape(&word(if yes { Word::Yes } else { Word::No }, language));
    if yes {
        text
    } else {
        format!("<span class=\"bad\">{text}</span>")
    }
}

fn heads(language: Language, words: &[Word]) -> Vec<String> {
    words.iter().map(|w| word(*w, language)).collect()
}

fn number(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// Which word names a measure.
pub fn measure(measure: Measure) -> Word {
    match measure {
        Measure::Overall => Word::Overall,
        Measure::EyeDistance => Word::EyeDistance,
        Measure::Yaw => Word::Yaw,
        Measure::Sharpness => Word::Sharpness,
    }
}

/// What a caption counts.
pub fn counts(report: &SearchReport, language: Language, title: Word) -> String {
    match title {
        Word::PredictedTitle | Word::TradeTitle => {
            let parts = report.by_n.iter().map(|s| {
                pick(
                    language,
                    &format!("N = {}: {} pembagian acak, kalibrasi dari {} orang, {} orang di luar daftar per pembagian.", s.n, s.splits, s.calibration_people, s.unlisted_people),
                    &format!("N = {}: {} random divisions, calibrated on {} people, {} unlisted people in each.", s.n, s.splits, s.calibration_people, s.unlisted_people),
                )
            });
            parts.collect::<Vec<_>>().join(" ")
        }
        Word::QualityTitle => format!(
            "N = {}; n = {} ({}).",
            report.reported_n,
            report.images,
            word(Word::Photographs, language).to_lowercase()
        ),
        _ => pick(
            language,
            &format!(
                "n = {} pasangan satu orang, {} pasangan dua orang, {} orang.",
                number(report.n_genuine as f64),
                number(report.n_impostor as f64),
                report.people
            ),
            &format!(
                "n = {} pairs of one person, {} pairs of two people, {} people.",
                number(report.n_genuine as f64),
                number(report.n_impostor as f64),
                report.people
            ),
        ),
    }
}

/// The first lines.
pub fn summary(report: &SearchReport, language: Language) -> String {
    let about = pick(
        language,
        &format!(
            "Model {} ({}) dengan {}. {} foto dari {} orang; {} tanpa wajah yang dapat dipakai. {} pasangan map tampaknya satu orang dan tidak dihitung ({}).",
            report.model_id,
            report.pack,
            report.engine,
            number(report.images as f64),
            number(report.people as f64),
            report.failures_to_enrol,
            report.same_people.pairs,
            if report.same_people.source == "list" {
                "menurut daftar"
            } else {
                "menurut aturan"
            }
        ),
        &format!(
            "Model {} ({}) on {}. {} photographs of {} people; {} without a usable face. {} pairs of folders seem to be one person and are not counted ({}).",
            report.model_id,
            report.pack,
            report.engine,
            number(report.images as f64),
            number(report.people as f64),
            report.failures_to_enrol,
            report.same_people.pairs,
            if report.same_people.source == "list" {
                "by list"
            } else {
                "by rule"
            }
        ),
    );
    let trusted = report.calibration.as_ref().map_or(String::new(), |c| {
        pick(
            language,
            &format!(
                " Kecocokan palsu dihitung sampai {} dan terbukti sampai {} per perbandingan.",
                rate(c.counted_fmr),
                rate(c.trusted_fmr)
            ),
            &format!(
                " False matches are counted down to {} and verified down to {} a comparison.",
                rate(c.counted_fmr),
                rate(c.trusted_fmr)
            ),
        )
    });
    format!("<p>{}{}</p>", escape(&about), escape(&trusted))
}

/// Predicted and measured by size.
pub fn predicted(report: &SearchReport, language: Language) -> String {
    let mut head = vec!["N".to_owned(), "FPIR".into()];
    head.extend([
        format!(
            "{} ({})",
            word(Word::Predicted, language),
            word(Word::Interval, language)
        ),
        format!(
            "{} ({})",
            word(Word::Measured, language),
            word(Word::Interval, language)
        ),
        word(Word::Inside, language),
        word(Word::Threshold, language),
        format!("FNIR {}", word(Word::Measured, language)),
        format!("FNIR {}", word(Word::Predicted, language)),
    ]);
    let mut rows = Vec::new();
    for size in &report.by_n {
        for (name, row) in size.fnir_at_fpir.iter().rev() {
            let target = name.parse::<f64>().map(rate).unwrap_or_default();
            let mut cells = vec![size.n.to_string(), target];
            match row {
                Some(row) => {
                    let p = row.predicted.fpir;
                    let fnir = row.predicted.fnir.map_or("–".into(), |[v, l, h]| {
                        format!("{} ({} – {})", rate(v), rate(l), rate(h))
                    });
                    cells.extend([
                        format!("{} ({} – {})", rate(p.value), rate(p.low), rate(p.high)),
                        share(&row.measured.fpir),
                        yes(language, row.inside),
                        format!("{:.3}", row.threshold),
                        share(&row.measured.fnir),
                        fnir,
                    ]);
                }
                None => cells.push(escape(&word(Word::NotReached, language))),
            }
            rows.push(cells);
        }
    }
    table(&head, &rows)
}

/// Doubling.
pub fn budget(report: &SearchReport, language: Language) -> String {
    let head = [
        word(Word::Budget, language),
        "N".into(),
        word(Word::Threshold, language),
        format!("FPIR {}", word(Word::Measured, language)),
        word(Word::Unchanged, language),
        word(Word::Kept, language),
    ];
    let rows = report.budget.iter().map(|b| {
        vec![
            rate(b.fpir),
            format!("{} → {}", b.n[0], b.n[1]),
            format!("{:.3} → {:.3}", b.threshold[0], b.threshold[1]),
            format!("{} → {}", share(&b.measured[0]), share(&b.measured[1])),
            share(&b.unchanged),
            yes(language, b.kept),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

fn curve(name: &str, curve: &Curve, x: &str, y: &str, language: Language) -> String {
    let head = [
        name.to_owned(),
        word(Word::Threshold, language),
        x.to_owned(),
        format!("{y} ({})", word(Word::Interval, language)),
    ];
    let rows = curve.points.iter().map(|p| {
        vec![
            String::new(),
            format!("{:.3}", p.threshold),
            rate(p.false_positive),
            format!(
                "{} ({} – {})",
                rate(p.false_negative),
                rate(p.ci95[0]),
                rate(p.ci95[1])
            ),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// FNIR where the measured FPIR is a round one.
pub fn trade(report: &SearchReport, language: Language) -> String {
    let mut head = vec![
        "N".to_owned(),
        format!("FPIR {}", word(Word::Measured, language)),
    ];
    head.push(word(Word::Threshold, language));
    head.push(format!("FNIR ({})", word(Word::Interval, language)));
    let mut rows = Vec::new();
    for size in &report.by_n {
        for (name, row) in size.fnir_at_fpir.iter().rev() {
            if let Some(miss) = row.as_ref().and_then(|r| r.at_measured_fpir.as_ref()) {
                let target = name.parse::<f64>().map(rate).unwrap_or_default();
                let cells = [
                    size.n.to_string(),
                    target,
                    format!("{:.3}", miss.threshold),
                    share(&miss.fnir),
                ];
                rows.push(cells.to_vec());
            }
        }
    }
    table(&head, &rows)
}

/// All points of the one-to-one curve.
pub fn one_to_one(report: &SearchReport, language: Language) -> String {
    curve("", &report.one_to_one, "FMR", "FNMR", language)
}

/// Misses by rank.
pub fn ranks(report: &SearchReport, language: Language) -> String {
    let mut head = vec!["N".to_owned()];
    head.extend(heads(
        language,
        &[Word::Rank, Word::NoThreshold, Word::AtThreshold],
    ));
    let rows = report.by_n.iter().flat_map(|size| {
        size.ranks.iter().map(|row| {
            vec![
                size.n.to_string(),
                row.rank.to_string(),
                share(&row.no_threshold),
                row.at_threshold.as_ref().map_or("–".into(), share),
            ]
        })
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// The calibration's points.
pub fn calibration(report: &SearchReport, language: Language) -> String {
    let Some(c) = &report.calibration else {
        return format!("<p>{}</p>", escape(&word(Word::NotReached, language)));
    };
    let mut head = heads(language, &[Word::Score]);
    head.push(format!("FMR ({})", word(Word::Interval, language)));
    head.push("FNMR".into());
    head.push(word(Word::Founded, language));
    let rows = c.points.iter().map(|p| {
        let standing = c.fmr(p.score).map_or(Standing::Beyond, |e| e.standing);
        let founded = match standing {
            Standing::Counted => Word::Counted,
            Standing::Fitted => Word::Fitted,
            Standing::Beyond => Word::Beyond,
        };
        vec![
            format!("{:.3}", p.score),
            format!("{} ({} – {})", rate(p.fmr), rate(p.low), rate(p.high)),
            c.miss(p.score).map_or("–".into(), |m| rate(m.value)),
            escape(&word(founded, language)),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// Both heaps in steps.
pub fn histogram(report: &SearchReport, language: Language) -> String {
    let h = &report.histogram;
    let head = heads(language, &[Word::Score, Word::OnePerson, Word::TwoPeople]);
    let group = 5;
    let rows = (0..h.one_person.len()).step_by(group).filter_map(|at| {
        let sum = |heap: &[u64]| heap[at..(at + group).min(heap.len())].iter().sum::<u64>();
        let (one, two) = (sum(&h.one_person), sum(&h.two_people));
        let edge = |i: usize| h.from + h.step * i as f32;
        let name = format!("{:.2} – {:.2}", edge(at), edge(at + group));
        (one + two > 0).then(|| vec![name, number(one as f64), number(two as f64)])
    });
    table(&head, &rows.collect::<Vec<_>>())
}

fn said(verdict: Verdict, language: Language) -> String {
    escape(&word(
        match verdict {
            Verdict::TooFew => Word::TooFew,
            Verdict::NotShown => Word::NotShown,
            Verdict::Differs => Word::Differs,
        },
        language,
    ))
}

/// By group label.
pub fn groups(report: &SearchReport, language: Language) -> String {
    let mut head = heads(language, &[Word::Group, Word::People]);
    let said_head = word(Word::Said, language);
    head.extend([
        "n".into(),
        "FPIR".into(),
        said_head.clone(),
        "n".into(),
        "FNIR".into(),
        said_head,
    ]);
    let rows = report.groups.iter().map(|g| {
        vec![
            escape(&format!("{}: {}", g.grouping, g.label)),
            g.people.to_string(),
            g.fpir.photographs.to_string(),
            share(&g.fpir),
            said(g.fpir_verdict, language),
            g.fnir.photographs.to_string(),
            share(&g.fnir),
            said(g.fnir_verdict, language),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// By quality.
pub fn quality(report: &SearchReport, language: Language) -> String {
    let mut head = vec![String::new()];
    head.extend([
        word(Word::Band, language),
        "n".into(),
        "FNIR".into(),
        "n".into(),
        "FPIR".into(),
    ]);
    let rows = report.quality.iter().flat_map(|bands| {
        bands.bands.iter().map(|b| {
            vec![
                escape(&word(measure(bands.measure), language)),
                format!("{:.2} – {:.2}", b.from, b.to),
                b.fnir.photographs.to_string(),
                share(&b.fnir),
                b.fpir.photographs.to_string(),
                share(&b.fpir),
            ]
        })
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// With and without people under two names.
pub fn suspects(report: &SearchReport, language: Language) -> String {
    let mut head = vec!["N".to_owned(), "FPIR".into()];
    for part in ["FPIR", "FNIR"] {
        for word_of in [Word::Without, Word::With] {
            head.push(format!(
                "{part} {} {}",
                word(Word::Measured, language),
                word(word_of, language)
            ));
        }
    }
    let mut rows = Vec::new();
    for (a, b) in report.by_n.iter().zip(&report.with_suspects) {
        for (name, row) in a.fnir_at_fpir.iter().rev() {
            let other = b.fnir_at_fpir.get(name).and_then(Option::as_ref);
            if let (Some(row), Some(other)) = (row, other) {
                rows.push(vec![
                    a.n.to_string(),
                    name.parse::<f64>().map(rate).unwrap_or_default(),
                    share(&row.measured.fpir),
                    share(&other.measured.fpir),
                    share(&row.measured.fnir),
                    share(&other.measured.fnir),
                ]);
            }
        }
    }
    table(&head, &rows)
}
