//! The table of the consoles' pages (HTML). Must not hold rules: pages call the same functions as the API.

use tapal_domain::role::Permission::*;

use crate::{
    account, alert, attempt, audit, camera,
    console::{assets, start},
    credential, crossing, desk, edge, entry, false_alert, group, holder, import, in_process,
    name_check, order, passenger_list, person, policy,
    routes::{Access::*, Route, get, post},
    rule_pack, second_line, session, site, standby, statistic,
};

/// Most bytes of the form of an order: photographs and a few fields.
const ORDER_FORM_BYTES: usize = 12 * 1024 * 1024 + 64 * 1024;

/// Every page route.
pub fn routes() -> Vec<Route> {
    vec![
        get("/assets/{name}", Public, assets::serve),
        get("/sign-in", Public, session::page::sign_in_page),
        post("/sign-in", Public, session::page::sign_in_form),
        post("/sign-out", SignedIn, session::page::sign_out),
        get("/password", SignedIn, session::page::password_page),
        post("/password", SignedIn, session::page::password_form),
        post("/preferences", Public, session::page::preferences),
        get("/", SignedIn, start::page),
        get("/alerts", Needs(ReadAlerts), alert::page::first),
        get("/alerts/recent", Needs(ReadAlerts), alert::page::recent),
        get("/alerts/{id}", Needs(ReadAlerts), alert::page::one),
        post(
            "/alerts/{id}/acknowledgement",
            Needs(JudgeAlerts),
            alert::page::acknowledge,
        ),
        post(
            "/alerts/{id}/opinions",
            Needs(JudgeAlerts),
            alert::page::opine,
        ),
        post(
            "/alerts/{id}/resolution",
            Needs(ResolveAlerts),
            alert::page::resolve,
        ),
        post("/alerts/{id}/group", Needs(JudgeAlerts), group::page::label),
        get("/desk", Needs(RecordCrossings), desk::page::next),
        post("/desk", Needs(RecordCrossings), desk::page::present),
        post("/desk/referrals", Needs(RecordCrossings), desk::page::refer),
        post(
            "/desk/crossings",
            Needs(RecordCrossings),
            desk::page::record,
        ),
        get("/attempts", Needs(ReadAttempts), attempt::page::list),
        get(
            "/false-alerts",
            Needs(ReadAttempts),
            false_alert::page::list,
        ),
        get(
            "/false-alerts.csv",
            Needs(ReadAttempts),
            false_alert::csv::file,
        ),
        get(
            "/false-alerts/groups.csv",
            Needs(ReadAttempts),
            false_alert::csv::groups,
        ),
        get("/cameras", Needs(ReadSites), camera::page::list),
        get("/cameras/{id}", Needs(ReadSites), camera::page::one),
        get("/sites", Needs(ReadSites), site::page::list),
        post("/sites", Needs(EditSites), site::page::add),
        get("/sites/{id}", Needs(ReadSites), site::page::one),
        post("/sites/{id}", Needs(EditSites), site::page::change),
        post(
            "/sites/{id}/deployment",
            Needs(EditSites),
            site::page::deploy,
        ),
        post("/sites/{id}/desks", Needs(EditSites), site::page::add_desk),
        post("/sites/{id}/lanes", Needs(EditSites), site::page::add_lane),
        post(
            "/sites/{id}/cameras",
            Needs(EditSites),
            site::page::add_camera,
        ),
        get("/sites/{id}/policy", Needs(ReadSites), policy::page::one),
        post(
            "/sites/{id}/policy/proposals",
            Needs(EditSites),
            policy::page::propose,
        ),
        post(
            "/policy/proposals/{id}/decision",
            Needs(EditSites),
            policy::page::decide,
        ),
        get("/sites/{id}/groups", Needs(ReadSites), group::page::one),
        post(
            "/sites/{id}/groups/proposals",
            Needs(EditSites),
            group::page::propose,
        ),
        post("/sites/{id}/groups/end", Needs(EditSites), group::page::end),
        post(
            "/sites/{id}/groups/counts",
            Needs(CountPassersBy),
            group::page::count,
        ),
        post(
            "/groups/proposals/{id}/decision",
            Needs(EditSites),
            group::page::decide,
        ),
        get("/orders", Needs(ReadOrders), order::page::list),
        post("/orders", Needs(DraftOrders), order::page::add).body_limit(ORDER_FORM_BYTES),
        get("/orders/new", Needs(DraftOrders), order::page::new),
        get("/orders/{id}", Needs(ReadOrders), order::sheet::one),
        post("/orders/{id}", Needs(DraftOrders), order::page::correct).body_limit(ORDER_FORM_BYTES),
        get("/orders/{id}/edit", Needs(DraftOrders), order::page::edit),
        post(
            "/orders/{id}/submission",
            Needs(DraftOrders),
            order::sheet::submit,
        ),
        post(
            "/orders/{id}/extension",
            Needs(DraftOrders),
            order::sheet::extend,
        ),
        post(
            "/orders/{id}/notifications",
            Needs(RecordOrders),
            order::sheet::notify,
        ),
        post(
            "/orders/{id}/objections",
            Needs(RecordOrders),
            order::sheet::object,
        ),
        post(
            "/orders/{id}/decision",
            Needs(ApproveOrders),
            order::sheet::decide,
        ),
        get(
            "/rule-packs",
            Either(ReadOrders, EditRules),
            rule_pack::page::list,
        ),
        get(
            "/rule-packs/{id}",
            Either(ReadOrders, EditRules),
            rule_pack::page::one,
        ),
        post(
            "/rule-packs/{id}",
            Needs(EditRules),
            rule_pack::page::propose,
        ),
        post(
            "/rule-packs/proposals/{id}/decision",
            Needs(EditRules),
            rule_pack::page::decide,
        ),
        get("/imports", Needs(ReadOrders), import::page::list),
        post("/imports", Needs(DraftOrders), import::page::add).body_limit(import::LIST_FORM_BYTES),
        get("/imports/{id}", Needs(ReadOrders), import::page::one),
        post(
            "/imports/{id}/setup",
            Needs(DraftOrders),
            import::page::set_up,
        ),
        post(
            "/imports/{id}/application",
            Needs(DraftOrders),
            import::page::apply,
        ),
        post(
            "/imports/{id}/photos",
            Needs(DraftOrders),
            import::page::photograph,
        )
        .body_limit(import::ARCHIVE_FORM_BYTES),
        post(
            "/imports/{id}/discard",
            Needs(DraftOrders),
            import::page::discard,
        ),
        post(
            "/imports/{id}/decision",
            Needs(ApproveOrders),
            import::page::decide,
        ),
        get("/name-checks", Needs(CheckNames), name_check::page::form),
        post("/name-checks", Needs(CheckNames), name_check::page::check),
        get("/persons/{id}", Needs(ReadOrders), person::page::one),
        post(
            "/persons/{id}/decisions",
            Either(RecordOrders, ApproveOrders),
            person::page::decide,
        ),
        get("/in-process", Needs(JudgeInProcess), in_process::page::list),
        post(
            "/in-process/hits/{id}/decision",
            Needs(JudgeInProcess),
            in_process::page::decide,
        ),
        get("/entries", Needs(ReadEntries), entry::page::list),
        get("/entries/{id}", Needs(ReadEntries), entry::page::one),
        post("/entries/{id}/end", Needs(EndEntries), entry::page::end),
        post(
            "/entries/{id}/decision",
            Needs(DecideEntries),
            entry::finding::form,
        ),
        get("/accounts", Needs(EditAccounts), account::page::list),
        post("/accounts", Needs(EditAccounts), account::page::add),
        post(
            "/accounts/{id}/password",
            Needs(EditAccounts),
            account::page::reset,
        ),
        post(
            "/accounts/{id}/close",
            Needs(EditAccounts),
            account::page::close,
        ),
        get(
            "/accounts/{id}/credentials",
            Needs(EditAccounts),
            credential::page::list,
        ),
        post(
            "/accounts/{id}/credentials",
            Needs(EditAccounts),
            credential::page::add,
        ),
        post(
            "/credentials/{id}/end",
            Needs(EditAccounts),
            credential::page::end,
        ),
        get("/edges", Needs(EditEdges), edge::page::list),
        post("/edges", Needs(EditEdges), edge::page::add),
        post("/edges/{id}/retire", Needs(EditEdges), edge::page::retire),
        get("/audit", Needs(ReadAudit), audit::page::list),
        post("/audit/verify", Needs(ReadAudit), audit::page::verify),
        get("/second-line", Needs(ReadCases), second_line::page::list),
        get(
            "/second-line/{id}",
            Needs(ReadCases),
            second_line::sheet::one,
        ),
        post(
            "/second-line/{id}/taking",
            Needs(WorkCases),
            second_line::sheet::take,
        ),
        post(
            "/second-line/{id}/interviews",
            Needs(WorkCases),
            second_line::sheet::interview,
        ),
        post(
            "/second-line/{id}/contacts",
            Needs(WorkCases),
            second_line::sheet::contact,
        ),
        post(
            "/second-line/{id}/conclusion",
            Needs(WorkCases),
            second_line::sheet::conclude,
        ),
        post(
            "/second-line/{id}/decision",
            Needs(WorkCases),
            second_line::sheet::decide,
        ),
        post(
            "/second-line/{id}/authorisation",
            Needs(AuthoriseCases),
            second_line::sheet::authorise,
        ),
        post(
            "/second-line/{id}/hand-over",
            Needs(WorkCases),
            second_line::sheet::hand_over,
        ),
        post(
            "/second-line/{id}/closure",
            Needs(WorkCases),
            second_line::sheet::close,
        ),
        get("/crossings", Needs(ReadCrossings), crossing::page::list),
        get("/crossings/{id}", Needs(ReadCrossings), crossing::page::one),
        post(
            "/crossings/{id}/corrections",
            Needs(CorrectCrossings),
            crossing::page::correction,
        ),
        get("/statistics", Needs(ReadStatistics), statistic::page::page),
        get(
            "/statistics.csv",
            Needs(ReadStatistics),
            statistic::file::as_csv,
        ),
        get(
            "/statistics.xlsx",
            Needs(ReadStatistics),
            statistic::file::as_xlsx,
        ),
        get(
            "/statistics.pdf",
            Needs(ReadStatistics),
            statistic::file::as_pdf,
        ),
        get(
            "/statistics/reports",
            Needs(ReadStatistics),
            statistic::report_page::list,
        ),
        get(
            "/statistics/reports/{month}",
            Needs(ReadStatistics),
            statistic::report_page::one,
        ),
        get(
            "/statistics/reports/{month}/{file}",
            Needs(ReadStatistics),
            statistic::report_page::file,
        ),
        get(
            "/passenger-lists",
            Needs(ReadPassengerLists),
            passenger_list::page::list,
        ),
        get(
            "/passenger-lists/{id}",
            Needs(ReadPassengerLists),
            passenger_list::page::one,
        ),
        post(
            "/passengers/{id}/decision",
            Needs(JudgePassengers),
            passenger_list::page::decide,
        ),
        get("/holders", Needs(ReadHolders), holder::page::find),
        post("/holders", Needs(ReadHolders), holder::page::look_up),
        get("/holders/new", Needs(EditHolders), holder::page::new),
        post("/holders/new", Needs(EditHolders), holder::page::add),
        get("/holders/{id}", Needs(ReadHolders), holder::page::one),
        get(
            "/holders/{id}/identity",
            Needs(EditHolders),
            holder::page::edit,
        ),
        post(
            "/holders/{id}/identity",
            Needs(EditHolders),
            holder::page::change,
        ),
        post(
            "/holders/{id}/documents",
            Needs(EditHolders),
            holder::page::add_document,
        ),
        post(
            "/holders/{id}/documents/{document}/status",
            Needs(EditHolders),
            holder::page::set_status,
        ),
        post(
            "/holders/{id}/extensions",
            Needs(EditHolders),
            holder::extension::extend_form,
        ),
        post(
            "/holders/{id}/permits",
            Needs(EditHolders),
            holder::page::add_permit,
        ),
        post(
            "/holders/{id}/permits/{permit}/cancellation",
            Needs(EditHolders),
            holder::page::cancel_permit,
        ),
        post(
            "/holders/{id}/links",
            Needs(EditHolders),
            holder::page::link,
        ),
        post(
            "/holders/{id}/portrait",
            Needs(EditHolders),
            holder::page::set_portrait,
        )
        .body_limit(holder::PHOTO_BYTES),
        post(
            "/holders/{id}/comparison",
            Needs(ReadHolders),
            holder::page::comparison,
        )
        .body_limit(holder::PHOTO_BYTES),
        get("/standbys", Needs(ReadStandbys), standby::page::list),
        post("/standbys", Needs(EditEdges), standby::page::add),
        post(
            "/standbys/{id}/retire",
            Needs(EditEdges),
            standby::page::retire,
        ),
        post(
            "/standbys/findings/{id}/settlement",
            Needs(SettleFindings),
            standby::page::settle,
        ),
    ]
}
