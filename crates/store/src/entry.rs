//! List entries, their photographs and templates, and what each site's node must add or remove. Identity and
//! biometrics are encrypted. When they end by themselves is in `lapse`. Must not let an entry that lapsed or ended stay
//! on any list version.

use serde::{Deserialize, Serialize};
use tapal_domain::{
    background::Finding,
    day::Day,
    entry::{Agency, Draft, Entry, ListKind, Person, in_force},
    id::{AccountId, EntryId, SiteId},
    time::UtcMs,
    wire::ShotQuality,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, from_json, to_json},
    error::{Error, Result},
    event::{self, Audience, News},
    vault::Vault,
};

/// One entry with what happened to it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = EntryRecorded))]
pub struct Recorded {
    /// The entry.
    pub entry: Entry,
    /// Where its first day begins first: from here on it is in force somewhere.
    pub starts_at: UtcMs,
    /// Where its last day ends last: from here on it is in force nowhere.
    pub ends_at: UtcMs,
    /// When it was recorded.
    pub created_at: UtcMs,
    /// When it ended or lapsed.
    pub ended_at: Option<UtcMs>,
    /// Code: `lapsed`, or what the person who ended it chose.
    pub end_reason: Option<String>,
    /// Photographs held.
    pub photos: i64,
    /// Since when the enrolment audit holds it back from the nodes, until a person decides.
    pub held_at: Option<UtcMs>,
}

impl Recorded {
    /// Whether it is in force at this instant at any place at all.
    pub fn in_force_somewhere(&self, now: UtcMs) -> bool {
        self.ended_at.is_none() && in_force(self.starts_at, self.ends_at, now)
    }
    /// Whether it is in force at this instant where clocks are `utc_offset_minutes` ahead of UTC.
    pub fn in_force_at(&self, now: UtcMs, utc_offset_minutes: i64) -> bool {
        self.ended_at.is_none() && self.entry.in_force(now, utc_offset_minutes)
    }
}

/// One enrolled photograph to be stored. `Debug` is redacted.
pub struct NewPhoto {
    /// Id made by the caller.
    pub id: Uuid,
    /// The photograph as handed in.
    pub photo: Vec<u8>,
    /// JPEG aligned by the eyes, 480 x 600.
    pub portrait_jpeg: Vec<u8>,
    /// L2-normalised template.
    pub template: Vec<f32>,
    /// Model of the template.
    pub model_id: String,
    /// Its measures.
    pub quality: ShotQuality,
}

impl std::fmt::Debug for NewPhoto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPhoto(redacted)")
    }
}

/// One stored photograph's description.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoInfo {
    /// Position, from 0.
    pub n: i64,
    /// Model of its template.
    pub model_id: String,
    /// Its measures.
    pub quality: ShotQuality,
    /// When it was stored.
    pub created_at: UtcMs,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    person: Person,
    order_reference: String,
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT e.id, e.list, e.agency, e.first_day, e.last_day, e.in_force_from, e.in_force_to, e.version, e.identity_sealed, e.created_at, e.ended_at, ",
            "e.end_reason, (SELECT COUNT(*) FROM entry_photo p WHERE p.entry = e.id) AS photos, ",
            "(SELECT h.held_at FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL AND e.ended_at IS NULL) AS held_at FROM entry e ",
            $where
        )
    };
}

fn read(vault: &Vault, row: &Row) -> Result<Recorded> {
    let id: EntryId = row.id("id")?;
    let identity = vault.open(
        "entry",
        &id.to_string(),
        "identity",
        &row.blob("identity_sealed")?,
    )?;
    let identity: Identity = from_json(std::str::from_utf8(&identity).map_err(Error::other)?)?;
    let draft = Draft {
        id,
        list: row.name::<ListKind>("list")?,
        person: identity.person,
        order_reference: identity.order_reference,
        agency: row.name::<Agency>("agency")?,
        first_day: row.day("first_day")?,
        last_day: row.day("last_day")?,
        version: row.int("version")?.try_into().map_err(Error::other)?,
    };
    Ok(Recorded {
        entry: Entry::new(draft).map_err(Error::other)?,
        starts_at: row.at("in_force_from")?,
        ends_at: row.at("in_force_to")?,
        created_at: row.at("created_at")?,
        ended_at: row.opt_at("ended_at")?,
        end_reason: row.opt_text("end_reason")?,
        photos: row.int("photos")?,
        held_at: row.opt_at("held_at")?,
    })
}

