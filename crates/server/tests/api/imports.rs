//! Orders that come as a file: what is good comes in, what is bad is explained, nothing comes twice, and nobody is put on a
//! list but by another person.

use std::fmt::Write as _;

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use tapal_domain::{entry::Agency, role::Role, time::DAY_MS};
use tapal_server::{account, import::work};
use tapal_store::By;

use crate::world::{PASSWORD, Person, Reply, World, jpeg, local_day};

const BOUNDARY: &str = "----tapal-test";

/// A form with texts and then one file.
fn form(texts: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, text) in texts {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
        );
        body.extend_from_slice(head.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(world: &World, path: &str, by: &Person, body: Vec<u8>) -> Reply {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::COOKIE, &by.cookie)
        .header("x-csrf-token", &by.csrf)
        .header(
            header::CONTENT_TYPE,
            format!("multipart/form-data; boundary={BOUNDARY}"),
        );
    world.send(request.body(Body::from(body)).unwrap()).await
}

struct Office {
    world: World,
    clerk: Person,
    approver: Person,
}

impl Office {
    async fn new() -> Self {
        let world = World::new().await;
        let clerk = world
            .person("clerk", Role::WatchlistClerk, None, None)
            .await;
        let approver = world
            .person("approver", Role::WatchlistApprover, None, None)
            .await;
        Office {
            world,
            clerk,
            approver,
        }
    }

    /// Hands a file in and has its rows read; the address of the import.
    async fn read(&self, agency: &str, format: &str, setup: &Value, file: &[u8]) -> String {
        let setup = setup.to_string();
        let body = form(
            &[("agency", agency), ("format", format), ("setup", &setup)],
            file,
        );
        let made = send(&self.world, "/api/v1/imports", &self.clerk, body)
            .await
            .ok();
        work::run_due(&self.world.state).await;
        format!("/api/v1/imports/{}", made["id"].as_str().unwrap())
    }

    async fn look(&self, import: &str) -> Value {
        self.world.get(import, &self.clerk).await.ok()
    }

    async fn apply(&self, import: &str) -> Value {
        self.world
            .post(&format!("{import}/application"), &self.clerk, json!({}))
            .await
            .ok();
        work::run_due(&self.world.state).await;
        self.look(import).await
    }

    async fn decide(&self, import: &str, decision: &str, note: &str) -> Value {
        let body = json!({ "decision": decision, "note": note });
        self.world
            .post(&format!("{import}/decision"), &self.approver, body)
            .await
            .ok();
        work::run_due(&self.world.state).await;
        self.look(import).await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.world
            .state
            .db
            .one(sql, vec![])
            .await
            .unwrap()
            .int("n")
            .unwrap()
    }
}

/// Given once for files of lost documents, which need no photograph.
fn lost() -> Value {
    given("lost_document", "reported_lost")
}

fn given(kind: &str, reason: &str) -> Value {
    json!({ "kind": kind, "form": "request", "reason": reason, "reason_text": "A file at the agency.",
        "ordered_on": local_day(-1), "first_day": local_day(-1), "last_day": local_day(10) })
}

const HEADINGS: &str = "Nomor,Nama Lengkap,Jenis Kelamin,Tanggal Lahir,Tempat Lahir,Kewarganegaraan,Berlaku sampai,Jenis\n";

fn columns() -> Value {
    json!({ "reference": 1, "full_name": 2, "sex": 3, "birth_date": 4, "birth_place": 5, "nationality": 6, "last_day": 7, "kind": 8 })
}

/// A file of `good` rows and ten broken ones for each hundred of them, every kind of fault in turn.
fn rows(good: usize) -> (String, usize) {
    let mut text = HEADINGS.to_owned();
    let mut broken = 0;
    let last = local_day(10);
    for n in 0..good {
        writeln!(
            text,
            "R-{n},Contoh {n},L,{:02}/02/19{:02},Kota Contoh,ID,{last},",
            n % 28 + 1,
            n % 90 + 10
        )
        .unwrap();
        if n % 10 != 0 {
            continue;
        }
        let key = format!("B-{n}");
        let row = match broken % 10 {
            0 => format!("{key},,L,1980,Kota,ID,{last},"),
            1 => format!("{key},Contoh,?,1980,Kota,ID,{last},"),
            2 => format!("{key},Contoh,L,31/02/1980,Kota,ID,{last},"),
            3 => format!("{key},Contoh,L,1980,Kota,Atlantis,{last},"),
            4 => format!("{key},Contoh,L,1980,Kota,ID,soon,"),
            5 => format!("{key},Contoh,L,1980,Kota,ID,{},", local_day(-30)),
            6 => format!("{key},Contoh,L,1980,Kota,ID,{last},ban"),
            7 => format!("{key},Contoh,L,1980,Kota,ID,{last},tangkal"),
            8 => format!("R-{n},Contoh lagi,L,1980,Kota,ID,{last},"),
            _ => format!("{key},Contoh"),
        };
        writeln!(text, "{row}").unwrap();
        broken += 1;
    }
    (text, broken)
}

