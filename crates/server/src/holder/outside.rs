//! The port to a registry elsewhere: one question over HTTP, by issuing state and number, and what the answer means. "It
//! did not answer" is a state of its own and never "not found". Must not hold a desk up: a short limit, and a breaker that
//! rests after failures. The contract is in `docs/design/holder.md`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    holder::{
        DocumentKind, DocumentStatus, Entries, PermitKind, PermitState, Stay, document_number,
        issuing_state,
    },
    time::UtcMs,
};
use tapal_store::{
    Note, audit,
    holder::{Answered, keep_answer, last_answer},
};
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use utoipa::ToSchema;

use super::HolderLookup;
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::Input,
};

/// Name and version of the contract, in every answer.
pub const CONTRACT: &str = "tapal-registry-1";
/// Most bytes of an answer.
const MOST_BYTES: u64 = 64 * 1024;
/// Failures in a row after which the port rests.
const MOST_FAILURES: u32 = 3;
/// How long it rests, milliseconds; then one question tries.
const REST_MS: i64 = 30_000;
/// An answer this young is given again without asking, milliseconds.
const FRESH_MS: i64 = 60_000;

/// A document, its holder and their permits, as the other registry says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutsideRecord {
    /// [`CONTRACT`].
    pub contract: String,
    /// The document asked for.
    pub document: OutsideDocument,
    /// Whose it is.
    pub holder: OutsideHolder,
    /// Visas and permits.
    #[serde(default)]
    pub permits: Vec<OutsidePermit>,
}

impl std::fmt::Debug for OutsideRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OutsideRecord(redacted)")
    }
}

/// The document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutsideDocument {
    /// What kind.
    pub kind: DocumentKind,
    /// Issuing state, ICAO code.
    pub issuing_state: String,
    /// Number.
    pub number: String,
    /// Last day of its validity.
    #[serde(default)]
    pub expires: Option<Day>,
    /// Where it stands.
    pub status: DocumentStatus,
}

/// The holder. No photograph is asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutsideHolder {
    /// Primary identifier as the zone has it.
    pub primary: String,
    /// Secondary identifier.
    #[serde(default)]
    pub secondary: String,
    /// Whole name.
    pub full_name: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or empty.
    #[serde(default)]
    pub birth_date: String,
    /// ICAO code.
    pub nationality: String,
}

/// A visa or permit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutsidePermit {
    /// Visa or stay permit.
    pub kind: PermitKind,
    /// Index.
    pub index: String,
    /// How many entries.
    pub entries: Entries,
    /// First day of use.
    pub valid_from: Day,
    /// Last day of use.
    pub valid_until: Day,
    /// How long one may stay.
    pub stay: Stay,
    /// Where it stands.
    pub state: PermitState,
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutsideState {
    /// It has such a document.
    Found,
    /// It said that it has none.
    NotFound,
    /// It did not answer, or not as the contract says. It may well have such a document.
    NotAnswered,
    /// No registry outside is set up.
    NotSetUp,
}

impl OutsideState {
    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NotFound => "not_found",
            Self::NotAnswered => "not_answered",
            Self::NotSetUp => "not_set_up",
        }
    }
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutsideView {
    /// What came of it.
    pub state: OutsideState,
    /// Why it did not answer: `timeout`, `unreachable`, `resting`, `credential`, `busy`, `wrong_answer`.
    pub reason: Option<String>,
    /// What it says, or said when it last answered.
    pub record: Option<OutsideRecord>,
    /// When that was said.
    pub said_at: Option<UtcMs>,
    /// How old that is, milliseconds.
    pub age_ms: Option<i64>,
    /// Whether it was kept from an earlier question.
    pub kept: bool,
}

/// Where the other registry is.
#[derive(Clone)]
pub struct Outside {
    /// `https://host[:port][/path]`; `http://` for an address of this machine only.
    pub url: String,
    /// Sent as `authorization: Bearer`.
    pub token: String,
    /// The certificates to trust, PEM; needed for `https`.
    pub pem: Vec<u8>,
    /// How long an answer may take.
    pub limit: Duration,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The time an answer may take by default.
pub const LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    until: Option<UtcMs>,
}

/// The port: a client and its breaker.
pub struct Port {
    agent: ureq::Agent,
    url: String,
    token: String,
    breaker: Mutex<Breaker>,
}