/// A page of entries, newest first, older than id `before`; `list` narrows it, `live_only` leaves out ended ones.
pub async fn list(
    db: &Db,
    list: Option<ListKind>,
    live_only: bool,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<Recorded>> {
    let sql = select!(
        "WHERE ($1 IS NULL OR e.list = $1) AND ($2 = 0 OR e.ended_at IS NULL) AND ($3 IS NULL OR e.id < $3) ORDER BY e.id DESC LIMIT $4"
    );
    let rows = db
        .all(
            sql,
            args![list.map(ListKind::name), live_only, before, limit],
        )
        .await?;
    rows.iter().map(|row| read(db.vault(), row)).collect()
}

/// One entry.
pub async fn get(db: &Db, id: EntryId) -> Result<Recorded> {
    read(
        db.vault(),
        &db.one(select!("WHERE e.id = $1"), args![id]).await?,
    )
}

/// The photographs of an entry, without pixels.
pub async fn photos(db: &Db, id: EntryId) -> Result<Vec<PhotoInfo>> {
    let rows = db
        .all(
            "SELECT n, model_id, quality, created_at FROM entry_photo WHERE entry = $1 ORDER BY n",
            args![id],
        )
        .await?;
    let info = |row: &Row| {
        Ok(PhotoInfo {
            n: row.int("n")?,
            model_id: row.text("model_id")?,
            quality: row.json("quality")?,
            created_at: row.at("created_at")?,
        })
    };
    rows.iter().map(info).collect()
}

/// The aligned portrait `n` of an entry, JPEG. The caller records the look.
pub async fn portrait(db: &Db, id: EntryId, n: i64) -> Result<Zeroizing<Vec<u8>>> {
    let row = db
        .one(
            "SELECT id, portrait_sealed FROM entry_photo WHERE entry = $1 AND n = $2",
            args![id, n],
        )
        .await?;
    db.vault().open(
        "entry_photo",
        &row.text("id")?,
        "portrait",
        &row.blob("portrait_sealed")?,
    )
}

/// Records an entry with its photographs, and puts it on the list of every site that searches its list.
pub async fn add(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    entry: &Entry,
    photos: &[NewPhoto],
) -> Result<()> {
    add_by(db, now, By::Account(by), entry, photos).await
}

/// As [`add`], also for the command line and the demonstration.
pub async fn add_by(db: &Db, now: UtcMs, by: By, entry: &Entry, photos: &[NewPhoto]) -> Result<()> {
    add_audited(db, now, by, entry, photos, &[]).await
}

/// As [`add_by`], with what the enrolment audit found of each photograph. A flagged one holds the entry back from every
/// node until [`crate::finding::decide`].
pub async fn add_audited(
    db: &Db,
    now: UtcMs,
    by: By,
    entry: &Entry,
    photos: &[NewPhoto],
    findings: &[Finding],
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let note = insert(&mut tx, by, entry, photos, findings).await?;
    tx.commit(note).await
}

/// The rows of a new entry, within another change; gives the audit row to be written.
pub(crate) async fn insert(
    tx: &mut Tx,
    by: By,
    entry: &Entry,
    photos: &[NewPhoto],
    findings: &[Finding],
) -> Result<Note> {
    if photos.is_empty() {
        return Err(Error::Conflict(
            "entry needs a photograph (UU 6/2011 Art 94)".into(),
        ));
    }
    let id = entry.id().to_string();
    let identity = Identity {
        person: entry.person().clone(),
        order_reference: entry.order_reference().to_owned(),
    };
    let plain = Zeroizing::new(to_json(&identity)?);
    let sealed = tx
        .vault()
        .seal("entry", &id, "identity", plain.as_bytes())?;
    let (starts_at, ends_at) =
        crate::lapse::reach_of(tx, entry.first_day(), entry.last_day()).await?;
    let sql = "INSERT INTO entry (id, list, agency, in_force_from, in_force_to, version, identity_sealed, created_at, created_by, first_day, last_day) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = args![
        &id,
        entry.list().name(),
        entry.agency().name(),
        starts_at,
        ends_at,
        entry.version(),
        sealed,
        tx.now(),
        by.to_string(),
        entry.first_day().to_string(),
        entry.last_day().to_string()
    ];
    tx.run(sql, values).await?;
    for (n, photo) in (0_i64..).zip(photos) {
        insert_photo(tx, entry.id(), n, photo).await?;
    }
    let model_id = photos.first().map_or("", |photo| &photo.model_id);
    crate::finding::store(tx, entry.id(), model_id, findings).await?;
    let held = findings.iter().any(Finding::is_flagged);
    if held {
        crate::finding::hold(tx, entry.id()).await?;
    }
    moved(tx, entry.id(), entry.list(), "entry.added").await?;
    let detail = serde_json::json!({ "list": entry.list(), "agency": entry.agency(), "first_day": entry.first_day(),
        "last_day": entry.last_day(), "version": entry.version(), "photos": photos.len(), "held": held });
    Ok(Note::new(by, "entry.added", "entry", entry.id()).with(detail))
}

