//! The one seam to the database: pools, transactions, values and rows. PostgreSQL is added here and nowhere else.
//! Must not hold a query of a noun, and must not let a change be committed without its audit row by accident.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    Row as _, Sqlite, SqlitePool, TypeInfo as _, ValueRef as _,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use tapal_domain::{id, time::UtcMs};
use tokio::sync::watch;

use crate::{
    audit::{self, Note},
    error::{Error, Result},
    vault::Vault,
};

/// A database handle; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: SqlitePool,
    reader: SqlitePool,
    vault: Vault,
    wake: watch::Sender<u64>,
}

/// One argument of a statement.
#[derive(Clone, Debug)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Integers, times, booleans as 0 and 1.
    Int(i64),
    /// Floating point.
    Real(f64),
    /// Text, ids.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// One row of a reply, read by column name.
pub struct Row(SqliteRow);

/// A write transaction. Dropping it undoes everything.
pub struct Tx {
    inner: sqlx::Transaction<'static, Sqlite>,
    db: Db,
    now: UtcMs,
    told: bool,
}

/// Writes that need no audit row of their own, by reason. There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unaudited {
    /// Health, counters and attempts: many a second, no decision, no person.
    Telemetry,
    /// Which node was handed which templates with a list.
    HandedOver,
    /// A nonce seen.
    Nonce,
    /// When a session or a key was last used.
    SessionSeen,
    /// How far the reading or deciding of a file has come; each order of it, and its end, has a row of its own.
    ImportProgress,
    /// Copies of the centre's rows written at a standby server, and how far it has come: each has its row at the centre.
    Copied,
}

impl Db {
    /// Opens the database file (made when missing) and brings its tables up to date.
    pub async fn open(file: &Path, vault: Vault) -> Result<Self> {
        Self::open_as(file, vault, true).await
    }

    /// Opens the database of a standby server. Its rows are copies that arrive in no order, so that references between
    /// tables are not enforced here; the centre enforces them for what is handed in.
    pub async fn open_standby(file: &Path, vault: Vault) -> Result<Self> {
        Self::open_as(file, vault, false).await
    }

    async fn open_as(file: &Path, vault: Vault, references: bool) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(references)
            // Destroyed photographs are overwritten, not only unlinked.
            .pragma("secure_delete", "on")
            .busy_timeout(Duration::from_secs(5));
        let pool = |size| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .acquire_timeout(Duration::from_secs(5))
        };
        let writer = pool(1)
            .min_connections(1)
            .connect_with(options.clone())
            .await?;
        crate::migrate::run(&writer).await?;
        let reader = pool(4).connect_with(options.read_only(true)).await?;
        let (wake, _) = watch::channel(0);
        Ok(Self(Arc::new(Inner {
            writer,
            reader,
            vault,
            wake,
        })))
    }

    /// What encrypts and decrypts sealed columns.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Wakes whoever waits for events. The value only counts; the event table is the truth.
    pub fn wakes(&self) -> watch::Receiver<u64> {
        self.0.wake.subscribe()
    }

    /// Starts a write. One at a time; the others wait their turn.
    pub async fn begin(&self, now: UtcMs) -> Result<Tx> {
        let inner = self.0.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx {
            inner,
            db: self.clone(),
            now,
            told: false,
        })
    }

    /// All rows of a read.
    pub async fn all(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        Ok(bind(sql, args)
            .fetch_all(&self.0.reader)
            .await?
            .into_iter()
            .map(Row)
            .collect())
    }

    /// The first row of a read, if any.
    pub async fn first(&self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>> {
        Ok(bind(sql, args)
            .fetch_optional(&self.0.reader)
            .await?
            .map(Row))
    }

    /// The one row of a read; [`Error::NotFound`] without one.
    pub async fn one(&self, sql: &'static str, args: Vec<Value>) -> Result<Row> {
        self.first(sql, args).await?.ok_or(Error::NotFound)
    }

    /// Closes all connections, so that the file is whole on disk.
    pub async fn close(&self) {
        self.0.reader.close().await;
        self.0.writer.close().await;
    }
}

