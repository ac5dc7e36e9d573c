//! What can go wrong with stored data, in four words. Must not carry row contents into a message.

/// A storage error. `Conflict` names the constraint, so that a caller can say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such row.
    #[error("not found")]
    NotFound,
    /// A rule of the data forbids it; the text names the constraint.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The database does not answer now; trying again may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else: a defect, a damaged file, a wrong key.
    #[error("{0}")]
    Other(String),
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of the last kind, from anything printable that holds no personal data.
    pub fn other(what: impl std::fmt::Display) -> Self {
        Self::Other(what.to_string())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(e) if e.is_unique_violation() || e.is_foreign_key_violation() => {
                Self::Conflict(e.message().to_owned())
            }
            // SQLITE_BUSY and SQLITE_LOCKED, with their extended codes' low byte.
            sqlx::Error::Database(e) if matches!(e.code().and_then(|c| c.parse::<i32>().ok()), Some(c) if matches!(c & 0xff, 5 | 6)) => {
                Self::Unavailable(e.message().to_owned())
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}