/// Gives a live entry more days; every site that searches it is told.
pub(crate) async fn extend(tx: &mut Tx, id: EntryId, last_day: Day) -> Result<()> {
    let sql = "SELECT list, first_day FROM entry WHERE id = $1 AND ended_at IS NULL";
    let row = tx.one(sql, args![id]).await?;
    let (list, first_day) = (row.name::<ListKind>("list")?, row.day("first_day")?);
    let (_, ends_at) = crate::lapse::reach_of(tx, first_day, last_day).await?;
    let sql =
        "UPDATE entry SET last_day = $2, in_force_to = $3, version = version + 1 WHERE id = $1";
    tx.run(sql, args![id, last_day.to_string(), ends_at])
        .await?;
    moved(tx, id, list, "entry.extended").await
}

async fn insert_photo(tx: &mut Tx, entry: EntryId, n: i64, photo: &NewPhoto) -> Result<()> {
    let id = photo.id.to_string();
    let template = Zeroizing::new(template_bytes(&photo.template));
    let seal = |column: &str, plain: &[u8]| tx.vault().seal("entry_photo", &id, column, plain);
    let (original, portrait, template) = (
        seal("photo", &photo.photo)?,
        seal("portrait", &photo.portrait_jpeg)?,
        seal("template", &template)?,
    );
    let sql = "INSERT INTO entry_photo (id, entry, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = args![
        &id,
        entry,
        n,
        &photo.model_id,
        to_json(&photo.quality)?,
        original,
        portrait,
        template,
        tx.now()
    ];
    tx.run(sql, values).await.map(|_| ())
}

