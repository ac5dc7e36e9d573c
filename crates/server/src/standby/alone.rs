//! What a standby server answers when the centre cannot be reached: sign-in, the desk, second line, alerts and what
//! belongs to them. Everything else waits for the centre. Must not hold anything that changes what is copied, nor anything
//! that could do harm when it is done twice: a request whose reply was lost is done again here.

use axum::http::Method;

use crate::routes::{Route, table};

/// Method and path, as in the table of routes.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/assets/{name}"),
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("POST", "/preferences"),
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/session"),
    ("DELETE", "/api/v1/session"),
    ("GET", "/api/v1/events"),
    // Alerts of this checkpoint's cameras.
    ("POST", "/api/v1/alerts"),
    ("GET", "/alerts"),
    ("GET", "/alerts/recent"),
    ("GET", "/alerts/{id}"),
    ("POST", "/alerts/{id}/acknowledgement"),
    ("POST", "/alerts/{id}/opinions"),
    ("POST", "/alerts/{id}/resolution"),
    ("GET", "/api/v1/alerts"),
    ("GET", "/api/v1/alerts/{id}"),
    ("GET", "/api/v1/alerts/{id}/probes/{n}"),
    ("GET", "/api/v1/alerts/{id}/enrolled/{n}"),
    ("GET", "/api/v1/alerts/{id}/others/{k}/enrolled"),
    ("POST", "/api/v1/alerts/{id}/acknowledgement"),
    ("POST", "/api/v1/alerts/{id}/opinions"),
    ("POST", "/api/v1/alerts/{id}/resolution"),
    // The desk.
    ("GET", "/desk"),
    ("POST", "/desk"),
    ("POST", "/desk/referrals"),
    ("POST", "/desk/crossings"),
    ("POST", "/api/v1/crossings"),
    ("POST", "/api/v1/mrz"),
    ("POST", "/api/v1/mrz/lines"),
    ("GET", "/api/v1/holders/{id}/portraits/{n}"),
    ("POST", "/api/v1/holders/{id}/comparison"),
    // Second line.
    ("GET", "/second-line"),
    ("GET", "/second-line/{id}"),
    ("POST", "/second-line/{id}/taking"),
    ("POST", "/second-line/{id}/interviews"),
    ("POST", "/second-line/{id}/contacts"),
    ("POST", "/second-line/{id}/conclusion"),
    ("POST", "/second-line/{id}/decision"),
    ("POST", "/second-line/{id}/authorisation"),
    ("POST", "/second-line/{id}/hand-over"),
    ("POST", "/second-line/{id}/closure"),
    ("GET", "/api/v1/second-line"),
    ("POST", "/api/v1/second-line"),
    ("GET", "/api/v1/second-line/{id}"),
    ("POST", "/api/v1/second-line/{id}/taking"),
    ("POST", "/api/v1/second-line/{id}/interviews"),
    ("POST", "/api/v1/second-line/{id}/contacts"),
    ("POST", "/api/v1/second-line/{id}/conclusion"),
    ("POST", "/api/v1/second-line/{id}/decision"),
    ("POST", "/api/v1/second-line/{id}/authorisation"),
    ("POST", "/api/v1/second-line/{id}/hand-over"),
    ("POST", "/api/v1/second-line/{id}/closure"),
    ("GET", "/api/v1/second-line/{id}/notice"),
];

/// Whether a pattern such as `/alerts/{id}` is this path.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut parts, mut asked) = (pattern.split('/'), path.split('/'));
    loop {
        match (parts.next(), asked.next()) {
            (None, None) => return true,
            (Some(part), Some(word)) if part == word => {}
            (Some(part), Some(word)) if part.starts_with('{') && !word.is_empty() => {}
            _ => return false,
        }
    }
}

/// Whether a standby server answers this itself when it must.
pub fn answers(method: &Method, path: &str) -> bool {
    let method = match *method {
        Method::HEAD => "GET",
        _ => method.as_str(),
    };
    let mut routes = ROUTES.iter();
    routes.any(|(known, pattern)| *known == method && fits(pattern, path))
}

/// The rows of the table of routes that a standby server has.
pub fn routes() -> Vec<Route> {
    let mut all = table();
    all.retain(|route| ROUTES.contains(&(route.method, route.path)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_is_in_the_table_of_routes() {
        assert_eq!(routes().len(), ROUTES.len());
    }

    #[test]
    fn what_changes_a_list_the_registry_or_an_account_waits_for_the_centre() {
        for (method, path) in [
            ("POST", "/orders"),
            ("POST", "/api/v1/orders/1/decision"),
            ("POST", "/api/v1/holders"),
            ("POST", "/accounts"),
            ("POST", "/password"),
            ("POST", "/api/v1/crossings/1/corrections"),
            ("GET", "/statistics"),
            ("GET", "/api/v1/edge/list"),
            ("POST", "/api/v1/edge/receipts"),
            ("POST", "/api/v1/edge/health"),
            ("POST", "/api/v1/standby/records"),
            ("POST", "/alerts/1/group"),
        ] {
            let method = method.parse().unwrap();
            assert!(!answers(&method, path), "{method} {path}");
        }
        assert!(answers(&Method::POST, "/desk/crossings"));
        assert!(answers(&Method::HEAD, "/alerts/0190"));
        assert!(!answers(&Method::GET, "/alerts/"));
    }
}
