//! The one table of routes: method, path, who may, handler. The router, the OpenAPI test and the wrong-role tests
//! are all made from it. Must not be bypassed: a route outside this table does not exist.

use axum::{Router, handler::Handler, middleware, routing::MethodRouter};
use tapal_domain::role::Permission;

use crate::state::AppState;

/// Who may call a route; enforced before the handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody signed in, even with a one-time password.
    SignedIn,
    /// Signed in with this permission.
    Needs(Permission),
    /// Signed in with one of two permissions.
    Either(Permission, Permission),
    /// An enrolled camera node with a signed request.
    Device,
}

/// One row of the table.
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Path with `{parameters}`.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// Most bytes of a body.
    pub body_limit: usize,
    handler: MethodRouter<AppState>,
}

const BODY_LIMIT: usize = 256 * 1024;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $upper:literal),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name<H, T>(path: &'static str, access: Access, handler: H) -> Route
        where
            H: Handler<T, AppState>,
            T: 'static,
        {
            Route { method: $upper, path, access, body_limit: BODY_LIMIT, handler: axum::routing::$name(handler) }
        }
    )+};
}

methods! {
    /// A row for reading.
    get "GET",
    /// A row for an action or something new.
    post "POST",
    /// A row that replaces.
    put "PUT",
    /// A row that changes.
    patch "PATCH",
    /// A row that ends something.
    delete "DELETE",
}

impl Route {
    /// The row with another body limit, bytes.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }
}

/// Every route of the centre: the API and the pages.
pub fn table() -> Vec<Route> {
    let mut all = api();
    all.extend(crate::page::routes());
    all
}

/// The routes of the JSON API, each of which the OpenAPI document describes.
pub fn api() -> Vec<Route> {
    Vec::new()
}

/// The router of a table.
pub fn router(state: &AppState, table: Vec<Route>) -> Router<AppState> {
    table.into_iter().fold(Router::new(), |router, route| {
        let limit = axum::extract::DefaultBodyLimit::max(route.body_limit);
        let guard = crate::session::guard::Guard { state: state.clone(), access: route.access, body_limit: route.body_limit };
        let handler = route.handler.layer(limit).layer(middleware::from_fn_with_state(guard, crate::session::guard::check));
        router.route(route.path, handler)
    })
}