/// Live entries without a template of this model: nodes cannot find them.
pub async fn without_template(db: &Db, now: UtcMs, model_id: &str) -> Result<Vec<EntryId>> {
    let sql = "SELECT id FROM entry e WHERE ended_at IS NULL AND in_force_to > $1 \
               AND NOT EXISTS (SELECT 1 FROM entry_photo p WHERE p.entry = e.id AND p.model_id = $2) ORDER BY id";
    let rows = db.all(sql, args![now, model_id]).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// One photograph as handed in, with its id.
pub type Photograph = (Uuid, Zeroizing<Vec<u8>>);

/// The photographs of an entry as handed in, to be enrolled again. Never for a screen.
pub async fn photographs(db: &Db, id: EntryId) -> Result<Vec<Photograph>> {
    let sql = "SELECT id, photo_sealed FROM entry_photo WHERE entry = $1 ORDER BY n";
    let photograph = |row: &Row| {
        let id = row.text("id")?;
        let sealed = row.blob("photo_sealed")?;
        let plain = db.vault().open("entry_photo", &id, "photo", &sealed)?;
        Ok((row.id("id")?, plain))
    };
    db.all(sql, args![id])
        .await?
        .iter()
        .map(photograph)
        .collect()
}

/// Puts templates and portraits of a new model in the place of the old ones; `photos` carry the ids of their rows.
/// Every site that searches the entry gets a new list version.
/// What the audit finds then is recorded and shown, but holds nothing back: the entry was decided about before, and
/// taking it from the nodes because of another model would be a decision too.
pub async fn re_enrolled(
    db: &Db,
    now: UtcMs,
    id: EntryId,
    photos: &[NewPhoto],
    findings: &[Finding],
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "SELECT list FROM entry WHERE id = $1 AND ended_at IS NULL";
    let list: ListKind = tx.one(sql, args![id]).await?.name("list")?;
    for photo in photos {
        let row = photo.id.to_string();
        let template = Zeroizing::new(template_bytes(&photo.template));
        let seal = |column: &str, plain: &[u8]| tx.vault().seal("entry_photo", &row, column, plain);
        let (portrait, template) = (
            seal("portrait", &photo.portrait_jpeg)?,
            seal("template", &template)?,
        );
        let sql = "UPDATE entry_photo SET model_id = $3, quality = $4, portrait_sealed = $5, template_sealed = $6 \
                   WHERE id = $1 AND entry = $2";
        let quality = to_json(&photo.quality)?;
        let values = args![&row, id, &photo.model_id, quality, portrait, template];
        if tx.run(sql, values).await? == 0 {
            return Err(Error::NotFound);
        }
    }
    moved(&mut tx, id, list, "entry.re_enrolled").await?;
    let model_id = photos.first().map(|photo| &photo.model_id);
    let name = model_id.map_or("", String::as_str);
    crate::finding::store(&mut tx, id, name, findings).await?;
    let detail = serde_json::json!({ "photos": photos.len(), "model_id": model_id });
    tx.commit(Note::new(By::Clock, "entry.re_enrolled", "entry", id).with(detail))
        .await
}

/// Little-endian f32 values, as they travel and are stored.
pub fn template_bytes(template: &[f32]) -> Vec<u8> {
    template
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Ends an entry before its time: it leaves every list, open alerts on it are withdrawn.
pub async fn end(db: &Db, now: UtcMs, by: By, id: EntryId, reason: &str) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let withdrawn = close(&mut tx, id, reason).await?;
    let detail = serde_json::json!({ "reason": reason, "alerts_withdrawn": withdrawn });
    tx.commit(Note::new(by, "entry.ended", "entry", id).with(detail))
        .await
}

pub(crate) async fn close(tx: &mut Tx, id: EntryId, reason: &str) -> Result<usize> {
    let sql = "UPDATE entry SET ended_at = $2, end_reason = $3, version = version + 1 WHERE id = $1 AND ended_at IS NULL RETURNING list";
    let list: ListKind = tx
        .one(sql, args![id, tx.now(), reason])
        .await?
        .name("list")?;
    // Nothing may be searched with it again; photograph and portrait go with retention.
    let sql = "UPDATE entry_photo SET template_sealed = $2 WHERE entry = $1";
    tx.run(sql, args![id, Vec::<u8>::new()]).await?;
    moved(tx, id, list, "entry.ended").await?;
    crate::alert::withdraw_all(tx, id).await
}

/// The entry came or went: every site that searches its list gets a new list version. One that is held back is on no
/// node, so that nothing moves there.
pub(crate) async fn moved(
    tx: &mut Tx,
    id: EntryId,
    list: ListKind,
    kind: &'static str,
) -> Result<()> {
    let sites = match crate::finding::is_held(tx, id).await? {
        true => Vec::new(),
        false => {
            tx.all("SELECT site, record FROM deployment", args![])
                .await?
        }
    };
    for row in sites {
        let record: tapal_domain::site::Deployment = row.json("record")?;
        if record.lists.contains(&list) {
            bump(tx, row.id("site")?, id).await?;
        }
    }
    let news = News {
        kind,
        site: None,
        desk: None,
        audience: Audience::Entries,
        payload: serde_json::json!({ "entry": id }),
    };
    event::tell(tx, news).await.map(|_| ())
}

/// A site began or ceased to search a list: each of its entries is a change for that site.
pub(crate) async fn list_moved(tx: &mut Tx, site: SiteId, list: ListKind) -> Result<()> {
    let rows = tx
        .all(
            "SELECT id FROM entry e WHERE list = $1 AND ended_at IS NULL \
             AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL) ORDER BY id",
            args![list.name()],
        )
        .await?;
    for row in rows {
        bump(tx, site, row.id("id")?).await?;
    }
    Ok(())
}

async fn bump(tx: &mut Tx, site: SiteId, entry: EntryId) -> Result<()> {
    let row = tx
        .one(
            "UPDATE site SET list_version = list_version + 1 WHERE id = $1 RETURNING list_version",
            args![site],
        )
        .await?;
    tx.run(
        "INSERT INTO list_change (site, version, entry) VALUES ($1, $2, $3)",
        args![site, row.int("list_version")?, entry],
    )
    .await?;
    Ok(())
}
