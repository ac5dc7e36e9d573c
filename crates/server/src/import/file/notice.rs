//! Notices as INTERPOL's public interface gives them: one notice, an array, a page with `_embedded.notices`, or one a
//! line. Read one after another. Must not follow a link in a notice.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use tapal_domain::import::{Fault, Field, Format};

use super::{Cells, Item, ROWS, Result, Unusable, unreadable};
use crate::import::setup::ImportSetup;

/// One notice; what is not read is not kept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Notice {
    entity_id: Option<String>,
    name: Option<String>,
    forename: Option<String>,
    date_of_birth: Option<String>,
    place_of_birth: Option<String>,
    sex_id: Option<String>,
    nationalities: Option<Vec<String>>,
    arrest_warrants: Option<Vec<Warrant>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Warrant {
    charge: Option<String>,
}

impl Notice {
    fn cells(self) -> Cells {
        let charge = self
            .arrest_warrants
            .unwrap_or_default()
            .into_iter()
            .find_map(|one| one.charge);
        let nationality = self.nationalities.unwrap_or_default().into_iter().next();
        // `U` is "unknown": nothing said.
        let sex = self.sex_id.filter(|sex| sex != "U");
        let all = [
            (Field::SourceKey, self.entity_id),
            (Field::FamilyName, self.name),
            (Field::GivenName, self.forename),
            (Field::BirthDate, self.date_of_birth),
            (Field::BirthPlace, self.place_of_birth),
            (Field::Sex, sex),
            (Field::Nationality, nationality),
            (Field::ReasonText, charge),
        ];
        all.into_iter()
            .filter_map(|(field, text)| Some((field, text?)))
            .collect()
    }
}

/// Gives notices on and counts them; remembers why it stopped.
struct Walk<'a> {
    sink: &'a mut dyn FnMut(Item) -> bool,
    n: i64,
    stopped: Option<Unusable>,
    enough: bool,
}

impl Walk<'_> {
    /// A notice, or the fault of one that has another form.
    fn take(&mut self, value: Value) -> std::result::Result<(), &'static str> {
        self.n += 1;
        if self.n > ROWS {
            self.stopped = Some(Unusable("too_many_rows"));
            return Err("too many");
        }
        let item = match Notice::deserialize(value) {
            Ok(notice) => Item::Row(self.n, notice.cells(), Vec::new()),
            Err(_) => Item::Row(self.n, Cells::new(), vec![Fault::row("not_a_notice")]),
        };
        if (self.sink)(item) {
            return Ok(());
        }
        self.enough = true;
        Err("enough")
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a notice, an array of notices or a page of them")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while let Some(value) = seq.next_element::<Value>()? {
            self.take(value).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let (mut one, mut page) = (serde_json::Map::new(), false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "_embedded" => {
                    page = true;
                    map.next_value_seed(Embedded(self))?;
                }
                // Links, pictures and counts are not read.
                "_links" | "query" | "total" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    one.insert(key, map.next_value()?);
                }
            }
        }
        if page {
            return Ok(());
        }
        self.take(Value::Object(one))
            .map_err(serde::de::Error::custom)
    }
}

/// What stands under `_embedded`.
struct Embedded<'a, 'b>(&'a mut Walk<'b>);

impl<'de> DeserializeSeed<'de> for Embedded<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Embedded<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with notices")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "notices" {
                map.next_value_seed(&mut *self.0)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut head = [0; 3];
    let read = file.read(&mut head).map_err(unreadable)?;
    if head[..read] != [0xef, 0xbb, 0xbf] {
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    }
    Ok(file)
}

pub fn look(path: &Path) -> Result<(ImportSetup, i64)> {
    let first = open(path)?
        .bytes()
        .find_map(|byte| byte.ok().filter(|b| !b.is_ascii_whitespace()));
    match first {
        None => Err(Unusable("empty_file")),
        Some(b'{' | b'[') => Ok((ImportSetup::preset(Format::Interpol, Vec::new()), 0)),
        Some(_) => Err(Unusable("not_json")),
    }
}

pub fn read(path: &Path, sink: &mut dyn FnMut(Item) -> bool) -> Result<()> {
    let mut walk = Walk {
        sink,
        n: 0,
        stopped: None,
        enough: false,
    };
    let mut from = serde_json::Deserializer::from_reader(open(path)?);
    loop {
        // At the end of what stands one after another there is only white space.
        if from.end().is_ok() {
            return Ok(());
        }
        let read = DeserializeSeed::deserialize(&mut walk, &mut from);
        match (walk.stopped, walk.enough, read) {
            (Some(why), ..) => return Err(why),
            (_, true, _) => return Ok(()),
            (_, _, Ok(())) => {}
            (_, _, Err(_)) => return Err(Unusable("broken_json")),
        }
    }
}