#[tokio::test]
async fn all_good_rows_come_in_all_bad_ones_are_explained_and_a_second_run_changes_nothing() {
    let office = Office::new().await;
    let (text, broken) = rows(1_000);
    let setup = json!({ "columns": columns(), "given": lost() });
    let import = office.read("police", "csv", &setup, text.as_bytes()).await;
    let seen = office.look(&import).await;
    assert_eq!(seen["phase"], "preview", "{seen}");
    assert_eq!(
        seen["counts"]["rows"],
        json!({ "new": 1_000, "broken": broken }),
        "{seen}"
    );
    assert_eq!(seen["done"], json!(1_000 + broken));
    assert_eq!(
        office.count("SELECT COUNT(*) AS n FROM orders").await,
        0,
        "a preview records nothing"
    );
    // Each kind of fault is named with its cell.
    let faults = seen["counts"]["faults"].as_object().unwrap();
    for code in [
        "gap_name",
        "bad_sex",
        "bad_birth_date",
        "bad_nationality",
        "bad_date",
        "period_empty",
        "unknown_kind",
        "entry_ban_on_citizen",
        "twice",
        "wrong_cells",
    ] {
        assert_eq!(
            faults.get(code),
            Some(&json!(broken / 10)),
            "{code} in {faults:?}"
        );
    }
    let rows = office
        .world
        .get(&format!("{import}/rows?state=broken"), &office.clerk)
        .await
        .ok();
    let sex = &rows[1]["faults"][0];
    assert_eq!(
        (&sex["code"], &sex["field"], &sex["column"]),
        (&json!("bad_sex"), &json!("sex"), &json!("Jenis Kelamin"))
    );
    let twice = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["faults"][0]["code"] == "twice")
        .unwrap();
    assert!(twice["twice_of"].as_i64().unwrap() < twice["n"].as_i64().unwrap());
    // The report has every broken row once.
    let report = office
        .world
        .get(&format!("{import}/report"), &office.clerk)
        .await;
    assert_eq!(report.text().lines().count(), 1 + broken);

    let applied = office.apply(&import).await;
    assert_eq!(
        (&applied["phase"], &applied["counts"]["orders"]),
        (&json!("applied"), &json!({ "submitted": 1_000 })),
        "{applied}"
    );
    let (again, orders) = (
        office.read("police", "csv", &setup, text.as_bytes()).await,
        "SELECT COUNT(*) AS n FROM orders",
    );
    let seen = office.look(&again).await;
    assert_eq!(
        seen["counts"]["rows"],
        json!({ "unchanged": 1_000, "broken": broken })
    );
    let applied = office.apply(&again).await;
    assert_eq!(
        (&applied["counts"]["orders"], office.count(orders).await),
        (&json!({}), 1_000)
    );
    // A row that says something else is reported, and not put over the order.
    let changed = text.replacen("Contoh 7,", "Contoh Tujuh,", 1);
    let third = office
        .read("police", "csv", &setup, changed.as_bytes())
        .await;
    let seen = office.look(&third).await;
    assert_eq!(seen["counts"]["rows"]["differs"], 1);
    office.apply(&third).await;
    assert_eq!(office.count(orders).await, 1_000);
    // No file is left, and no name stands in the open.
    let left = std::fs::read_dir(office.world.dir.path().join("imports")).unwrap();
    assert_eq!(left.count(), 0);
    let found = office
        .count("SELECT COUNT(*) AS n FROM import_row WHERE instr(cells_sealed, 'Contoh') > 0")
        .await;
    assert_eq!(found, 0);
}

