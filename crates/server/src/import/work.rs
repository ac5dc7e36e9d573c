//! The work on imports, one after another, apart from any request: reading, recording, photographs, approving, ending. It
//! goes on where it was when the program ended in the middle. Must not do anything a person did not ask for.

use tapal_domain::{
    id::OrderId,
    import::{Fault, Phase},
    order::{Action, Order, Status},
    time::{DAY_MS, MINUTE_MS},
};
use tapal_store::{
    By, Error,
    import::{self, Import, Made, Staged, Waiting},
    order,
};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::{
    archive_path,
    draft::{Batch, Built, Cells},
    file::{self, Item},
    folder, photo, remove, rows_path, setup_of,
};
use crate::{
    AppState,
    entry::input::enrol,
    error::{ApiError, ApiResult},
    order::{act, today},
};

/// Rows of one change.
const CHUNK: usize = 500;
/// Orders decided between two notes of how far it came.
const DECIDED: i64 = 50;
/// Days a file waits for somebody to go on with it.
const WAITS_DAYS: i64 = 7;

/// To be called before anybody can hand in a file: what is removed then is nobody's.
pub async fn take_up(state: &AppState) {
    if let Err(error) = begin(state).await {
        tracing::error!(
            code = error.code,
            "imports that were interrupted could not be taken up; it is tried again at the next start"
        );
    }
}

/// Works until the program ends.
pub async fn run(state: AppState) {
    let mut wakes = state.db.wakes();
    loop {
        run_due(&state).await;
        let pause = tokio::time::sleep(std::time::Duration::from_millis(MINUTE_MS as u64));
        tokio::select! {
            woken = wakes.changed() => if woken.is_err() { return },
            () = pause => {}
        }
    }
}

/// Takes up what rested, and removes files nobody waits for.
async fn begin(state: &AppState) -> ApiResult<()> {
    import::resume(&state.db, state.clock.now(), None).await?;
    let Ok(mut files) = tokio::fs::read_dir(folder(state)).await else {
        return Ok(());
    };
    while let Some(file) = files.next_entry().await.map_err(ApiError::internal)? {
        let name = file.file_name().to_string_lossy().into_owned();
        let (id, wanted) = match name.strip_suffix(".zip") {
            Some(id) => (id, &[Phase::Attaching][..]),
            None => (name.as_str(), &[Phase::Uploaded, Phase::Reading][..]),
        };
        let known = match id.parse() {
            Ok(id) => import::get(&state.db, id, None).await.ok(),
            Err(_) => None,
        };
        if !known.is_some_and(|known| wanted.contains(&known.phase)) {
            remove(file.path()).await;
        }
    }
    Ok(())
}

/// Does all work that waits now.
pub async fn run_due(state: &AppState) {
    if let Err(error) = drop_stale(state).await {
        tracing::error!(
            code = error.code,
            "files nobody went on with were not removed; it is tried again"
        );
    }
    loop {
        match import::next(&state.db).await {
            Ok(Some(import)) => {
                if !one(state, &import).await {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "it could not be seen which import waits; it is tried again");
                return;
            }
        }
    }
}

async fn drop_stale(state: &AppState) -> ApiResult<()> {
    let now = state.clock.now();
    for import in import::stale(&state.db, now + -WAITS_DAYS * DAY_MS).await? {
        import::advance(
            &state.db,
            now,
            By::Clock,
            &import,
            Phase::Dropped,
            Default::default(),
        )
        .await?;
        remove(rows_path(state, import.id)).await;
    }
    Ok(())
}

/// Whether there is a point in going on at once.
async fn one(state: &AppState, import: &Import) -> bool {
    let outcome = match import.phase {
        Phase::Reading => read(state, import).await,
        Phase::Applying => record(state, import).await,
        Phase::Attaching => attach(state, import).await,
        Phase::Approving | Phase::Undoing => decide(state, import).await,
        _ => Ok(None),
    };
    let problem = match outcome {
        Ok(problem) => problem,
        // Another hand was quicker, or the database does not answer: looked at anew a little later.
        Err(error) if matches!(error.code, "unavailable" | "conflict") => return false,
        Err(error) => {
            tracing::error!(import = %import.id, code = error.code, "the work on an import rests");
            Some(error.code)
        }
    };
    if let Err(error) = import::finish(&state.db, state.clock.now(), import, problem).await {
        tracing::error!(import = %import.id, %error, "the end of the work on an import was not recorded; it is tried again");
        return false;
    }
    match import.phase {
        Phase::Reading => remove(rows_path(state, import.id)).await,
        Phase::Attaching if problem.is_none() => remove(archive_path(state, import.id)).await,
        _ => {}
    }
    true
}

