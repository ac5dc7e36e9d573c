//! The one table of routes: method, path, who may, handler. The router, the OpenAPI test and the wrong-role tests
//! are all made from it. Must not be bypassed: a route outside this table does not exist.

use axum::{Router, handler::Handler, http::StatusCode, middleware, routing::MethodRouter};
use tapal_domain::role::{Permission, Role};

use crate::{
    error::ApiError,
    session::guard::{self, Guard},
    state::AppState,
};

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
    /// An enrolled standby server with a signed request.
    Standby,
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
    use Access::{Device, Either, Needs, Public, SignedIn, Standby};
    use Permission::*;

    use crate::{
        account, alert, attempt, audit, camera, credential, crossing, edge, entry, event,
        false_alert, group, health, holder,
        import::{ARCHIVE_FORM_BYTES, LIST_FORM_BYTES, api as import},
        in_process, mrz, name_check, openapi,
        order::api as order,
        passenger_list::api as passenger_list,
        person, policy, rule_pack,
        second_line::api as second_line,
        session::api as session,
        site, standby, statistic,
    };
    const ALERT_BYTES: usize = 4 * 1024 * 1024;
    vec![
        get("/healthz", Public, health::get),
        get("/api/v1/openapi.json", Public, openapi::document),
        post("/api/v1/session", Public, session::start),
        get("/api/v1/session", SignedIn, session::show),
        delete("/api/v1/session", SignedIn, session::end),
        put("/api/v1/session/password", SignedIn, session::password),
        get(
            "/api/v1/events",
            Either(ReadAlerts, ReadSites),
            event::stream,
        ),
        get("/api/v1/alerts", Needs(ReadAlerts), alert::list),
        get("/api/v1/alerts/{id}", Needs(ReadAlerts), alert::get),
        get(
            "/api/v1/alerts/{id}/probes/{n}",
            Needs(ReadAlerts),
            alert::photo::probe,
        ),
        get(
            "/api/v1/alerts/{id}/enrolled/{n}",
            Needs(ReadAlerts),
            alert::photo::enrolled,
        ),
        get(
            "/api/v1/alerts/{id}/others/{k}/enrolled",
            Needs(ReadAlerts),
            alert::photo::other,
        ),
        post(
            "/api/v1/alerts/{id}/acknowledgement",
            Needs(JudgeAlerts),
            alert::acknowledge,
        ),
        post(
            "/api/v1/alerts/{id}/opinions",
            Needs(JudgeAlerts),
            alert::opine,
        ),
        post(
            "/api/v1/alerts/{id}/resolution",
            Needs(ResolveAlerts),
            alert::resolve,
        ),
        post(
            "/api/v1/alerts/{id}/group",
            Needs(JudgeAlerts),
            group::label,
        ),
        get("/api/v1/attempts", Needs(ReadAttempts), attempt::list),
        get(
            "/api/v1/false-alerts",
            Needs(ReadAttempts),
            false_alert::get,
        ),
        get("/api/v1/cameras", Needs(ReadSites), camera::list),
        patch("/api/v1/cameras/{id}", Needs(EditSites), camera::change),
        get("/api/v1/sites", Needs(ReadSites), site::list),
        post("/api/v1/sites", Needs(EditSites), site::add),
        get("/api/v1/sites/{id}", Needs(ReadSites), site::get),
        patch("/api/v1/sites/{id}", Needs(EditSites), site::change),
        put(
            "/api/v1/sites/{id}/deployment",
            Needs(EditSites),
            site::deploy,
        ),
        post("/api/v1/sites/{id}/cameras", Needs(EditSites), camera::add),
        post("/api/v1/sites/{id}/desks", Needs(EditSites), site::add_desk),
        patch(
            "/api/v1/sites/{id}/desks/{desk}",
            Needs(EditSites),
            site::change_desk,
        ),
        post("/api/v1/sites/{id}/lanes", Needs(EditSites), site::add_lane),
        patch(
            "/api/v1/sites/{id}/lanes/{lane}",
            Needs(EditSites),
            site::change_lane,
        ),
        get("/api/v1/sites/{id}/policy", Needs(ReadSites), policy::get),
        get(
            "/api/v1/sites/{id}/policy/preview",
            Either(EditSites, ReadAudit),
            policy::preview,
        ),
        post(
            "/api/v1/sites/{id}/policy/proposals",
            Needs(EditSites),
            policy::propose,
        ),
        post(
            "/api/v1/policy/proposals/{id}/decision",
            Needs(EditSites),
            policy::decide,
        ),
        get("/api/v1/sites/{id}/groups", Needs(ReadSites), group::get),
        delete("/api/v1/sites/{id}/groups", Needs(EditSites), group::end),
        post(
            "/api/v1/sites/{id}/groups/proposals",
            Needs(EditSites),
            group::propose,
        ),
        put(
            "/api/v1/sites/{id}/groups/counts",
            Needs(CountPassersBy),
            group::count,
        ),
        post(
            "/api/v1/groups/proposals/{id}/decision",
            Needs(EditSites),
            group::decide,
        ),
        get("/api/v1/orders", Needs(ReadOrders), order::list),
        post("/api/v1/orders", Needs(DraftOrders), order::add)
            .body_limit(entry::input::PHOTO_BYTES),
        get("/api/v1/orders/{id}", Needs(ReadOrders), order::get),
        put("/api/v1/orders/{id}", Needs(DraftOrders), order::correct),
        post(
            "/api/v1/orders/{id}/photos",
            Needs(DraftOrders),
            order::add_photo,
        )
        .body_limit(entry::input::PHOTO_BYTES),
        get(
            "/api/v1/orders/{id}/portraits/{n}",
            Needs(ReadOrders),
            order::portrait,
        ),
        get(
            "/api/v1/orders/{id}/notice",
            Either(RecordOrders, ApproveOrders),
            crate::order::notice::notice,
        ),
        post(
            "/api/v1/orders/{id}/submission",
            Needs(DraftOrders),
            order::submit,
        ),
        post(
            "/api/v1/orders/{id}/extension",
            Needs(DraftOrders),
            order::extend,
        ),
        post(
            "/api/v1/orders/{id}/notifications",
            Needs(RecordOrders),
            order::notify,
        ),
        post(
            "/api/v1/orders/{id}/objections",
            Needs(RecordOrders),
            order::object,
        ),
        post(
            "/api/v1/orders/{id}/decision",
            Needs(ApproveOrders),
            order::decide,
        ),
        get(
            "/api/v1/rule-packs",
            Either(ReadOrders, EditRules),
            rule_pack::list,
        ),
        post(
            "/api/v1/rule-packs/proposals",
            Needs(EditRules),
            rule_pack::propose,
        ),
        post(
            "/api/v1/rule-packs/proposals/{id}/decision",
            Needs(EditRules),
            rule_pack::decide,
        ),
        get("/api/v1/imports", Needs(ReadOrders), import::list),
        post("/api/v1/imports", Needs(DraftOrders), import::add).body_limit(LIST_FORM_BYTES),
        get("/api/v1/imports/{id}", Needs(ReadOrders), import::get),
        delete("/api/v1/imports/{id}", Needs(DraftOrders), import::discard),
        put(
            "/api/v1/imports/{id}/setup",
            Needs(DraftOrders),
            import::set_up,
        ),
        get("/api/v1/imports/{id}/rows", Needs(ReadOrders), import::rows),
        get(
            "/api/v1/imports/{id}/report",
            Needs(ReadOrders),
            crate::import::report::file,
        ),
        post(
            "/api/v1/imports/{id}/application",
            Needs(DraftOrders),
            import::apply,
        ),
        post(
            "/api/v1/imports/{id}/photos",
            Needs(DraftOrders),
            import::photograph,
        )
        .body_limit(ARCHIVE_FORM_BYTES),
        get(
            "/api/v1/imports/{id}/photos",
            Needs(ReadOrders),
            import::photos,
        ),
        post(
            "/api/v1/imports/{id}/decision",
            Needs(ApproveOrders),
            import::decide,
        ),
        post("/api/v1/name-checks", Needs(CheckNames), name_check::check),
        post("/api/v1/crossings", Needs(RecordCrossings), crossing::add),
        get("/api/v1/persons/{id}", Needs(ReadOrders), person::get),
        post(
            "/api/v1/persons/{id}/decisions",
            Either(RecordOrders, ApproveOrders),
            person::decide,
        ),
        get(
            "/api/v1/in-process",
            Needs(JudgeInProcess),
            in_process::hits,
        ),
        post("/api/v1/in-process", Needs(PutInProcess), in_process::put),
        delete(
            "/api/v1/in-process/{id}",
            Needs(PutInProcess),
            in_process::take,
        ),
        post(
            "/api/v1/in-process/hits/{id}/decision",
            Needs(JudgeInProcess),
            in_process::decide,
        ),
        get("/api/v1/entries", Needs(ReadEntries), entry::list),
        get("/api/v1/entries/{id}", Needs(ReadEntries), entry::get),
        get(
            "/api/v1/entries/{id}/portraits/{n}",
            Needs(ReadEntries),
            entry::portrait,
        ),
        post("/api/v1/entries/{id}/end", Needs(EndEntries), entry::end),
        post(
            "/api/v1/entries/{id}/decision",
            Needs(DecideEntries),
            entry::finding::decision,
        ),
        get("/api/v1/accounts", Needs(EditAccounts), account::list),
        post("/api/v1/accounts", Needs(EditAccounts), account::add),
        patch(
            "/api/v1/accounts/{id}",
            Needs(EditAccounts),
            account::change,
        ),
        delete("/api/v1/accounts/{id}", Needs(EditAccounts), account::close),
        post(
            "/api/v1/accounts/{id}/password",
            Needs(EditAccounts),
            account::reset,
        ),
        get(
            "/api/v1/accounts/{id}/credentials",
            Needs(EditAccounts),
            credential::list,
        ),
        post(
            "/api/v1/accounts/{id}/credentials",
            Needs(EditAccounts),
            credential::add,
        ),
        delete(
            "/api/v1/credentials/{id}",
            Needs(EditAccounts),
            credential::end,
        ),
        get("/api/v1/edges", Needs(EditEdges), edge::list),
        post("/api/v1/edges", Needs(EditEdges), edge::add),
        delete("/api/v1/edges/{id}", Needs(EditEdges), edge::retire),
        get("/api/v1/audit", Needs(ReadAudit), audit::list),
        get(
            "/api/v1/audit/verification",
            Needs(ReadAudit),
            audit::verify,
        ),
        post("/api/v1/edges/enrol", Public, edge::device::enrol),
        get("/api/v1/edge/config", Device, edge::device::config),
        get("/api/v1/edge/list", Device, edge::device::list),
        post("/api/v1/edge/receipts", Device, edge::device::receipt),
        post("/api/v1/edge/health", Device, edge::device::health),
        post("/api/v1/alerts", Device, edge::device::alert).body_limit(ALERT_BYTES),
        get("/api/v1/second-line", Needs(ReadCases), second_line::list),
        post(
            "/api/v1/second-line",
            Needs(RecordCrossings),
            second_line::add,
        ),
        get(
            "/api/v1/second-line/{id}",
            Needs(ReadCases),
            second_line::get,
        ),
        post(
            "/api/v1/second-line/{id}/taking",
            Needs(WorkCases),
            second_line::take,
        ),
        post(
            "/api/v1/second-line/{id}/interviews",
            Needs(WorkCases),
            second_line::interview,
        ),
        post(
            "/api/v1/second-line/{id}/contacts",
            Needs(WorkCases),
            second_line::contact,
        ),
        post(
            "/api/v1/second-line/{id}/conclusion",
            Needs(WorkCases),
            second_line::conclude,
        ),
        post(
            "/api/v1/second-line/{id}/decision",
            Needs(WorkCases),
            second_line::decide,
        ),
        post(
            "/api/v1/second-line/{id}/authorisation",
            Needs(AuthoriseCases),
            second_line::authorise,
        ),
        post(
            "/api/v1/second-line/{id}/hand-over",
            Needs(WorkCases),
            second_line::hand_over,
        ),
        post(
            "/api/v1/second-line/{id}/closure",
            Needs(WorkCases),
            second_line::close,
        ),
        get(
            "/api/v1/second-line/{id}/notice",
            Needs(ReadCases),
            crate::second_line::notice::notice,
        ),
        get("/api/v1/crossings", Needs(ReadCrossings), crossing::list),
        get(
            "/api/v1/crossings/{id}",
            Needs(ReadCrossings),
            crossing::get,
        ),
        post(
            "/api/v1/crossings/{id}/corrections",
            Needs(CorrectCrossings),
            crossing::correction::add,
        ),
        get("/api/v1/statistics", Needs(ReadStatistics), statistic::get),
        get(
            "/api/v1/statistics/records",
            Needs(ReadCrossings),
            statistic::records,
        ),
        get(
            "/api/v1/statistics/reports",
            Needs(ReadStatistics),
            statistic::report::list,
        ),
        get(
            "/api/v1/statistics/reports/{month}",
            Needs(ReadStatistics),
            statistic::report::get,
        ),
        get(
            "/api/v1/statistics/reports/{month}/verification",
            Needs(ReadStatistics),
            statistic::report::verify,
        ),
        post(
            "/api/v1/passenger-lists",
            Needs(SendPassengerLists),
            passenger_list::send,
        )
        .body_limit(tapal_documents::paxlst::MOST_BYTES),
        get(
            "/api/v1/passenger-lists",
            Needs(ReadPassengerLists),
            passenger_list::list,
        ),
        get(
            "/api/v1/passenger-lists/{id}",
            Needs(ReadPassengerLists),
            passenger_list::get,
        ),
        get(
            "/api/v1/passenger-lists/{id}/answers",
            Needs(SendPassengerLists),
            passenger_list::answers,
        ),
        post(
            "/api/v1/passengers/{id}/decision",
            Needs(JudgePassengers),
            passenger_list::decide,
        ),
        post(
            "/api/v1/holders/lookups",
            Needs(ReadHolders),
            holder::lookup,
        ),
        post(
            "/api/v1/holders/outside",
            Needs(ReadHolders),
            holder::outside::outside,
        ),
        post("/api/v1/holders", Needs(EditHolders), holder::add),
        get("/api/v1/holders/{id}", Needs(ReadHolders), holder::get),
        put("/api/v1/holders/{id}", Needs(EditHolders), holder::change),
        post(
            "/api/v1/holders/{id}/documents",
            Needs(EditHolders),
            holder::add_document,
        ),
        put(
            "/api/v1/holders/{id}/documents/{document}/status",
            Needs(EditHolders),
            holder::set_status,
        ),
        post(
            "/api/v1/holders/{id}/permits",
            Needs(EditHolders),
            holder::add_permit,
        ),
        post(
            "/api/v1/holders/{id}/extensions",
            Needs(EditHolders),
            holder::extension::extend_stay,
        ),
        delete(
            "/api/v1/holders/{id}/permits/{permit}",
            Needs(EditHolders),
            holder::cancel_permit,
        ),
        put(
            "/api/v1/holders/{id}/portrait",
            Needs(EditHolders),
            holder::set_portrait,
        )
        .body_limit(holder::PHOTO_BYTES),
        get(
            "/api/v1/holders/{id}/portraits/{n}",
            Needs(ReadHolders),
            holder::portrait,
        ),
        post(
            "/api/v1/holders/{id}/comparison",
            Needs(ReadHolders),
            holder::compare::comparison,
        )
        .body_limit(holder::PHOTO_BYTES),
        post(
            "/api/v1/holders/{id}/links",
            Needs(EditHolders),
            holder::link,
        ),
        post("/api/v1/mrz", Needs(ReadHolders), mrz::of_photograph).body_limit(holder::PHOTO_BYTES),
        post("/api/v1/mrz/lines", Needs(ReadHolders), mrz::of_lines),
        post("/api/v1/standbys/enrol", Public, standby::enrol::enrol),
        post("/api/v1/standby/records", Standby, standby::take::records)
            .body_limit(standby::take::RECORDS_BYTES),
        get("/api/v1/standbys", Needs(ReadStandbys), standby::api::list),
        post("/api/v1/standbys", Needs(EditEdges), standby::api::add),
        delete(
            "/api/v1/standbys/{id}",
            Needs(EditEdges),
            standby::api::retire,
        ),
        get(
            "/api/v1/standbys/findings",
            Needs(ReadStandbys),
            standby::api::findings,
        ),
        get(
            "/api/v1/standbys/findings/{id}/content",
            Needs(SettleFindings),
            standby::api::content,
        ),
        post(
            "/api/v1/standbys/findings/{id}/settlement",
            Needs(SettleFindings),
            standby::api::settle,
        ),
        get(
            "/api/v1/standbys/{id}/audit",
            Needs(ReadAudit),
            standby::api::audit,
        ),
        get("/api/v1/standby/copies", Standby, standby::copies::copies),
    ]
}