#[tokio::test]
async fn an_order_of_a_file_needs_its_photograph_and_another_person() {
    let office = Office::new().await;
    let last = local_day(10);
    let text = format!(
        "{HEADINGS}KEP-1/X,Contoh Satu,L,1980,Kota,ID,{last},\nKEP-2/X,Contoh Dua,P,1981,Kota,ID,{last},\n"
    );
    let setup = json!({ "columns": columns(), "given": given("exit_ban", "criminal_case") });
    let import = office.read("police", "csv", &setup, text.as_bytes()).await;
    assert_eq!(office.look(&import).await["counts"]["incomplete"], 2);
    let applied = office.apply(&import).await;
    assert_eq!(
        applied["counts"]["orders"],
        json!({ "draft": 2 }),
        "without a photograph it is not handed in"
    );
    let archive = zip(&[
        ("foto/KEP-1_X.jpg", &jpeg("one")),
        ("KEP-1_X-2.jpg", &jpeg("two")),
        ("KEP-2 X.jpg", b"no face"),
        ("KEP-9.jpg", &jpeg("nine")),
    ]);
    send(
        &office.world,
        &format!("{import}/photos"),
        &office.clerk,
        form(&[], &archive),
    )
    .await
    .ok();
    work::run_due(&office.world.state).await;
    let seen = office.look(&import).await;
    assert_eq!(
        (&seen["phase"], &seen["counts"]["orders"]),
        (&json!("applied"), &json!({ "draft": 1, "submitted": 1 })),
        "{seen}"
    );
    let photos = office
        .world
        .get(&format!("{import}/photos"), &office.clerk)
        .await
        .ok();
    let codes: Vec<&str> = photos
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap_or("taken"))
        .collect();
    assert_eq!(codes, ["no_face", "no_such_row", "taken", "taken"]);
    // Another person, and the entry is made as by hand.
    office
        .world
        .post(
            &format!("{import}/decision"),
            &office.clerk,
            json!({ "decision": "approve" }),
        )
        .await
        .refused(403, "forbidden");
    let seen = office.decide(&import, "approve", "").await;
    assert_eq!(
        (&seen["phase"], &seen["counts"]["orders"]),
        (&json!("approved"), &json!({ "approved": 1, "draft": 1 }))
    );
    assert_eq!(
        office
            .count("SELECT COUNT(*) AS n FROM entry WHERE list = 'exit_ban' AND ended_at IS NULL")
            .await,
        1
    );
    assert_eq!(office.count("SELECT COUNT(*) AS n FROM entry_photo p JOIN entry e ON e.id = p.entry WHERE e.list = 'exit_ban'").await, 2);
    // All of it ends, with a reason, and stays to be read.
    office
        .world
        .post(
            &format!("{import}/decision"),
            &office.approver,
            json!({ "decision": "undo" }),
        )
        .await
        .refused(422, "reference_missing");
    let seen = office.decide(&import, "undo", "The wrong file").await;
    assert_eq!(
        (&seen["phase"], &seen["counts"]["orders"]),
        (&json!("undone"), &json!({ "refused": 1, "revoked": 1 })),
        "{seen}"
    );
    assert_eq!(
        office
            .count("SELECT COUNT(*) AS n FROM entry WHERE list = 'exit_ban' AND ended_at IS NULL")
            .await,
        0
    );
    let rows = office
        .world
        .get(&format!("{import}/rows"), &office.clerk)
        .await
        .ok();
    let order = office
        .world
        .get(
            &format!("/api/v1/orders/{}", rows[0]["order"].as_str().unwrap()),
            &office.clerk,
        )
        .await
        .ok();
    let note = order["steps"].as_array().unwrap().last().unwrap()["note"]
        .as_str()
        .unwrap();
    assert!(
        note.contains(import.rsplit('/').next().unwrap()) && note.contains("The wrong file"),
        "{note}"
    );
    // What was undone may come again, put right.
    let again = office.read("police", "csv", &setup, text.as_bytes()).await;
    assert_eq!(
        office.look(&again).await["counts"]["rows"],
        json!({ "new": 2 })
    );
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_liaison_imports_for_its_own_agency_and_learns_nothing_of_others() {
    let office = Office::new().await;
    let world = &office.world;
    let liaison = world
        .person("liaison", Role::AgencyLiaison, None, None)
        .await;
    let input = account::AccountInput {
        agency: Some(Agency::Kpk),
        username: "other".into(),
        display_name: "Officer other".into(),
        role: Role::AgencyLiaison,
        site: None,
        desk: None,
        language: Some("en".into()),
    };
    account::open_with(&world.state, By::System, input, PASSWORD, false)
        .await
        .unwrap();
    let other = world.sign_in("other", PASSWORD).await;
    let file = format!("{HEADINGS}R-1,Contoh,L,1980,Kota,ID,{},\n", local_day(10));
    let body = |agency: &str| form(&[("agency", agency), ("format", "csv")], file.as_bytes());
    send(world, "/api/v1/imports", &liaison, body("kpk"))
        .await
        .refused(422, "other_agency");
    let made = send(world, "/api/v1/imports", &liaison, body("police"))
        .await
        .ok();
    assert_eq!(
        made["setup"]["columns"]["full_name"], 2,
        "the columns are guessed"
    );
    let import = format!("/api/v1/imports/{}", made["id"].as_str().unwrap());
    world.get(&import, &liaison).await.ok();
    let nothing = "/api/v1/imports/00000000-0000-0000-0000-000000000001";
    for path in ["", "/rows", "/report", "/photos"] {
        for import in [&import[..], nothing] {
            world
                .get(&format!("{import}{path}"), &other)
                .await
                .refused(404, "not_found");
        }
    }
    for import in [&import[..], nothing] {
        world
            .call(
                "PUT",
                &format!("{import}/setup"),
                Some(&other),
                Some(json!({})),
            )
            .await
            .refused(404, "not_found");
        world
            .post(&format!("{import}/application"), &other, json!({}))
            .await
            .refused(404, "not_found");
        world
            .call("DELETE", import, Some(&other), None)
            .await
            .refused(404, "not_found");
        send(world, &format!("{import}/photos"), &other, form(&[], b"x"))
            .await
            .refused(404, "not_found");
    }
    assert_eq!(world.get("/api/v1/imports", &other).await.ok(), json!([]));
    assert_eq!(
        world
            .get("/api/v1/imports", &liaison)
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        world
            .get("/api/v1/imports", &office.clerk)
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_was_interrupted_goes_on_and_nothing_is_doubled() {
    let office = Office::new().await;
    let (text, broken) = rows(700);
    let setup = json!({ "columns": columns(), "given": lost() });
    let body = form(
        &[
            ("agency", "police"),
            ("format", "csv"),
            ("setup", &setup.to_string()),
        ],
        text.as_bytes(),
    );
    let made = send(&office.world, "/api/v1/imports", &office.clerk, body)
        .await
        .ok();
    let import = format!("/api/v1/imports/{}", made["id"].as_str().unwrap());
    assert_eq!(made["phase"], "reading");
    // As a kill would: the work is dropped at whatever point it has reached, again and again.
    let cut = async |phase: &str| {
        let mut steps = 3;
        while office.look(&import).await["phase"] == phase {
            let work = work::run_due(&office.world.state);
            let mut work = std::pin::pin!(work);
            for _ in 0..steps {
                tokio::select! {
                    biased;
                    () = &mut work => break,
                    () = tokio::task::yield_now() => {}
                }
            }
            // Rows are read on another thread: it needs time, not turns.
            steps *= 2;
        }
    };
    cut("reading").await;
    let seen = office.look(&import).await;
    assert_eq!(
        seen["counts"]["rows"],
        json!({ "new": 700, "broken": broken }),
        "{seen}"
    );
    office
        .world
        .post(&format!("{import}/application"), &office.clerk, json!({}))
        .await
        .ok();
    cut("applying").await;
    assert_eq!(
        office.look(&import).await["counts"]["orders"],
        json!({ "submitted": 700 })
    );
    assert_eq!(office.count("SELECT COUNT(*) AS n FROM orders").await, 700);
    office
        .world
        .post(
            &format!("{import}/decision"),
            &office.approver,
            json!({ "decision": "approve" }),
        )
        .await
        .ok();
    cut("approving").await;
    assert_eq!(
        office.look(&import).await["counts"]["orders"],
        json!({ "approved": 700 })
    );
    assert_eq!(
        office
            .count("SELECT COUNT(*) AS n FROM order_step WHERE action = 'approve'")
            .await,
        700
    );
}

#[tokio::test]
async fn every_format_comes_to_the_same_orders() {
    let office = Office::new().await;
    let notices = json!({ "total": 2, "_embedded": { "notices": [
        { "entity_id": "2026/1", "name": "CONTOH", "forename": "SATU", "date_of_birth": "1980/02/03", "place_of_birth": "Kota", "sex_id": "M",
          "nationalities": ["RU"], "arrest_warrants": [{ "charge": "Fraud", "issuing_country_id": "RU" }] },
        { "entity_id": "2026/2", "name": "CONTOH", "forename": null, "date_of_birth": "1981", "nationalities": null } ] } });
    let mut given = given("red_notice", "international_arrest_request");
    given["reason_text"] = json!("");
    let import = office
        .read(
            "interpol_bureau",
            "interpol",
            &json!({ "given": given }),
            notices.to_string().as_bytes(),
        )
        .await;
    let rows = office
        .world
        .get(&format!("{import}/rows"), &office.clerk)
        .await
        .ok();
    assert_eq!(
        (&rows[0]["state"], &rows[0]["gaps"]),
        (&json!("new"), &json!(["photo"])),
        "{rows}"
    );
    assert_eq!(
        rows[1]["gaps"],
        json!(["sex", "birth_place", "nationality", "photo", "reason_text"])
    );
    let targets = "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset,first_seen,last_seen,last_change\n\
        x-1,Person,Contoh Satu,C. Satu,1980,ru,,P1,List A,,,d,a,b,c\nx-2,Vessel,Kapal,,,,,,,,,d,a,b,c\n";
    let given = self::given("alert_only", "agency_notice");
    let import = office
        .read(
            "police",
            "open_sanctions",
            &json!({ "given": given }),
            targets.as_bytes(),
        )
        .await;
    let seen = office.look(&import).await;
    assert_eq!(
        (&seen["skipped"], &seen["counts"]["rows"]),
        (&json!(1), &json!({ "new": 1 })),
        "{seen}"
    );
    let sheet = workbook(&[
        &["Nomor", "Nama"],
        &["R-1", "Contoh Satu"],
        &["R-2", "Contoh <Dua>"],
    ]);
    let setup = json!({ "columns": { "reference": 1, "full_name": 2 }, "given": lost() });
    let import = office.read("police", "xlsx", &setup, &sheet).await;
    let rows = office
        .world
        .get(&format!("{import}/rows"), &office.clerk)
        .await
        .ok();
    assert_eq!(
        (&rows[1]["n"], &rows[1]["cells"]["full_name"]),
        (&json!(3), &json!("Contoh <Dua>")),
        "{rows}"
    );
}

/// The least that is a workbook.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut sheet = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for (n, row) in rows.iter().enumerate() {
        write!(sheet, r#"<row r="{}">"#, n + 1).unwrap();
        for (at, cell) in row.iter().enumerate() {
            let column = char::from(b'A' + at as u8);
            let cell = cell.replace('<', "&lt;");
            write!(
                sheet,
                r#"<c r="{column}{}" t="inlineStr"><is><t>{cell}</t></is></c>"#,
                n + 1
            )
            .unwrap();
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    let types = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
    let rels = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    let book = r#"<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#;
    let book_rels = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", rels.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", book_rels.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_and_not_kept() {
    let office = Office::new().await;
    let world = &office.world;
    let add = async |format: &str, file: &[u8]| {
        send(
            world,
            "/api/v1/imports",
            &office.clerk,
            form(&[("agency", "police"), ("format", format)], file),
        )
        .await
    };
    add("csv", b"").await.refused(422, "empty_file");
    add("csv", b"PK\x03\x04").await.refused(422, "is_workbook");
    add("xlsx", b"Nomor,Nama\n")
        .await
        .refused(422, "not_a_workbook");
    add("interpol", b"hello").await.refused(422, "not_json");
    add("open_sanctions", b"Nomor,Nama\n")
        .await
        .refused(422, "wrong_header");
    add("word", b"x").await.refused(400, "bad_form");
    let left = std::fs::read_dir(world.dir.path().join("imports")).unwrap();
    assert_eq!(left.count(), 0);
    // A file nobody goes on with is not kept either.
    let made = add("csv", b"Nomor,Nama\nR-1,Contoh\n").await.ok();
    let import = format!("/api/v1/imports/{}", made["id"].as_str().unwrap());
    world
        .call(
            "PUT",
            &format!("{import}/setup"),
            Some(&office.clerk),
            Some(json!({})),
        )
        .await
        .refused(422, "columns_missing");
    let columns = json!({ "columns": { "reference": 1, "full_name": 2 } });
    world
        .call(
            "PUT",
            &format!("{import}/setup"),
            Some(&office.clerk),
            Some(columns),
        )
        .await
        .refused(422, "given_missing");
    world
        .post(&format!("{import}/application"), &office.clerk, json!({}))
        .await
        .refused(409, "import_phase");
    world.pass(8 * DAY_MS);
    work::run_due(&world.state).await;
    let left = std::fs::read_dir(world.dir.path().join("imports")).unwrap();
    assert_eq!(left.count(), 0);
    let clerk = world.sign_in("clerk", PASSWORD).await;
    assert_eq!(world.get(&import, &clerk).await.ok()["phase"], "dropped");
}
