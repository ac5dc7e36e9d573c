//! Every form a file can have, and every way it can be broken.

use std::io::Write;

use super::*;

struct Seen {
    rows: Vec<(i64, Cells, Vec<Fault>)>,
    skipped: usize,
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn all(bytes: &[u8], format: Format, change: impl Fn(&mut ImportSetup)) -> Result<Seen> {
    let file = file(bytes);
    let (mut setup, _) = look(file.path(), format)?;
    change(&mut setup);
    let mut seen = Seen {
        rows: Vec::new(),
        skipped: 0,
    };
    read(file.path(), format, &setup, &mut |item| {
        match item {
            Item::Row(n, cells, faults) => seen.rows.push((n, cells, faults)),
            Item::Skipped => seen.skipped += 1,
        }
        true
    })?;
    Ok(seen)
}

fn unusable(bytes: &[u8], format: Format, code: &str) {
    assert_eq!(
        all(bytes, format, |_| {}).err().map(|why| why.0),
        Some(code)
    );
}

fn cell(row: &(i64, Cells, Vec<Fault>), field: Field) -> &str {
    row.1.get(&field).map_or("", String::as_str)
}

#[test]
fn separators_marks_and_empty_lines_are_taken_as_they_come() {
    for text in [
        "Nomor,Nama Lengkap\nR-1,\"Contoh, Satu\"\n\n,\nR-2,Contoh Dua\n",
        "\u{feff}Nomor;Nama Lengkap\r\nR-1;\"Contoh, Satu\"\r\n\r\n;\r\nR-2;Contoh Dua\r\n",
        "Nomor\tNama Lengkap\nR-1\tContoh, Satu\n\n\t\nR-2\tContoh Dua",
    ] {
        let seen = all(text.as_bytes(), Format::Csv, |_| {}).unwrap();
        let names: Vec<&str> = seen
            .rows
            .iter()
            .map(|row| cell(row, Field::FullName))
            .collect();
        assert_eq!(names, ["Contoh, Satu", "Contoh Dua"], "{text:?}");
        assert_eq!(seen.rows[1].0, 5, "the line a person sees: {text:?}");
        assert!(seen.rows.iter().all(|row| row.2.is_empty()));
    }
    // A cell over two lines, empty lines before and after, no end at the end.
    for end in ["\n", "\r\n", "\r"] {
        let text = "Nomor,Nama\n\nR-1,\"Contoh\nSatu\"\n\n\nR-2,Contoh".replace('\n', end);
        let seen = all(text.as_bytes(), Format::Csv, |_| {}).unwrap();
        let lines: Vec<i64> = seen.rows.iter().map(|row| row.0).collect();
        assert_eq!(lines, [3, 7], "{end:?}");
    }
}

#[test]
fn bytes_that_are_not_what_was_said_are_named() {
    let text = b"Nomor,Nama\nR-1,Jos\xe9\nR-2,Contoh\n";
    let seen = all(text, Format::Csv, |_| {}).unwrap();
    assert_eq!(seen.rows[0].2, [Fault::at("not_utf8", Field::FullName)]);
    assert!(seen.rows[1].2.is_empty());
    let seen = all(text, Format::Csv, |setup| setup.windows_1252 = true).unwrap();
    assert_eq!(cell(&seen.rows[0], Field::FullName), "Jos\u{e9}");
    let file = file(text);
    assert!(!look(file.path(), Format::Csv).unwrap().0.utf8);
}

#[test]
fn a_row_with_too_few_or_too_many_cells_is_broken_and_the_others_are_not() {
    let text = b"Nomor,Nama,Alamat\nR-1,Contoh\nR-2,Contoh,Jalan,5\nR-3,Contoh,Jalan,,\n";
    let seen = all(text, Format::Csv, |_| {}).unwrap();
    let broken: Vec<bool> = seen.rows.iter().map(|row| !row.2.is_empty()).collect();
    assert_eq!(broken, [true, true, false]);
}

#[test]
fn a_quote_that_is_not_closed_is_said() {
    let text = format!(
        "Nomor,Nama\nR-1,\"Contoh\n{}",
        "R-2,Contoh\n".repeat(40_000)
    );
    let seen = all(text.as_bytes(), Format::Csv, |_| {}).unwrap();
    assert_eq!(seen.rows[0].2, [Fault::row("open_quote")]);
}

#[test]
fn files_that_cannot_be_used_say_why() {
    unusable(b"", Format::Csv, "empty_file");
    unusable(b"\n\n", Format::Csv, "empty_file");
    unusable(b"R-1,2026-01-01,Contoh\n", Format::Csv, "no_header");
    unusable(b"Nama\nContoh\n", Format::Csv, "no_header");
    unusable(b"PK\x03\x04", Format::Csv, "is_workbook");
    unusable(b"\xff\xfeN\0a\0", Format::Csv, "utf16");
    unusable(b"Nomor,Nama\nR-1,\0\n", Format::Csv, "not_text");
    unusable(
        b"Nomor,Nama\nR-1,Contoh\n",
        Format::OpenSanctions,
        "wrong_header",
    );
    unusable(b"Nomor,Nama\n", Format::Xlsx, "not_a_workbook");
    unusable(b"hello", Format::Interpol, "not_json");
    unusable(b"[{\"name\": ", Format::Interpol, "broken_json");
    unusable(b" ", Format::Interpol, "empty_file");
}

#[test]
fn notices_come_alone_in_arrays_in_pages_and_one_a_line() {
    let one = r#"{"entity_id":"2026/1","name":"CONTOH","forename":"SATU","date_of_birth":"1980/02/03","nationalities":["RU","DE"],"sex_id":"U","arrest_warrants":[{"charge":"Fraud","issuing_country_id":"RU"}],"_links":{"self":{"href":"https://example.org"}}}"#;
    for (text, n) in [
        (one.to_owned(), 1),
        (format!("[{one},{one}]"), 2),
        (
            format!(
                r#"{{"total":2,"query":{{}},"_embedded":{{"notices":[{one},{one}]}},"_links":{{}}}}"#
            ),
            2,
        ),
        (format!("{one}\n{one}\n\n{one}\n"), 3),
    ] {
        let seen = all(text.as_bytes(), Format::Interpol, |_| {}).unwrap();
        assert_eq!(seen.rows.len(), n);
        let row = &seen.rows[n - 1];
        assert_eq!(row.0, n as i64);
        assert_eq!(
            (cell(row, Field::FamilyName), cell(row, Field::ReasonText)),
            ("CONTOH", "Fraud")
        );
        assert_eq!(
            (cell(row, Field::Nationality), cell(row, Field::Sex)),
            ("RU", "")
        );
    }
    let seen = all(br#"[{"entity_id": 5}, 7]"#, Format::Interpol, |_| {}).unwrap();
    assert!(
        seen.rows
            .iter()
            .all(|row| row.2 == [Fault::row("not_a_notice")])
    );
}

#[test]
fn of_targets_only_persons_are_read() {
    let text = "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset,first_seen,last_seen,last_change\n\
        x-1,Person,Contoh Satu,Satu;C. Satu,1980;1980-02-03,ru,Jalan 1,P1;P2,List A,+1,a@example.org,d,a,b,c\n\
        x-2,Company,Contoh PT,,,id,,,,,,d,a,b,c\n\
        x-3,Person,Contoh Tiga,,,ru;de,,,,,,d,a,b,c\n";
    let seen = all(text.as_bytes(), Format::OpenSanctions, |_| {}).unwrap();
    assert_eq!((seen.rows.len(), seen.skipped), (2, 1));
    let row = &seen.rows[0];
    assert_eq!(
        (
            cell(row, Field::BirthDate),
            cell(row, Field::DocumentNumber)
        ),
        ("1980-02-03", "P1")
    );
    assert_eq!(cell(row, Field::Nationality), "ru");
    assert_eq!(
        cell(&seen.rows[1], Field::Nationality),
        "",
        "two countries are no nationality"
    );
}