impl Tx {
    /// The instant of this change.
    pub fn now(&self) -> UtcMs {
        self.now
    }

    /// What encrypts and decrypts sealed columns.
    pub fn vault(&self) -> &Vault {
        self.db.vault()
    }

    /// Runs a statement; rows changed.
    pub async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        Ok(bind(sql, args)
            .execute(&mut *self.inner)
            .await?
            .rows_affected())
    }

    /// All rows.
    pub async fn all(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        Ok(bind(sql, args)
            .fetch_all(&mut *self.inner)
            .await?
            .into_iter()
            .map(Row)
            .collect())
    }

    /// The first row, if any.
    pub async fn first(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>> {
        Ok(bind(sql, args)
            .fetch_optional(&mut *self.inner)
            .await?
            .map(Row))
    }

    /// The one row; [`Error::NotFound`] without one.
    pub async fn one(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Row> {
        self.first(sql, args).await?.ok_or(Error::NotFound)
    }

    /// Says that an event was written, so that the commit wakes the consoles.
    pub(crate) fn told(&mut self) {
        self.told = true;
    }

    /// Writes one more audit row of this change; the last one goes with [`Tx::commit`].
    pub async fn note(&mut self, note: Note) -> Result<()> {
        audit::append(self, note).await
    }

    /// Makes the change and its audit row lasting, then wakes the consoles.
    pub async fn commit(mut self, note: Note) -> Result<()> {
        audit::append(&mut self, note).await?;
        self.finish().await
    }

    /// Makes a change lasting that is on the short list of those without an audit row.
    pub async fn commit_unaudited(self, _why: Unaudited) -> Result<()> {
        self.finish().await
    }

    async fn finish(self) -> Result<()> {
        let Self {
            inner, db, told, ..
        } = self;
        inner.commit().await?;
        if told {
            db.0.wake.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}

fn bind(
    sql: &'static str,
    args: Vec<Value>,
) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    args.into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Null => query.bind(None::<i64>),
            Value::Int(v) => query.bind(v),
            Value::Real(v) => query.bind(v),
            Value::Text(v) => query.bind(v),
            Value::Blob(v) => query.bind(v),
        })
}

impl Row {
    /// An integer.
    pub fn int(&self, column: &str) -> Result<i64> {
        Ok(self.0.try_get(column)?)
    }
    /// Whatever stands in a column, by its position from 0.
    pub(crate) fn value(&self, at: usize) -> Result<Value> {
        let raw = self.0.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        Ok(match raw.type_info().name() {
            "INTEGER" => Value::Int(self.0.try_get_unchecked(at)?),
            "REAL" => Value::Real(self.0.try_get_unchecked(at)?),
            "TEXT" => Value::Text(self.0.try_get_unchecked(at)?),
            _ => Value::Blob(self.0.try_get_unchecked(at)?),
        })
    }
    /// An integer or NULL.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>> {
        Ok(self.0.try_get(column)?)
    }
    /// A number.
    pub fn real(&self, column: &str) -> Result<f64> {
        Ok(self.0.try_get(column)?)
    }
    /// A truth value stored as 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }
    /// Text.
    pub fn text(&self, column: &str) -> Result<String> {
        Ok(self.0.try_get(column)?)
    }
    /// Text or NULL.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>> {
        Ok(self.0.try_get(column)?)
    }
    /// Bytes.
    pub fn blob(&self, column: &str) -> Result<Vec<u8>> {
        Ok(self.0.try_get(column)?)
    }
    /// Bytes or NULL.
    pub fn opt_blob(&self, column: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.try_get(column)?)
    }
    /// A time.
    pub fn at(&self, column: &str) -> Result<UtcMs> {
        Ok(UtcMs(self.int(column)?))
    }
    /// A time or NULL.
    pub fn opt_at(&self, column: &str) -> Result<Option<UtcMs>> {
        Ok(self.opt_int(column)?.map(UtcMs))
    }
    /// Text that parses: an id.
    pub fn id<T: std::str::FromStr>(&self, column: &str) -> Result<T> {
        parsed(&self.text(column)?, column)
    }
    /// A day of the calendar.
    pub fn day(&self, column: &str) -> Result<tapal_domain::day::Day> {
        self.id(column)
    }
    /// Text that parses, or NULL.
    pub fn opt_id<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>> {
        self.opt_text(column)?
            .map(|text| parsed(&text, column))
            .transpose()
    }
    /// A JSON column.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T> {
        from_json(&self.text(column)?)
    }
    /// A value stored by its serde name, or NULL.
    pub fn opt_name<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        self.opt_text(column)?
            .map(|name| from_name(&name))
            .transpose()
    }
    /// A value stored by its serde name, such as `exit_ban`.
    pub fn name<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T> {
        from_name(&self.text(column)?)
    }
}