/// What one exchange gave.
enum Said {
    Record(String, Option<String>),
    Unchanged,
    Nobody,
    Nothing(&'static str),
}

impl Port {
    /// A port to `outside`; the text says what is wrong with the settings.
    pub fn new(outside: &Outside) -> Result<Self, String> {
        let url = outside.url.trim_end_matches('/').to_owned();
        let here = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let plain = here.iter().any(|start| url.starts_with(start));
        if !plain && !url.starts_with("https://") {
            return Err(format!(
                "the outside registry's address must look like https://host; it is {url}"
            ));
        }
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(outside.limit.min(Duration::from_secs(2))))
            .timeout_global(Some(outside.limit));
        if !plain {
            config = config.tls_config(tls(&outside.pem)?);
        }
        Ok(Self {
            agent: config.build().into(),
            url,
            token: outside.token.clone(),
            breaker: Mutex::default(),
        })
    }

    fn rests(&self, now: UtcMs) -> bool {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match breaker.until {
            Some(until) if now < until => true,
            Some(_) => {
                // One question tries; whoever comes meanwhile waits another rest.
                breaker.until = Some(now + REST_MS);
                false
            }
            None => false,
        }
    }

    fn record(&self, answered: bool, now: UtcMs) {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *breaker = Breaker::default();
        } else {
            breaker.failures = breaker.failures.saturating_add(1);
            breaker.until = (breaker.failures >= MOST_FAILURES).then(|| now + REST_MS);
        }
    }

    /// One question. Blocking, at most the limit.
    fn ask(&self, issuing_state: &str, number: &str, etag: Option<&str>) -> Said {
        // Both are letters and digits only: nothing to escape.
        let url = format!("{}/v1/documents/{issuing_state}/{number}", self.url);
        let mut request = self.agent.get(&url).header("accept", "application/json");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        match request.call() {
            Ok(reply) => read(reply, issuing_state, number),
            Err(ureq::Error::Timeout(_)) => Said::Nothing("timeout"),
            Err(_) => Said::Nothing("unreachable"),
        }
    }
}

fn tls(pem: &[u8]) -> Result<TlsConfig, String> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let trusted: Vec<_> = parse_pem(pem).filter_map(certificate).collect();
    if trusted.is_empty() {
        return Err(
            "the outside registry needs a file of certificates to trust (registry_certificate)"
                .into(),
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&trusted));
    Ok(config.unversioned_rustls_crypto_provider(provider).build())
}

#[derive(Deserialize)]
struct Missing {
    contract: String,
    code: String,
}

fn read(mut reply: ureq::http::Response<ureq::Body>, issuing_state: &str, number: &str) -> Said {
    let status = reply.status().as_u16();
    let etag = reply
        .headers()
        .get("etag")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let body = match reply
        .body_mut()
        .with_config()
        .limit(MOST_BYTES)
        .read_to_vec()
    {
        Ok(body) => body,
        Err(ureq::Error::Timeout(_)) => return Said::Nothing("timeout"),
        Err(_) => return Said::Nothing("wrong_answer"),
    };
    match status {
        304 => Said::Unchanged,
        401 | 403 => Said::Nothing("credential"),
        429 | 500..=599 => Said::Nothing("busy"),
        // Only the registry itself may say that there is nobody: any program on the way may answer 404.
        404 => match serde_json::from_slice::<Missing>(&body) {
            Ok(missing) if missing.contract == CONTRACT && missing.code == "no_such_document" => {
                Said::Nobody
            }
            _ => Said::Nothing("wrong_answer"),
        },
        200 => match serde_json::from_slice::<OutsideRecord>(&body) {
            Ok(record) if is_of(&record, issuing_state, number) => {
                Said::Record(String::from_utf8_lossy(&body).into_owned(), etag)
            }
            _ => Said::Nothing("wrong_answer"),
        },
        _ => Said::Nothing("wrong_answer"),
    }
}

/// Whether an answer is of this contract and about the document asked for.
fn is_of(record: &OutsideRecord, state: &str, number: &str) -> bool {
    record.contract == CONTRACT
        && issuing_state(&record.document.issuing_state).as_deref() == Ok(state)
        && document_number(&record.document.number).as_deref() == Ok(number)
}

