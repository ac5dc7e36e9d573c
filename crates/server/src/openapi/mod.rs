//! The OpenAPI 3.1 document of the JSON API. Must describe every route of `routes::api` and no other: a test walks
//! both.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, ResponseBuilder,
        security::{
            ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
        },
    },
};

use crate::{
    account, alert, attempt, audit, camera, credential, crossing, edge, entry,
    error::ErrorBody,
    event, false_alert, group, health, holder,
    import::{api as import, report},
    in_process, mrz, name_check,
    order::api as order,
    passenger_list::api as passenger_list,
    person, policy, rule_pack,
    second_line::api as second_line,
    session, site, standby, statistic,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Tapal", description = "Cameras, lists, alerts and two people's opinions. Changing requests with a session repeat its token as `x-csrf-token`; camera nodes sign their requests."),
    paths(
        health::get, document,
        session::api::start, session::api::show, session::api::end, session::api::password,
        alert::list, alert::get, alert::photo::probe, alert::photo::enrolled, alert::photo::other,
        alert::acknowledge, alert::opine, alert::resolve,
        attempt::list,
        false_alert::get,
        camera::list, camera::add, camera::change,
        site::list, site::get, site::add, site::change, site::deploy, site::add_desk, site::change_desk, site::add_lane,
        site::change_lane,
        group::get, group::propose, group::decide, group::end, group::count, group::label,
        policy::get, policy::preview, policy::propose, policy::decide,
        order::list, order::add, order::get, order::correct, order::add_photo, order::portrait, order::submit, order::extend,
        order::notify, order::object, order::decide, crate::order::notice::notice,
        rule_pack::list, rule_pack::propose, rule_pack::decide,
        import::list, import::add, import::get, import::discard, import::set_up, import::rows, report::file, import::apply,
        import::photograph, import::photos, import::decide,
        name_check::check, person::get, person::decide,
        crossing::add,
        in_process::hits, in_process::put, in_process::take, in_process::decide,
        entry::list, entry::get, entry::portrait, entry::end, entry::finding::decision,
        account::list, account::add, account::change, account::reset, account::close,
        credential::list, credential::add, credential::end,
        edge::list, edge::add, edge::retire,
        edge::device::enrol, edge::device::config, edge::device::list, edge::device::receipt, edge::device::health, edge::device::alert,
        audit::list, audit::verify,
        event::stream,
        second_line::list, second_line::add, second_line::get, second_line::take, second_line::interview, second_line::contact,
        second_line::conclude, second_line::decide, second_line::authorise, second_line::hand_over, second_line::close,
        crate::second_line::notice::notice,
        crossing::list, crossing::get, crossing::correction::add,
        statistic::get, statistic::records, statistic::report::list, statistic::report::get, statistic::report::verify,
        passenger_list::send, passenger_list::list, passenger_list::get, passenger_list::answers, passenger_list::decide,
        holder::lookup, holder::add, holder::get, holder::change, holder::add_document, holder::set_status, holder::add_permit,
        holder::cancel_permit, holder::extension::extend_stay, holder::set_portrait, holder::portrait, holder::link, holder::compare::comparison,
        holder::outside::outside, mrz::of_lines, mrz::of_photograph,
        standby::enrol::enrol, standby::take::records,
        standby::api::list, standby::api::add, standby::api::retire, standby::api::findings, standby::api::settle, standby::api::content, standby::api::audit,
        standby::copies::copies,
    ),
    components(schemas(ErrorBody)),
    modifiers(&Common)
)]
struct Api;

/// What every operation shares: who may call it, and how it fails.
struct Common;

impl Modify for Common {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        if let Some(components) = api.components.as_mut() {
            let cookie =
                SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(session::guard::COOKIE)));
            components.add_security_scheme("session", cookie);
            let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
            components.add_security_scheme("key", key);
            let signature = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(
                tapal_domain::wire::header::SIGNATURE,
            )));
            components.add_security_scheme("device", signature);
        }
        for route in crate::routes::api() {
            let Some(item) = api.paths.paths.get_mut(route.path) else {
                continue;
            };
            let operation = match route.method {
                "GET" => &mut item.get,
                "POST" => &mut item.post,
                "PUT" => &mut item.put,
                "PATCH" => &mut item.patch,
                _ => &mut item.delete,
            };
            let Some(operation) = operation.as_mut() else {
                continue;
            };
            let need = |name| SecurityRequirement::new(name, Vec::<String>::new());
            let machines = route.access.of_agencies().then(|| need("key"));
            operation.security = route
                .access
                .scheme()
                .map(|name| std::iter::once(need(name)).chain(machines).collect());
            if let Some(permission) = route.access.words() {
                operation.description = Some(
                    format!(
                        "{} Needs: {permission}.",
                        operation.description.clone().unwrap_or_default()
                    )
                    .trim()
                    .to_owned(),
                );
            }
            let content = ContentBuilder::new()
                .schema(Some(RefOr::Ref(Ref::from_schema_name("ErrorBody"))))
                .build();
            let error = ResponseBuilder::new()
                .description("An error: code, message for people, request id")
                .content("application/json", content);
            operation
                .responses
                .responses
                .insert("default".to_owned(), RefOr::T(error.build()));
        }
    }
}

/// The document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "openapi", responses((status = 200, content_type = "application/json")))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}