type Read = ApiResult<Option<&'static str>>;

async fn sites(state: &AppState) -> ApiResult<Vec<(tapal_domain::id::SiteId, String)>> {
    let all = tapal_store::site::list(&state.db).await?;
    Ok(all.into_iter().map(|site| (site.id, site.name)).collect())
}

async fn read(state: &AppState, import: &Import) -> Read {
    let (setup, sites) = (setup_of(state, import.id).await?, sites(state).await?);
    let (path, db, format, agency) = (
        rows_path(state, import.id),
        state.db.clone(),
        import.format,
        import.agency,
    );
    let (today, mark) = (today(state.clock.now()), import.mark);
    let (send, mut come) = mpsc::channel::<(Vec<Staged>, i64)>(2);
    let reading = tokio::task::spawn_blocking(move || {
        let batch = Batch {
            setup: &setup,
            agency,
            sites: &sites,
            today,
        };
        let (mut chunk, mut skipped) = (Vec::with_capacity(CHUNK), 0);
        let mut failed = false;
        let read = file::read(&path, format, &setup, &mut |item| {
            let Item::Row(n, cells, faults) = item else {
                skipped += 1;
                return true;
            };
            // What was staged before the program ended is read past.
            if n <= mark {
                return true;
            }
            match stage(&db, &batch, n, cells, faults) {
                Ok(row) => chunk.push(row),
                Err(_) => failed = true,
            }
            let full = chunk.len() == CHUNK;
            !failed
                && (!full
                    || send
                        .blocking_send((std::mem::take(&mut chunk), skipped))
                        .is_ok())
        });
        let _ = send.blocking_send((chunk, skipped));
        if failed {
            Err(file::Unusable("internal"))
        } else {
            read
        }
    });
    let mut at = mark;
    while let Some((rows, skipped)) = come.recv().await {
        at = import::stage(&state.db, state.clock.now(), import, at, &rows, skipped).await?;
    }
    Ok(reading
        .await
        .map_err(ApiError::internal)?
        .err()
        .map(|why| why.0))
}

/// A row as it is kept. What a photograph may be called is known only for the row's own import.
fn stage(
    db: &tapal_store::Db,
    batch: &Batch<'_>,
    n: i64,
    cells: Cells,
    mut faults: Vec<Fault>,
) -> Result<Staged, Error> {
    let built = match faults.is_empty() {
        true => batch.build(&cells),
        false => Err(std::mem::take(&mut faults)),
    };
    let text = serde_json::to_string(&cells).map_err(Error::other)?;
    let mut row = Staged {
        n,
        faults: Vec::new(),
        gaps: Vec::new(),
        key: None,
        slugs: [None, None],
        content: None,
        cells: Zeroizing::new(text),
    };
    let Built {
        contents,
        gaps,
        key,
    } = match built {
        Ok(built) => built,
        Err(faults) => {
            row.faults = faults;
            return Ok(row);
        }
    };
    let vault = db.vault();
    let slug = |text: &str| vault.mark("import_slug", photo::slug(text).as_bytes());
    row.slugs = [Some(slug(&key)?), Some(slug(&contents.reference)?)];
    row.key = Some(vault.mark(
        "import_key",
        format!("{}\n{key}", batch.agency.name()).as_bytes(),
    )?);
    let says = Zeroizing::new(serde_json::to_vec(&contents).map_err(Error::other)?);
    row.content = Some(vault.mark("import_content", &says)?);
    row.gaps = gaps.into_iter().map(|gap| gap.name()).collect();
    Ok(row)
}

async fn record(state: &AppState, import: &Import) -> Read {
    let (setup, sites) = (setup_of(state, import.id).await?, sites(state).await?);
    let by = import.applied_by.unwrap_or(import.created_by);
    let mut mark = import.mark;
    loop {
        let now = state.clock.now();
        let rows = import::to_record(&state.db, import.id, mark, CHUNK as i64).await?;
        let Some(last) = rows.last().map(|row| row.0) else {
            return Ok(None);
        };
        let batch = Batch {
            setup: &setup,
            agency: import.agency,
            sites: &sites,
            today: today(now),
        };
        let mut made = Vec::with_capacity(rows.len());
        for (n, key, content, cells) in rows {
            let cells: Cells = serde_json::from_slice(&cells)
                .map_err(|_| ApiError::internal("stored cells do not read"))?;
            // Good when it was read; a day may have passed since.
            let order = match batch.build(&cells) {
                Ok(built) => {
                    let id = OrderId(state.clock.new_uuid());
                    let mut order =
                        Order::draft(id, built.contents, import.created_by, now, batch.today);
                    if built.gaps.is_empty() {
                        // What is complete is handed in; the order itself says whether it is.
                        let _ = order.apply(Action::Submit, Some(by), (now, batch.today), 0);
                    }
                    Ok(Box::new(order))
                }
                Err(_) => Err("no_longer_good"),
            };
            made.push(Made {
                n,
                key,
                content,
                order,
            });
        }
        import::record(&state.db, now, By::Account(by), import, mark, &made).await?;
        mark = last;
    }
}

