//! Copies of the centre's rows at a standby server: what changed is given page by page at the centre, and put in the place
//! of what is held at the standby server. What is copied at all stands in `shape`.

mod give;
mod write;

pub use give::{copies, noted};
pub use write::{Applied, apply, tidy, waits};

use tapal_domain::{day::Day, id::SiteId, time::UtcMs};

use super::shape::Table;
use crate::{
    db::{Db, Value, args},
    error::{Error, Result},
};

/// For which standby server, and when.
struct For {
    site: SiteId,
    now: UtcMs,
    today: String,
}

impl For {
    async fn site(db: &Db, site: SiteId, now: UtcMs) -> Result<Self> {
        let sql = "SELECT utc_offset_minutes FROM site WHERE id = $1";
        let row = db.first(sql, args![site]).await?;
        let offset = row.map_or(Ok(420), |row| row.int("utc_offset_minutes"))?;
        Ok(Self {
            site,
            now,
            today: Day::at(now, offset).to_string(),
        })
    }
}

fn column<'a>(table: &Table, values: &'a [Value], name: &str) -> Option<&'a Value> {
    let at = table.columns.iter().position(|column| *column == name)?;
    values.get(at)
}

/// The id under which a row's columns are sealed.
fn place(table: &Table, values: &[Value]) -> Result<String> {
    let part = |name: &&str| match column(table, values, name) {
        Some(Value::Text(text)) => Ok(text.clone()),
        Some(Value::Int(number)) => Ok(number.to_string()),
        _ => Err(Error::Other(format!("{} has a row without id", table.name))),
    };
    let parts = table.place.iter().map(part).collect::<Result<Vec<_>>>()?;
    Ok(parts.join(":"))
}

#[cfg(test)]
mod tests;
