//! The one table of what is copied to standby servers: for each noun which ids, which tables, which columns, what is
//! sealed where, and what never leaves the centre. Must name every column of every table it names: a test reads the schema.

use tapal_domain::standby::Noun;

/// How a column travels, where it does not travel as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Sealed under this name: open inside TLS, sealed again on arrival.
    Sealed(&'static str),
    /// Sealed under this name, but not handed over: arrives as an empty text.
    Blank(&'static str),
    /// NULL there: under a key of the centre's, or its own business.
    Null,
    /// 0 there: counts what only the centre counts.
    Zero,
    /// A password: of accounts of the standby server's own checkpoint only, elsewhere a text that no password fits.
    Password,
}

/// One table of a noun. `select` gives the noun's id as first column, then `columns`; `$1` is a JSON array of ids.
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub treated: &'static [(&'static str, How)],
    /// Columns whose values, joined by `:`, are the id under which a row's columns are sealed.
    pub place: &'static [&'static str],
    /// Travels even where the noun itself is not needed.
    pub always: bool,
    pub select: &'static str,
    pub delete: &'static str,
    pub insert: &'static str,
}

/// One noun: its tables, the first of which holds the id.
pub(super) struct Shape {
    pub noun: Noun,
    pub tables: &'static [Table],
    /// Which of the ids in `$1` a standby server needs: `$2` its checkpoint, `$3` now, `$4` the day there.
    pub among: &'static str,
    /// Which ids it holds and needs no more, where time alone ends the need.
    pub over: Option<&'static str>,
}

macro_rules! mark {
    ($column:ident) => {
        ", ?"
    };
}

macro_rules! table {
    ($name:literal of $owner:literal where $condition:literal, [$first:ident $(, $column:ident)*], place $place:expr, $treated:expr) => {
        table!($name of $owner where $condition, [$first $(, $column)*], place $place, $treated, false)
    };
    ($name:literal of $owner:literal where $condition:literal, [$first:ident $(, $column:ident)*], place $place:expr, $treated:expr, $always:literal) => {
        Table {
            name: $name,
            columns: &[stringify!($first) $(, stringify!($column))*],
            treated: &$treated,
            place: &$place,
            always: $always,
            select: concat!("SELECT ", $owner, " AS owner, ", stringify!($first) $(, ", ", stringify!($column))*, " FROM ", $name, " WHERE ", $condition),
            delete: concat!("DELETE FROM ", $name, " WHERE ", $condition),
            insert: concat!("INSERT OR REPLACE INTO ", $name, " (", stringify!($first) $(, ", ", stringify!($column))*, ") VALUES (?" $(, mark!($column))*, ")"),
        }
    };
}

/// The ledger's rows, under the holder or (what was recorded here and nowhere else) under their own id.
macro_rules! crossing {
    ($owner:literal where $condition:literal) => {
        table!("crossing" of $owner where $condition,
            [id, seq, site, lane, desk, direction, at, day, holder, document_mark, identity_sealed, citizen, nationality, outcome,
             ground, detection, order_id, alert, case_id, permit, stay_until, charge, receipt, officer, authoriser, recorded_at,
             content_hash, corrects, correction_reason],
            place ["id"], [("identity_sealed", How::Sealed("identity"))])
    };
}

macro_rules! extension {
    ($owner:literal where $condition:literal) => {
        table!("stay_extension" of $owner where $condition, [entry, n, until, permit, reference, officer, at], place [], [])
    };
}

macro_rules! cleared {
    ($owner:literal where $condition:literal, $always:literal) => {
        table!("cleared_pair" of $owner where $condition, [document_mark, order_id, case_id, until], place [], [], $always)
    };
}

const SITE: &[Table] = &[
    table!("site" of "id" where "id IN (SELECT value FROM json_each($1))",
        [id, name, kind, utc_offset_minutes, revision, list_version, created_at],
        place ["id"], [("revision", How::Zero), ("list_version", How::Zero)]),
    table!("desk" of "site" where "site IN (SELECT value FROM json_each($1))", [id, site, name], place ["id"], []),
    table!("lane" of "site" where "site IN (SELECT value FROM json_each($1))", [id, site, name, direction, desk], place ["id"], []),
    table!("deployment" of "site" where "site IN (SELECT value FROM json_each($1))", [site, record, changed_at], place ["site"], []),
    table!("camera" of "site" where "site IN (SELECT value FROM json_each($1))",
        [id, site, lane, name, direction, source_sealed, source_shown, fps, detect_width, min_eye_distance_px, enabled],
        place ["id"], [("source_sealed", How::Blank("source"))]),
    table!("edge" of "site" where "site IN (SELECT value FROM json_each($1))",
        [id, site, name, public_key, token_hash, token_expires_at, created_at, enrolled_at, retired_at, health, health_boot, health_seq, health_at],
        place ["id"], [("token_hash", How::Null), ("token_expires_at", How::Null), ("health", How::Null), ("health_boot", How::Null),
            ("health_seq", How::Null), ("health_at", How::Null)]),
];

