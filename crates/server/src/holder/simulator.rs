//! A registry of invented holders that speaks the contract of [`super::outside`], for demonstrations and tests. It can also
//! misbehave, as a real one does. Must not read the database, nor hold anybody who lives.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing,
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tapal_domain::holder::{document_number, issuing_state};

use super::outside::{CONTRACT, OutsideDocument, OutsideHolder, OutsidePermit, OutsideRecord};

/// How a record misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers after ten seconds.
    Slow,
    /// Answers 500.
    Error,
    /// Answers 200 with something that is no JSON.
    Garbage,
    /// Answers about another document.
    Another,
    /// Answers 404 as a program on the way would.
    Elsewhere,
    /// Answers with more than may be read.
    Endless,
}

/// One record of the file.
#[derive(Clone, Deserialize)]
pub struct Invented {
    document: OutsideDocument,
    holder: OutsideHolder,
    #[serde(default)]
    permits: Vec<OutsidePermit>,
    #[serde(default)]
    fault: Option<Fault>,
}

struct Registry {
    token: String,
    records: Vec<Invented>,
}

/// The router of a registry with these records (a JSON list); whoever asks needs the token, when there is one.
pub fn router(file: &[u8], token: &str) -> Result<Router, serde_json::Error> {
    let records: Vec<Invented> = serde_json::from_slice(file)?;
    let registry = Registry {
        token: token.to_owned(),
        records,
    };
    let route = routing::get(document);
    Ok(Router::new()
        .route("/v1/documents/{state}/{number}", route)
        .with_state(Arc::new(registry)))
}

/// Serves such a registry until it is stopped.
pub async fn serve(listener: tokio::net::TcpListener, router: Router) -> std::io::Result<()> {
    axum::serve(listener, router).await
}

async fn document(
    State(registry): State<Arc<Registry>>,
    Path((state, number)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let told = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let wanted = format!("Bearer {}", registry.token);
    if !registry.token.is_empty() && told(header::AUTHORIZATION) != Some(wanted.as_str()) {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({ "contract": CONTRACT, "code": "credential" })),
        )
            .into_response();
    }
    let (Ok(state), Ok(number)) = (issuing_state(&state), document_number(&number)) else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({ "contract": CONTRACT, "code": "bad_document" })),
        )
            .into_response();
    };
    let same = |one: &&Invented| {
        issuing_state(&one.document.issuing_state).as_ref() == Ok(&state)
            && document_number(&one.document.number).as_ref() == Ok(&number)
    };
    let Some(found) = registry.records.iter().find(same) else {
        return (
            StatusCode::NOT_FOUND,
            Json(json!({ "contract": CONTRACT, "code": "no_such_document" })),
        )
            .into_response();
    };
    match found.fault {
        None => answer(found, told(header::IF_NONE_MATCH)),
        Some(fault) => misbehave(found, fault).await,
    }
}

fn record(found: &Invented) -> OutsideRecord {
    OutsideRecord {
        contract: CONTRACT.into(),
        document: found.document.clone(),
        holder: found.holder.clone(),
        permits: found.permits.clone(),
    }
}

fn answer(found: &Invented, known: Option<&str>) -> Response {
    let Ok(body) = serde_json::to_vec(&record(found)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let digest = Sha256::digest(&body);
    let etag: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let etag = format!("\"{etag}\"");
    if known == Some(etag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut reply = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Ok(value) = HeaderValue::from_str(&etag) {
        reply.headers_mut().insert(header::ETAG, value);
    }
    reply
}

async fn misbehave(found: &Invented, fault: Fault) -> Response {
    match fault {
        Fault::Slow => {
            tokio::time::sleep(Duration::from_secs(10)).await;
            answer(found, None)
        }
        Fault::Error => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Fault::Garbage => "<html>maintenance</html>".into_response(),
        Fault::Another => {
            let mut other = found.clone();
            other.document.number.push('9');
            answer(&other, None)
        }
        Fault::Elsewhere => (StatusCode::NOT_FOUND, "no such page").into_response(),
        Fault::Endless => vec![b' '; 80 * 1024].into_response(),
    }
}
