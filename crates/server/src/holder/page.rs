//! `/holders`: somebody found by document number or NIK, and one holder's page. Must not list holders, and decides nothing:
//! every form calls what the API calls.

use std::collections::HashMap;

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, State},
    http::StatusCode,
    response::Response,
};
use tapal_domain::{
    day::Day,
    holder::{DocumentKind, DocumentStatus, Entries, Identity, PermitKind, Stay},
    id::{HolderId, PermitId},
    person::SamePerson,
};
use uuid::Uuid;

use super::{
    HolderDocumentInput, HolderDocumentStatusInput, HolderInput, HolderLinkInput, HolderLookup,
    PermitInput,
    compare::{ComparisonView, compare},
    outside::{self, OutsideState, OutsideView},
    sheet::{self, HolderPage},
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    order::page::{Choice, choices},
    state::AppState,
};

/// The fields of a form.
pub type Fields = Form<HashMap<String, String>>;

#[derive(Template)]
#[template(path = "holder/find.html")]
struct FindPage {
    shell: Shell,
    notice: Option<Notice>,
    wanted: HolderLookup,
    asked: bool,
    nobody: bool,
    found: Vec<(String, String)>,
    outside: Option<OutsideCard>,
    may_edit: bool,
}

/// What the registry outside said, in words.
pub(super) struct OutsideCard {
    pub tone: Tone,
    pub title: String,
    pub text: String,
    pub facts: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "holder/form.html")]
struct FormPage {
    shell: Shell,
    notice: Option<Notice>,
    title: String,
    action: String,
    back: String,
    is_new: bool,
    fields: HashMap<String, String>,
    sexes: Vec<Choice>,
    kinds: Vec<Choice>,
}

impl FormPage {
    fn of(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

fn bad_form() -> ApiError {
    ApiError::invalid("bad_form", "a field is missing or has the wrong form")
}

fn text(form: &HashMap<String, String>, name: &str) -> String {
    form.get(name)
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

fn day(form: &HashMap<String, String>, name: &str) -> ApiResult<Option<Day>> {
    let text = text(form, name);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|e: tapal_domain::day::NotADay| ApiError::invalid("bad_date", e.to_string()))
}

/// `GET /holders`.
pub async fn find(State(_): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let notice = visit.done();
    show(find_page(&visit, HolderLookup::default(), notice))
}

fn find_page(visit: &Visit, wanted: HolderLookup, notice: Option<Notice>) -> FindPage {
    FindPage {
        shell: visit.shell("holders"),
        notice,
        wanted,
        asked: false,
        nobody: false,
        found: Vec::new(),
        outside: None,
        may_edit: visit
            .session
            .may(tapal_domain::role::Permission::EditHolders),
    }
}

/// `POST /holders`: one holder is opened at once; nobody here is asked for outside, where such a registry is set up.
pub async fn look_up(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Fields,
) -> ApiResult<Response> {
    let wanted = HolderLookup {
        issuing_state: text(&form, "issuing_state"),
        number: text(&form, "number"),
        nik: text(&form, "nik"),
    };
    let found = match super::lookup_by(&state, &visit.session, &wanted).await {
        Ok(found) => found,
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("holders"), &error);
            return show_as(error.http, find_page(&visit, wanted, Some(notice)));
        }
        Err(error) => return Err(error),
    };
    if let [one] = found.as_slice() {
        return see_other(format!("/holders/{}", one.holder.id));
    }
    let mut page = find_page(&visit, wanted, None);
    if found.is_empty() && !page.wanted.number.is_empty() {
        let said = outside::ask(
            &state,
            &visit.session,
            &page.wanted.issuing_state,
            &page.wanted.number,
        )
        .await?;
        page.outside = outside_card(&page.shell, &said);
    }
    (page.asked, page.nobody) = (true, found.is_empty());
    page.found = found
        .iter()
        .map(|one| {
            (
                one.holder.id.to_string(),
                one.holder.identity.full_name.clone(),
            )
        })
        .collect();
    show(page)
}