const ACCOUNT: &[Table] = &[
    table!("account" of "id" where "id IN (SELECT value FROM json_each($1))",
    [id, username, display_name, role, site, desk, language, password_hash, must_change, created_at, closed_at, agency],
    place ["id"], [("password_hash", How::Password)]),
];

const SESSION: &[Table] = &[
    table!("session" of "lower(hex(token_hash))" where "token_hash IN (SELECT unhex(value) FROM json_each($1))",
    [token_hash, account, csrf, created_at, seen_at], place [], []),
];

const RULE_PACK: &[Table] = &[
    table!("rule_pack_proposal" of "id" where "id IN (SELECT value FROM json_each($1))",
    [id, pack, text, reason, proposed_by, proposed_at, decision, decided_by, decided_at, decision_reason], place ["id"], []),
];

const ENTRY: &[Table] = &[
    table!("entry" of "id" where "id IN (SELECT value FROM json_each($1))",
        [id, list, agency, in_force_from, in_force_to, version, identity_sealed, created_at, created_by, ended_at, end_reason, first_day, last_day],
        place ["id"], [("identity_sealed", How::Sealed("identity"))]),
    table!("entry_photo" of "entry" where "entry IN (SELECT value FROM json_each($1))",
        [id, entry, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at],
        place ["id"], [("photo_sealed", How::Blank("photo")), ("portrait_sealed", How::Sealed("portrait")), ("template_sealed", How::Sealed("template"))]),
    table!("entry_hold" of "entry" where "entry IN (SELECT value FROM json_each($1))",
        [entry, held_at, decided_at, decided_by, accepted, reason_sealed],
        place ["entry"], [("reason_sealed", How::Sealed("reason"))]),
];

const ORDER: &[Table] = &[
    table!("orders" of "id" where "id IN (SELECT value FROM json_each($1))",
        [id, kind, agency, status, first_day, last_day, steps, created_at, changed_at, entry], place ["id"], []),
    table!("order_step" of "of" where "of IN (SELECT value FROM json_each($1))",
        [of, n, at, account, action, step_sealed], place ["of", "n"], [("step_sealed", How::Sealed("step"))]),
];

const HOLDER: &[Table] = &[
    table!("holder" of "id" where "id IN (SELECT value FROM json_each($1))",
        [id, citizen, nationality, identity_sealed, nik_mark, created_at, changed_at],
        place ["id"], [("identity_sealed", How::Sealed("identity")), ("nik_mark", How::Null)]),
    table!("holder_document" of "holder" where "holder IN (SELECT value FROM json_each($1))",
        [id, holder, kind, issuing_state, number_sealed, mark, expires, status, status_at, reference_sealed, created_at],
        place ["id"], [("number_sealed", How::Sealed("number")), ("reference_sealed", How::Sealed("reference"))]),
    table!("permit" of "holder" where "holder IN (SELECT value FROM json_each($1))",
        [id, holder, kind, permit_index, entries, valid_from, valid_until, stay_days, stay_until, sites, document_mark, state, state_at, created_at],
        place ["id"], []),
    table!("holder_portrait" of "holder" where "holder IN (SELECT value FROM json_each($1))",
        [id, holder, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at],
        place ["id"], [("photo_sealed", How::Blank("photo")), ("portrait_sealed", How::Sealed("portrait")), ("template_sealed", How::Sealed("template"))]),
    // Under the smaller id of a pair: whoever has a link is copied, so the other one is there too.
    table!("holder_link" of "one" where "one IN (SELECT value FROM json_each($1))",
        [one, other, n, decision, reason_sealed, account, at], place ["one", "other", "n"], [("reason_sealed", How::Sealed("reason"))]),
    crossing!("holder" where "holder IN (SELECT value FROM json_each($1))"),
    extension!("(SELECT c.holder FROM crossing c WHERE c.id = stay_extension.entry)"
        where "entry IN (SELECT id FROM crossing WHERE holder IN (SELECT value FROM json_each($1)))"),
];