fn parsed<T: std::str::FromStr>(text: &str, column: &str) -> Result<T> {
    text.parse()
        .map_err(|_| Error::Other(format!("column {column} holds something unexpected")))
}

/// JSON text of a value.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::other)
}

/// A value from JSON text; the error does not repeat the text.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|e| Error::Other(format!("stored JSON does not read: {:?}", e.classify())))
}

/// The serde name of a unit variant.
pub(crate) fn to_name<T: serde::Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(Error::other("a value without a name was stored by name")),
    }
}

/// The unit variant with this serde name.
pub(crate) fn from_name<T: serde::de::DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .map_err(|_| Error::other("an unknown name is stored"))
}

macro_rules! into_value {
    ($($from:ty => |$v:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from($v: $from) -> Self {
                $to
            }
        }
    )+};
}

into_value! {
    i64 => |v| Value::Int(v),
    u32 => |v| Value::Int(v.into()),
    bool => |v| Value::Int(v.into()),
    f64 => |v| Value::Real(v),
    f32 => |v| Value::Real(v.into()),
    String => |v| Value::Text(v),
    &str => |v| Value::Text(v.to_owned()),
    &String => |v| Value::Text(v.clone()),
    Vec<u8> => |v| Value::Blob(v),
    &[u8] => |v| Value::Blob(v.to_vec()),
    UtcMs => |v| Value::Int(v.0),
    id::SiteId => |v| Value::Text(v.to_string()),
    id::CameraId => |v| Value::Text(v.to_string()),
    id::LaneId => |v| Value::Text(v.to_string()),
    id::DeskId => |v| Value::Text(v.to_string()),
    id::EdgeId => |v| Value::Text(v.to_string()),
    id::OrderId => |v| Value::Text(v.to_string()),
    id::EntryId => |v| Value::Text(v.to_string()),
    id::AlertId => |v| Value::Text(v.to_string()),
    id::AttemptId => |v| Value::Text(v.to_string()),
    id::ProposalId => |v| Value::Text(v.to_string()),
    id::CredentialId => |v| Value::Text(v.to_string()),
    id::AccountId => |v| Value::Text(v.to_string()),
    id::BootId => |v| Value::Text(v.to_string()),
    id::ImportId => |v| Value::Text(v.to_string()),
    id::InProcessId => |v| Value::Text(v.to_string()),
    id::InProcessHitId => |v| Value::Text(v.to_string()),
    id::HolderId => |v| Value::Text(v.to_string()),
    id::PermitId => |v| Value::Text(v.to_string()),
    id::CrossingId => |v| Value::Text(v.to_string()),
    id::CaseId => |v| Value::Text(v.to_string()),
    id::PassengerListId => |v| Value::Text(v.to_string()),
    id::PassengerId => |v| Value::Text(v.to_string()),
    id::StandbyId => |v| Value::Text(v.to_string()),
    id::FindingId => |v| Value::Text(v.to_string()),
    tapal_domain::day::Day => |v| Value::Text(v.to_string()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// Arguments of a statement, in order: `args![id, now]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;