impl Access {
    /// Security scheme of the OpenAPI document.
    pub(crate) fn scheme(self) -> Option<&'static str> {
        match self {
            Self::Public => None,
            Self::Device | Self::Standby => Some("device"),
            Self::SignedIn | Self::Needs(_) | Self::Either(..) => Some("session"),
        }
    }

    /// Whether an agency's or a carrier's own people, and the key of its system, may.
    pub(crate) fn of_agencies(self) -> bool {
        let machines = [Role::AgencyLiaison, Role::Carrier];
        let may = |permission| machines.iter().any(|role| role.may(permission));
        match self {
            Self::Needs(permission) => may(permission),
            Self::Either(one, other) => may(one) || may(other),
            Self::Public | Self::SignedIn | Self::Device | Self::Standby => false,
        }
    }

    /// The permissions in words.
    pub(crate) fn words(self) -> Option<String> {
        match self {
            Self::Needs(permission) => Some(format!("{permission:?}")),
            Self::Either(one, other) => Some(format!("{one:?} or {other:?}")),
            Self::Public | Self::SignedIn | Self::Device | Self::Standby => None,
        }
    }
}

/// The router of a table: each handler behind its body limit and its guard.
pub fn router(state: &AppState, table: Vec<Route>) -> Router<AppState> {
    table.into_iter().fold(Router::new(), |router, route| {
        let limit = axum::extract::DefaultBodyLimit::max(route.body_limit);
        let guard = Guard {
            state: state.clone(),
            access: route.access,
            body_limit: route.body_limit,
        };
        let handler = route
            .handler
            .layer(limit)
            .layer(middleware::from_fn_with_state(guard, guard::check));
        router.route(route.path, handler)
    })
}

/// The whole centre.
pub fn app(state: AppState) -> Router {
    app_of(state, table(), || async { ApiError::not_found() })
}

/// A server of these routes; `missing` answers what is not among them.
pub fn app_of<H, T>(state: AppState, table: Vec<Route>, missing: H) -> Router
where
    H: Handler<T, AppState>,
    T: 'static,
{
    let wrong_method = || async {
        ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong_method",
            "this address does not take that method",
        )
    };
    let wrap = middleware::from_fn_with_state(state.clone(), crate::request::wrap);
    let pages = middleware::from_fn_with_state(state.clone(), crate::console::failure::as_page);
    router(&state, table)
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(pages)
        .layer(wrap)
        .with_state(state)
}