const CASE: &[Table] = &[
    table!("second_line" of "id" where "id IN (SELECT value FROM json_each($1))",
        [id, crossing, site, direction, alert, document_mark, status, protected, steps, taken_by, taken_at, alarmed, alarm_at, opened_at,
         changed_at, closed_at], place ["id"], []),
    table!("second_line_step" of "of" where "of IN (SELECT value FROM json_each($1))",
        [of, n, at, account, action, step_sealed], place ["of", "n"], [("step_sealed", How::Sealed("step"))]),
    // A pair outlives its case; and one of a case that the centre does not have must go.
    cleared!("case_id" where "case_id IN (SELECT value FROM json_each($1))", true),
];

const CLEARED: &[Table] = &[
    cleared!("lower(hex(document_mark)) || ':' || order_id" where
    "(document_mark, order_id) IN (SELECT unhex(substr(value, 1, 32)), substr(value, 34) FROM json_each($1))", false),
];

const ALERT: &[Table] = &[
    table!("alert" of "id" where "id IN (SELECT value FROM json_each($1))",
        [id, site, camera, lane, desk, edge, entry, received_at, captured_at, status, level, due_at, ended_at, probes, evidence, destroyed_at],
        place ["id"], []),
    table!("alert_step" of "alert" where "alert IN (SELECT value FROM json_each($1))",
        [alert, n, at, action, account, step_sealed], place ["alert", "n"], [("step_sealed", How::Sealed("step"))]),
    table!("alert_probe" of "alert" where "alert IN (SELECT value FROM json_each($1))",
        [alert, n, photo_sealed], place ["alert", "n"], [("photo_sealed", How::Sealed("photo"))]),
];

const CROSSING: &[Table] = &[
    crossing!("id" where "id IN (SELECT value FROM json_each($1))"),
    extension!("entry" where "entry IN (SELECT value FROM json_each($1))"),
];

macro_rules! needed {
    ($id:literal from $table:literal where $value:literal, $condition:expr) => {
        concat!(
            "SELECT ",
            $id,
            " AS of FROM ",
            $table,
            " WHERE ",
            $value,
            " AND ",
            $condition
        )
    };
}

macro_rules! over {
    ($id:literal from $table:literal, $condition:expr) => {
        concat!(
            "SELECT ",
            $id,
            " AS of FROM ",
            $table,
            " WHERE ",
            $condition,
            " IS NOT TRUE"
        )
    };
}

/// In the country, or with a permit that has not run out; or a document that is none any more; or a link.
macro_rules! holder_needed {
    () => {
        "(EXISTS (SELECT 1 FROM permit p WHERE p.holder = holder.id AND p.state = 'issued' AND (p.valid_until >= $4 OR p.stay_until >= $4)) \
         OR EXISTS (SELECT 1 FROM holder_document d WHERE d.holder = holder.id AND d.status <> 'valid') \
         OR EXISTS (SELECT 1 FROM holder_link l WHERE l.one = holder.id) OR EXISTS (SELECT 1 FROM holder_link l WHERE l.other = holder.id) \
         OR (citizen = 0 AND 'entered' = (SELECT c.outcome FROM crossing c WHERE c.holder = holder.id AND c.outcome IN ('entered', 'departed') \
             AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id) ORDER BY c.at DESC, c.seq DESC LIMIT 1)))"
    };
}

/// Open anywhere; of this checkpoint also for seven days after.
macro_rules! case_needed {
    () => {
        "(closed_at IS NULL OR (site = $2 AND closed_at > $3 - 604800000))"
    };
}

/// Of this checkpoint, open or of the last day.
macro_rules! alert_needed {
    () => {
        "(site = $2 AND (ended_at IS NULL OR received_at > $3 - 86400000))"
    };
}

/// Of an account of this checkpoint, younger than the age at which sessions end ([`crate::session::ABSOLUTE_MS`]).
macro_rules! session_needed {
    () => {
        "(created_at > $3 - 43200000 AND EXISTS (SELECT 1 FROM account a WHERE a.id = session.account AND a.site = $2))"
    };
}

const _: () = assert!(crate::session::ABSOLUTE_MS == 43_200_000);