async fn attach(state: &AppState, import: &Import) -> Read {
    let (path, mark) = (archive_path(state, import.id), import.mark);
    let by = import.applied_by.unwrap_or(import.created_by);
    let (send, mut come) = mpsc::channel::<photo::Picture>(1);
    let reading = tokio::task::spawn_blocking(move || {
        photo::read(&path, mark, &mut |one| send.blocking_send(one).is_ok())
    });
    while let Some((n, name, bytes)) = come.recv().await {
        let now = state.clock.now();
        match place(state, import, &name, bytes).await? {
            Ok((order, photo)) => {
                import::attach(
                    &state.db,
                    now,
                    By::Account(by),
                    import,
                    (n, &name),
                    order,
                    &photo,
                )
                .await?
            }
            Err(code) => import::refuse_photo(&state.db, now, import, n, &name, &code).await?,
        }
    }
    if let Err(why) = reading.await.map_err(ApiError::internal)? {
        return Ok(Some(why.0));
    }
    for id in import::photographed(&state.db, import).await? {
        let filed = order::get(&state.db, id, None).await?;
        if !matches!(filed.order.status(), Status::Draft | Status::Returned) {
            continue;
        }
        // What still lacks something stays a draft.
        if let Err(error) = act(state, filed, Action::Submit, Some(by), By::Account(by)).await
            && error.code != "order_incomplete"
        {
            return Err(error);
        }
    }
    Ok(None)
}

type Placed = Result<(OrderId, tapal_store::entry::NewPhoto), String>;

/// The draft a picture belongs to and its template, or why not as a code.
async fn place(
    state: &AppState,
    import: &Import,
    name: &str,
    bytes: Result<Vec<u8>, &'static str>,
) -> ApiResult<Placed> {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(code) => return Ok(Err(code.to_owned())),
    };
    let mut found = Vec::new();
    for slug in photo::slugs(name) {
        let slug = state.db.vault().mark("import_slug", slug.as_bytes())?;
        found = import::place_of(&state.db, import.id, &slug).await?;
        if !found.is_empty() {
            break;
        }
    }
    let order = match found[..] {
        [] => return Ok(Err("no_such_row".into())),
        [(order, true)] => order,
        [(_, false)] => return Ok(Err("not_a_draft".into())),
        _ => return Ok(Err("several_rows".into())),
    };
    Ok(match enrol(state, bytes).await {
        Ok(photo) => Ok((order, photo)),
        Err(error) if error.http.is_server_error() => return Err(error),
        Err(error) => Err(error
            .reasons
            .first()
            .cloned()
            .unwrap_or_else(|| error.code.to_owned())),
    })
}

async fn decide(state: &AppState, import: &Import) -> Read {
    let undo = import.phase == Phase::Undoing;
    let what = if undo {
        Waiting::End
    } else {
        Waiting::Approval
    };
    let by = import
        .decided_by
        .ok_or_else(|| ApiError::internal("a decision without a person"))?;
    let note = import::note(&state.db, import.id).await?;
    let mut mark = import.mark;
    loop {
        let waiting = import::waiting(&state.db, import.id, what, mark, DECIDED).await?;
        let Some(last) = waiting.last().map(|one| one.0) else {
            return Ok(None);
        };
        let mut outcomes = Vec::with_capacity(waiting.len());
        for (n, id) in waiting {
            let filed = order::get(&state.db, id, None).await?;
            let action = match undo {
                true => ending(&filed.order, import, &note),
                false => Action::Approve,
            };
            match act(state, filed, action, Some(by), By::Account(by)).await {
                Ok(_) => outcomes.push((n, None)),
                Err(error) if error.http.is_server_error() => return Err(error),
                Err(error) => outcomes.push((n, Some(error.code))),
            }
        }
        import::decided(
            &state.db,
            state.clock.now(),
            import,
            (mark, last),
            &outcomes,
        )
        .await?;
        mark = last;
    }
}

/// What ends an order of an import: one in force is revoked, another one refused. The reference names the import.
fn ending(order: &Order, import: &Import, note: &str) -> Action {
    let text = format!("import {}: {note}", import.id);
    match order.status().is_approved() {
        true => Action::Revoke { reference: text },
        false => Action::Refuse { note: text },
    }
}