/// Nothing where no such registry is set up.
fn outside_card(shell: &Shell, said: &OutsideView) -> Option<OutsideCard> {
    let (tone, key) = match said.state {
        OutsideState::Found => (Tone::Green, "found"),
        OutsideState::NotFound => (Tone::Grey, "not_found"),
        OutsideState::NotAnswered => (Tone::Amber, "not_answered"),
        OutsideState::NotSetUp => return None,
    };
    let mut facts = Vec::new();
    if let Some(record) = &said.record {
        let day = |day: Day| crate::order::page::day_of(shell, day);
        facts = vec![
            (shell.t("holder-full-name"), record.holder.full_name.clone()),
            (
                shell.t("holder-nationality"),
                record.holder.nationality.clone(),
            ),
            (
                shell.t("entry-birth-date"),
                record.holder.birth_date.clone(),
            ),
            (
                shell.t("holder-document"),
                shell.word("holder-kind", record.document.kind.name()),
            ),
            (
                shell.t("holder-status"),
                shell.word("holder-status", record.document.status.name()),
            ),
            (
                shell.t("holder-expires"),
                record.document.expires.map_or(String::new(), day),
            ),
        ];
    }
    let mut text = shell.t(&format!("holder-outside-{key}-text"));
    if let Some(at) = said.said_at.filter(|_| said.kept) {
        text = format!(
            "{text} {}",
            shell.t1("holder-outside-kept", "at", shell.full(&at))
        );
    }
    Some(OutsideCard {
        tone,
        title: shell.t(&format!("holder-outside-{key}")),
        text,
        facts,
    })
}

/// `GET /holders/new`.
pub async fn new(State(_): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let fields = HashMap::from([("nationality".to_owned(), "IDN".to_owned())]);
    show(form_page(&visit, None, None, fields))
}

fn form_page(
    visit: &Visit,
    of: Option<HolderId>,
    notice: Option<Notice>,
    fields: HashMap<String, String>,
) -> FormPage {
    let shell = visit.shell("holders");
    let chosen = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    FormPage {
        notice,
        is_new: of.is_none(),
        title: shell.t(if of.is_none() {
            "holder-new"
        } else {
            "holder-change"
        }),
        action: of.map_or("/holders/new".into(), |id| {
            format!("/holders/{id}/identity")
        }),
        back: of.map_or("/holders".into(), |id| format!("/holders/{id}")),
        sexes: choices(&shell, "sex", ["M", "F", "X"].into_iter(), chosen("sex")),
        kinds: choices(
            &shell,
            "holder-kind",
            DocumentKind::ALL.iter().map(|kind| kind.name()),
            chosen("kind"),
        ),
        fields,
        shell,
    }
}

fn identity(form: &HashMap<String, String>) -> HolderInput {
    HolderInput {
        nationality: text(form, "nationality"),
        identity: Identity {
            primary: text(form, "primary"),
            secondary: text(form, "secondary"),
            full_name: text(form, "full_name"),
            sex: text(form, "sex"),
            birth_date: text(form, "birth_date"),
            nik: text(form, "nik"),
        },
    }
}

fn document(form: &HashMap<String, String>) -> ApiResult<HolderDocumentInput> {
    Ok(HolderDocumentInput {
        kind: DocumentKind::from_name(&text(form, "kind")).ok_or_else(bad_form)?,
        issuing_state: text(form, "issuing_state"),
        number: text(form, "number"),
        expires: day(form, "expires")?,
    })
}

/// `POST /holders/new`: a holder with the first document; neither without the other.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Fields,
) -> ApiResult<Response> {
    let made = match document(&form) {
        Ok(document) => super::add_with_by(&state, &visit.session, identity(&form), document).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(id) => see_other(format!("/holders/{id}?done=saved")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("holders"), &error);
            show_as(error.http, form_page(&visit, None, Some(notice), form))
        }
        Err(error) => Err(error),
    }
}

/// `GET /holders/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(sheet::page(&state, &visit, id, notice, None).await?)
}

/// `GET /holders/{id}/identity`.
pub async fn edit(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
) -> ApiResult<Response> {
    let holder = super::read_by(&state, &visit.session, id).await?.holder;
    let who = holder.identity;
    let fields = [
        ("nationality", holder.nationality.code().to_owned()),
        ("primary", who.primary),
        ("secondary", who.secondary),
        ("full_name", who.full_name),
        ("sex", who.sex),
        ("birth_date", who.birth_date),
        ("nik", who.nik),
    ];
    let fields = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    show(form_page(&visit, Some(id), None, fields))
}

/// `POST /holders/{id}/identity`.
pub async fn change(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    Form(form): Fields,
) -> ApiResult<Response> {
    match super::change_by(&state, &visit.session, id, identity(&form)).await {
        Ok(()) => see_other(format!("/holders/{id}?done=saved")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("holders"), &error);
            show_as(error.http, form_page(&visit, Some(id), Some(notice), form))
        }
        Err(error) => Err(error),
    }
}

/// The holder's page again: after a change, or with what is to be mended.
async fn back(
    state: &AppState,
    visit: &Visit,
    id: HolderId,
    done: ApiResult<()>,
) -> ApiResult<Response> {
    match done {
        Ok(()) => see_other(format!("/holders/{id}?done=saved")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("holders"), &error);
            let page: HolderPage = sheet::page(state, visit, id, Some(notice), None).await?;
            show_as(error.http, page)
        }
        Err(error) => Err(error),
    }
}

