//! What people and their scripts call: `POST /api/<name>` with JSON in and out, and the console's session.
//!
//! Each endpoint is a plain function from a request type to a reply. Who may call it stands beside its name here;
//! parsing, authentication and the shape of errors are in `endpoint` and `error`, once for all.

mod actors;
mod allowed;
mod audit;
mod blocks;
mod capture;
mod client;
mod commands;
mod dashboard;
mod echo;
mod endpoint;
mod error;
mod events;
mod filter;
mod gate;
mod inventory;
mod keys;
mod metrics;
mod orig;
mod policies;
mod prefix;
mod pushed;
mod row;
mod samples;
mod security;
mod sensors;
mod session;
mod sort;
mod suppressions;
mod text_format;
mod users;

use std::{any::Any, collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ipnet::IpNet;
use portcullis_detection::PolicySet;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use self::endpoint::{answers, commands as command, reads};
pub(crate) use self::error::ApiError;
use crate::{
    auth::{Attempts, FailuresNoted, Passwords},
    console,
    fleet::Fleet,
    ingest::Ingest,
    store::{PolicyTimes, Role, Store},
};

/// Far above any request that lists what it wants.
const MAX_BODY: usize = 1 << 20;
/// As many entries as an import takes, each with the longest reason in ASCII.
const MAX_IMPORT: usize = 8 << 20;

/// What endpoints work with.
pub(crate) struct Api {
    pub store: Arc<dyn Store>,
    pub fleet: Arc<Fleet>,
    pub ingest: Arc<Ingest>,
    pub policies: PolicySet,
    /// By policy id.
    pub policy_times: HashMap<String, PolicyTimes>,
    /// Shown as `akto_account_id` where a sensor names no account.
    pub account_id: String,
    pub attempts: Attempts,
    pub failures_noted: FailuresNoted,
    pub passwords: Passwords,
    /// What these say about whom they speak for is believed.
    pub trusted_proxies: Vec<IpNet>,
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    use Role::{Analyst, Viewer};
    Router::new()
        .route("/api/fetchSuspectSampleData", reads(Viewer, events::list))
        .route("/api/fetchFiltersThreatTable", reads(Viewer, events::filter_values))
        .route("/api/updateMaliciousEventStatus", reads(Analyst, commands::update_status))
        .route("/api/deleteMaliciousEvents", reads(Role::Admin, commands::delete))
        .route("/api/fetchAggregateMaliciousRequests", reads(Viewer, samples::list))
        .route("/api/fetchThreatActors", reads(Viewer, actors::list))
        .route("/api/fetchFiltersForThreatActors", reads(Viewer, actors::filter_values))
        .route("/api/fetchThreatsForActor", reads(Viewer, actors::activity))
        .route("/api/getDailyThreatActorsCount", reads(Viewer, actors::daily))
        // The page spells it without the second «r», and scripts follow it.
        .route("/api/getActorsCountPerCounty", reads(Viewer, actors::per_country))
        .route("/api/getActorsCountPerCountry", reads(Viewer, actors::per_country))
        .route("/api/getThreatActivityTimeline", reads(Viewer, dashboard::timeline))
        .route("/api/fetchCountBySeverity", reads(Viewer, dashboard::severities))
        .route("/api/fetchThreatCategoryCount", reads(Viewer, dashboard::categories))
        .route("/api/fetchThreatApis", reads(Viewer, dashboard::apis))
        .route("/api/fetchRemediationInfo", reads(Viewer, policies::remediation))
        .route("/api/fetchFilterYamlTemplate", reads(Viewer, policies::list))
        .route("/api/fetchBlocklist", reads(Viewer, blocks::list))
        .route("/api/addBlock", command(Analyst, blocks::add))
        .route("/api/removeBlock", command(Analyst, blocks::remove))
        .route("/api/importBlocks", command(Analyst, blocks::import).layer(DefaultBodyLimit::max(MAX_IMPORT)))
        .route("/api/fetchAllowed", reads(Viewer, allowed::list))
        .route("/api/addAllowed", command(Analyst, allowed::add))
        .route("/api/removeAllowed", command(Analyst, allowed::remove))
        .route(
            "/api/importAllowed",
            command(Analyst, allowed::import).layer(DefaultBodyLimit::max(MAX_IMPORT)),
        )
        .route("/api/fetchGateMode", reads(Viewer, gate::mode))
        .route("/api/setGateMode", command(Role::Admin, gate::set))
        .route("/api/armAutomaticBlocking", command(Role::Admin, gate::arm))
        .route("/api/fetchCaptureRules", reads(Viewer, capture::list))
        .route("/api/setCaptureRules", command(Role::Admin, capture::set_all))
        .route("/api/setCaptureRule", command(Role::Admin, capture::set_one))
        .route("/api/removeCaptureRule", command(Role::Admin, capture::remove))
        .route("/api/awaitRevision", command(Viewer, pushed::await_revision))
        .route("/api/modifyThreatActorStatus", command(Analyst, blocks::modify_actor))
        .route("/api/fetchSuppressions", reads(Viewer, suppressions::list))
        .route("/api/removeSuppression", reads(Analyst, suppressions::remove))
        .route("/api/fetchInventory", reads(Viewer, inventory::list))
        .route("/api/fetchSensors", reads(Viewer, sensors::list))
        .route("/api/fetchUsers", reads(Role::Admin, users::list))
        .route("/api/addUser", command(Role::Admin, users::add))
        .route("/api/modifyUser", command(Role::Admin, users::modify))
        .route("/api/removeUser", reads(Role::Admin, users::remove))
        .route("/api/changePassword", command(Viewer, users::change_password))
        .route("/api/fetchKeys", reads(Role::Admin, keys::list))
        .route("/api/addKey", reads(Role::Admin, keys::add))
        .route("/api/revokeKey", reads(Role::Admin, keys::revoke))
        .route("/api/fetchAudit", reads(Role::Admin, audit::list))
        .route("/api/exportAudit", answers(Role::Admin, audit::export))
        .route("/api/{*unknown}", axum::routing::any(unknown))
        .route("/metrics", get(metrics::scrape))
        .route("/session", get(session::who).post(session::log_in).delete(session::log_out))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(console::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn(security::headers))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(api)
}

async fn unknown() -> ApiError {
    ApiError::NotFound
}

fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    tracing::error!(message, "a request panicked");
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        ApiError::body(&["the control plane failed; its log says why".into()]),
    )
        .into_response()
}