const ALL: &[Shape] = &[
    // Before holders: what only this standby server recorded goes, then the centre's own comes.
    Shape {
        noun: Noun::Crossing,
        tables: CROSSING,
        among: "SELECT id AS of FROM crossing WHERE id IN (SELECT value FROM json_each($1)) AND 0",
        over: None,
    },
    Shape {
        noun: Noun::Site,
        tables: SITE,
        among: needed!("id" from "site" where "id IN (SELECT value FROM json_each($1))", "1"),
        over: None,
    },
    Shape {
        noun: Noun::Account,
        tables: ACCOUNT,
        among: needed!("id" from "account" where "id IN (SELECT value FROM json_each($1))", "1"),
        over: None,
    },
    Shape {
        noun: Noun::Session,
        tables: SESSION,
        among: needed!("lower(hex(token_hash))" from "session" where "token_hash IN (SELECT unhex(value) FROM json_each($1))", session_needed!()),
        over: Some(over!("lower(hex(token_hash))" from "session", session_needed!())),
    },
    Shape {
        noun: Noun::RulePack,
        tables: RULE_PACK,
        among: needed!("id" from "rule_pack_proposal" where "id IN (SELECT value FROM json_each($1))", "decision IS NOT NULL"),
        over: None,
    },
    Shape {
        noun: Noun::Entry,
        tables: ENTRY,
        among: needed!("id" from "entry" where "id IN (SELECT value FROM json_each($1))", "ended_at IS NULL"),
        over: None,
    },
    Shape {
        noun: Noun::Order,
        tables: ORDER,
        among: needed!("id" from "orders" where "id IN (SELECT value FROM json_each($1))", "status IN ('approved', 'extension_requested')"),
        over: None,
    },
    Shape {
        noun: Noun::Holder,
        tables: HOLDER,
        among: needed!("id" from "holder" where "id IN (SELECT value FROM json_each($1))", holder_needed!()),
        over: Some(over!("id" from "holder", holder_needed!())),
    },
    Shape {
        noun: Noun::Case,
        tables: CASE,
        among: needed!("id" from "second_line" where "id IN (SELECT value FROM json_each($1))", case_needed!()),
        over: Some(over!("id" from "second_line", case_needed!())),
    },
    Shape {
        noun: Noun::Cleared,
        tables: CLEARED,
        among: needed!("lower(hex(document_mark)) || ':' || order_id" from "cleared_pair" where
            "(document_mark, order_id) IN (SELECT unhex(substr(value, 1, 32)), substr(value, 34) FROM json_each($1))", "1"),
        over: None,
    },
    Shape {
        noun: Noun::Alert,
        tables: ALERT,
        among: needed!("id" from "alert" where "id IN (SELECT value FROM json_each($1))", alert_needed!()),
        over: Some(over!("id" from "alert", alert_needed!())),
    },
];

/// Every noun, in the order in which a page of copies is written.
pub(super) fn all() -> &'static [Shape] {
    ALL
}

impl Table {
    /// How one of its columns travels; `None` as it stands.
    pub fn how(&self, column: &str) -> Option<How> {
        let treated = self.treated.iter().find(|(name, _)| *name == column);
        treated.map(|(_, how)| *how)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        Vault,
        db::{Db, args},
    };

    #[tokio::test]
    async fn every_column_of_a_copied_table_is_named_and_what_is_sealed_or_marked_is_dealt_with() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::from_key(&[7; 32]).unwrap();
        let db = Db::open(&dir.path().join("t.db"), vault).await.unwrap();
        for table in all().iter().flat_map(|shape| shape.tables) {
            let sql = "SELECT name FROM pragma_table_info($1)";
            let rows = db.all(sql, args![table.name]).await.unwrap();
            let there: BTreeSet<String> =
                rows.iter().map(|row| row.text("name").unwrap()).collect();
            let named: BTreeSet<String> = table.columns.iter().map(|&c| c.to_owned()).collect();
            assert_eq!(there, named, "{}", table.name);
            for column in table.columns {
                let how = table.how(column);
                if column.ends_with("_sealed") {
                    assert!(
                        matches!(how, Some(How::Sealed(name) | How::Blank(name)) if format!("{name}_sealed") == **column),
                        "{} {column}",
                        table.name
                    );
                    assert!(!table.place.is_empty(), "{}: sealed where?", table.name);
                }
                // Marks of documents are made with the key that both have; any other mark is under the centre's own key.
                let of_documents = [
                    ("holder_document", "mark"),
                    ("crossing", "document_mark"),
                    ("permit", "document_mark"),
                    ("second_line", "document_mark"),
                    ("cleared_pair", "document_mark"),
                ];
                if column.ends_with("mark") && !of_documents.contains(&(table.name, column)) {
                    assert_eq!(how, Some(How::Null), "{} {column}", table.name);
                }
            }
            assert!(
                table
                    .place
                    .iter()
                    .all(|column| table.columns.contains(column)),
                "{}",
                table.name
            );
            assert!(
                table
                    .treated
                    .iter()
                    .all(|(column, _)| table.columns.contains(column)),
                "{}",
                table.name
            );
        }
    }

    #[test]
    fn every_noun_has_a_shape() {
        for noun in Noun::ALL {
            assert_eq!(
                all().iter().filter(|shape| shape.noun == noun).count(),
                1,
                "{noun:?}"
            );
        }
    }
}