/// `POST /holders/{id}/documents`.
pub async fn add_document(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    Form(form): Fields,
) -> ApiResult<Response> {
    let done = match document(&form) {
        Ok(input) => super::add_document_by(&state, &visit.session, id, input)
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    back(&state, &visit, id, done).await
}

/// `POST /holders/{id}/documents/{document}/status`.
pub async fn set_status(
    State(state): State<AppState>,
    visit: Visit,
    At((id, document)): At<(HolderId, Uuid)>,
    Form(form): Fields,
) -> ApiResult<Response> {
    let done = match DocumentStatus::from_name(&text(&form, "status")) {
        Some(status) => {
            let input = HolderDocumentStatusInput {
                status,
                reference: text(&form, "reference"),
            };
            super::set_status_by(&state, &visit.session, (id, document), &input).await
        }
        None => Err(bad_form()),
    };
    back(&state, &visit, id, done).await
}

fn permit(form: &HashMap<String, String>) -> ApiResult<PermitInput> {
    let number = |name: &str| text(form, name).parse::<u32>().ok();
    let stay = match (number("stay_days"), day(form, "stay_until")?) {
        (Some(days), None) => Stay::Days(days),
        (None, Some(until)) => Stay::Until(until),
        _ => {
            return Err(ApiError::invalid(
                "permit_stay",
                "give the days of a stay, or its last day",
            ));
        }
    };
    let document = text(form, "document");
    Ok(PermitInput {
        kind: PermitKind::from_name(&text(form, "kind")).ok_or_else(bad_form)?,
        index: text(form, "index"),
        entries: Entries::from_name(&text(form, "entries")).ok_or_else(bad_form)?,
        valid_from: day(form, "valid_from")?.ok_or_else(bad_form)?,
        valid_until: day(form, "valid_until")?,
        use_within_days: None,
        stay,
        sites: Vec::new(),
        document: match document.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| bad_form())?),
        },
    })
}

/// `POST /holders/{id}/permits`.
pub async fn add_permit(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    Form(form): Fields,
) -> ApiResult<Response> {
    let done = match permit(&form) {
        Ok(input) => super::add_permit_by(&state, &visit.session, id, input)
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    back(&state, &visit, id, done).await
}

/// `POST /holders/{id}/permits/{permit}/cancellation`.
pub async fn cancel_permit(
    State(state): State<AppState>,
    visit: Visit,
    At((id, permit)): At<(HolderId, PermitId)>,
) -> ApiResult<Response> {
    let done = super::cancel_permit_by(&state, &visit.session, (id, permit)).await;
    back(&state, &visit, id, done).await
}

/// `POST /holders/{id}/links`.
pub async fn link(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    Form(form): Fields,
) -> ApiResult<Response> {
    let decision = SamePerson::ALL
        .into_iter()
        .find(|one| one.name() == text(&form, "decision"));
    let other = text(&form, "other")
        .rsplit('/')
        .next()
        .and_then(|id| id.parse().ok());
    let done = match (decision, other) {
        (Some(decision), Some(other)) => {
            let input = HolderLinkInput {
                other,
                decision,
                reason: text(&form, "reason"),
            };
            super::link_by(&state, &visit.session, id, &input).await
        }
        (_, None) => Err(ApiError::invalid(
            "link_other",
            "give the address or the id of the other holder's page",
        )),
        (None, _) => Err(bad_form()),
    };
    back(&state, &visit, id, done).await
}

/// The file of a form that arrived whole.
async fn image(mut form: Multipart) -> ApiResult<Vec<u8>> {
    let broken = || {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_form",
            "the form did not arrive whole, or is larger than 12 MB; try again",
        )
    };
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        if field.name() == Some("photo") {
            return Ok(field.bytes().await.map_err(|_| broken())?.to_vec());
        }
    }
    Err(bad_form())
}

/// `POST /holders/{id}/portrait`.
pub async fn set_portrait(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    form: Multipart,
) -> ApiResult<Response> {
    let done = match image(form).await {
        Ok(image) => super::set_portrait_by(&state, &visit.session, id, image).await,
        Err(error) => Err(error),
    };
    back(&state, &visit, id, done).await
}

/// `POST /holders/{id}/comparison`: the answer is in this page only.
pub async fn comparison(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    form: Multipart,
) -> ApiResult<Response> {
    let said: ApiResult<ComparisonView> = match image(form).await {
        Ok(image) => compare(&state, &visit.session, id, image).await,
        Err(error) => Err(error),
    };
    match said {
        Ok(view) => show(sheet::page(&state, &visit, id, None, Some(view)).await?),
        Err(error) => back(&state, &visit, id, Err(error)).await,
    }
}