fn view(
    now: UtcMs,
    state: OutsideState,
    reason: Option<&str>,
    kept: Option<&Answered>,
    is_kept: bool,
) -> OutsideView {
    OutsideView {
        state,
        reason: reason.map(str::to_owned),
        record: kept
            .filter(|one| one.found)
            .and_then(|one| serde_json::from_str(&one.json).ok()),
        said_at: kept.map(|one| one.asked_at),
        age_ms: kept.map(|one| now.since_ms(one.asked_at)),
        kept: is_kept && kept.is_some(),
    }
}

fn state_of(answer: &Answered) -> OutsideState {
    if answer.found {
        OutsideState::Found
    } else {
        OutsideState::NotFound
    }
}

/// Asks the registry outside about a document; the question is recorded, without the number.
pub async fn ask(
    state: &AppState,
    session: &Session,
    issuing: &str,
    number: &str,
) -> ApiResult<OutsideView> {
    let wrong = |e: tapal_domain::holder::NotADocument| ApiError::invalid(e.code(), e.to_string());
    let (issuing, number) = (
        issuing_state(issuing).map_err(wrong)?,
        document_number(number).map_err(wrong)?,
    );
    let now = state.clock.now();
    let Some(port) = state.outside.clone() else {
        return Ok(view(now, OutsideState::NotSetUp, None, None, false));
    };
    let kept = last_answer(&state.db, &issuing, &number).await?;
    if let Some(fresh) = kept
        .as_ref()
        .filter(|one| (0..FRESH_MS).contains(&now.since_ms(one.asked_at)))
    {
        return Ok(view(now, state_of(fresh), None, Some(fresh), true));
    }
    let said = match port.rests(now) {
        true => Said::Nothing("resting"),
        false => exchange(port, (&issuing, &number), kept.as_ref(), now).await?,
    };
    let note = |state: OutsideState, reason: Option<&str>| {
        let detail = serde_json::json!({ "state": state, "reason": reason });
        Note::new(
            session.by(),
            "holder.asked_outside",
            "account",
            session.account,
        )
        .with(detail)
    };
    let answer = match (said, kept) {
        (Said::Nothing(reason), kept) => {
            audit::record(
                &state.db,
                now,
                note(OutsideState::NotAnswered, Some(reason)),
            )
            .await?;
            return Ok(view(
                now,
                OutsideState::NotAnswered,
                Some(reason),
                kept.as_ref(),
                true,
            ));
        }
        (Said::Unchanged, Some(kept)) => Answered {
            asked_at: now,
            ..kept
        },
        // 304 was not asked for.
        (Said::Unchanged, None) => {
            audit::record(
                &state.db,
                now,
                note(OutsideState::NotAnswered, Some("wrong_answer")),
            )
            .await?;
            return Ok(view(
                now,
                OutsideState::NotAnswered,
                Some("wrong_answer"),
                None,
                false,
            ));
        }
        (Said::Nobody, _) => Answered {
            json: String::new(),
            etag: None,
            found: false,
            asked_at: now,
        },
        (Said::Record(json, etag), _) => Answered {
            json,
            etag,
            found: true,
            asked_at: now,
        },
    };
    let outcome = state_of(&answer);
    keep_answer(&state.db, note(outcome, None), &issuing, &number, &answer).await?;
    Ok(view(now, outcome, None, Some(&answer), false))
}

/// One question, and the breaker is told how it went.
async fn exchange(
    port: Arc<Port>,
    of: (&str, &str),
    kept: Option<&Answered>,
    now: UtcMs,
) -> ApiResult<Said> {
    let (issuing, number) = (of.0.to_owned(), of.1.to_owned());
    let etag = kept
        .filter(|one| one.found)
        .and_then(|one| one.etag.clone());
    let work = move || {
        let said = port.ask(&issuing, &number, etag.as_deref());
        port.record(!matches!(said, Said::Nothing(_)), now);
        said
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(ApiError::internal)
}

/// Asks the registry outside about a document, by issuing state and number. `not_answered` never means that there is no
/// such document; what it said last is shown with its age.
#[utoipa::path(post, path = "/api/v1/holders/outside", tag = "holder", operation_id = "holder_ask_outside", request_body = HolderLookup, responses((status = 200, body = OutsideView)))]
pub async fn outside(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<HolderLookup>,
) -> ApiResult<Json<OutsideView>> {
    Ok(Json(
        ask(&state, &session, &input.issuing_state, &input.number).await?,
    ))
}
