//! What people and their scripts call: `POST /api/<name>` with JSON in and out, and the console's session.
//!
//! Each endpoint is a plain function from a request type to a reply. Who may call it stands beside its name here;
//! parsing, authentication and the shape of errors are in `endpoint` and `error`, once for all.

mod accounts;
mod actors;
mod allowed;
mod audit;
mod backup;
mod blocks;
mod capture;
mod client;
mod commands;
mod configuration;
mod dashboard;
mod echo;
mod endpoint;
mod error;
mod events;
mod filter;
mod gate;
mod inventory;
mod issues;
mod keys;
mod metrics;
mod names;
mod notify;
mod oidc;
mod openapi;
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
mod tickets;
mod users;

use std::{any::Any, collections::HashMap, path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::sync::Semaphore;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

pub(crate) use self::{accounts::AccountRow, error::ApiError, keys::KeyRow, users::UserRow};
use self::{filter::FilterKeys, openapi::Endpoints, sort::Paging};
use crate::{
    accounts::Planes,
    auth::{Attempts, FailuresNoted, Passwords},
    console,
    country::Countries,
    fleet::Fleet,
    ingest::Ingest,
    notify::Notifier,
    policies::Policies,
    retention::Retention,
    room::{Health, Room},
    store::{PolicyTimes, Role, Store},
    tickets::Tickets,
};

/// Far above any request that lists what it wants.
const MAX_BODY: usize = 1 << 20;
/// As many entries as an import takes, each with the longest reason in ASCII.
const MAX_IMPORT: usize = 8 << 20;

/// What endpoints work with: one account.
pub(crate) struct Api {
    pub store: Arc<dyn Store>,
    pub fleet: Arc<Fleet>,
    pub ingest: Arc<Ingest>,
    pub policies: Arc<Policies>,
    /// Of the built-in ones, by policy id.
    pub policy_times: HashMap<String, PolicyTimes>,
    /// Shown as `akto_account_id` where a sensor names no account.
    pub account_id: String,
    pub attempts: Arc<Attempts>,
    pub failures_noted: FailuresNoted,
    pub passwords: Arc<Passwords>,
    pub notifier: Arc<Notifier>,
    pub tickets: Arc<Tickets>,
    pub room: Arc<Room>,
    pub countries: Arc<Countries>,
    pub data_dir: PathBuf,
    /// One at a time: each needs room for the database.
    pub backups: Arc<Semaphore>,
    /// Events that grew too old.
    pub retention: Arc<Retention>,
}

impl Api {
    /// What failed log-ins of a name are counted under: each account has names of its own.
    pub(crate) fn at_log_in(&self, name: &str) -> String {
        format!("{}/{name}", self.account_id)
    }
}

pub(crate) fn router(planes: Arc<Planes>) -> Router {
    endpoints()
        .router()
        .route("/api/{*unknown}", axum::routing::any(unknown))
        .route("/metrics", get(metrics::scrape))
        .route("/session", get(session::who).post(session::log_in).delete(session::log_out))
        .route("/session/ways", get(oidc::ways))
        .route("/session/oidc", get(oidc::begin))
        .route("/session/oidc/callback", get(oidc::finish))
        .route("/healthz", get(health))
        .fallback(console::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn(security::headers))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(planes)
}

/// The OpenAPI 3.1 document of what is served, as JSON text.
#[must_use]
pub fn openapi() -> String {
    endpoints().document()
}

/// Every call below `/api`.
fn endpoints() -> Endpoints {
    use Role::{Admin, Analyst, Viewer};
    type Bounds = (actors::Bounds,);
    Endpoints::new()
        .reads::<(FilterKeys, Paging, events::Severe), _>(
            "fetchSuspectSampleData",
            Viewer,
            "Events, one a row",
            events::list,
        )
        .reads::<(events::Range,), _>(
            "fetchFiltersThreatTable",
            Viewer,
            "What the filter menus of events offer",
            events::filter_values,
        )
        .reads::<(FilterKeys, commands::Update), _>(
            "updateMaliciousEventStatus",
            Analyst,
            "Move the events that a filter selects to another status; IGNORED suppresses what they stand for",
            commands::update_status,
        )
        .reads::<(FilterKeys,), _>(
            "deleteMaliciousEvents",
            Admin,
            "Delete the events that a filter selects",
            commands::delete,
        )
        .reads::<(samples::Request,), _>(
            "fetchAggregateMaliciousRequests",
            Viewer,
            "The samples behind one event, newest first",
            samples::list,
        )
        .reads::<(actors::Request, Paging), _>(
            "fetchThreatActors",
            Viewer,
            "Actors, one a row, from their latest event",
            actors::list,
        )
        .reads::<(), _>(
            "fetchFiltersForThreatActors",
            Viewer,
            "What the filter menus of actors offer",
            actors::filter_values,
        )
        .reads::<(actors::Activity,), _>(
            "fetchThreatsForActor",
            Viewer,
            "What one actor did, newest first",
            actors::activity,
        )
        .reads::<Bounds, _>("getDailyThreatActorsCount", Viewer, "Actors a day, and totals", actors::daily)
        // The page spells it without the second «r», and scripts follow it.
        .reads::<Bounds, _>("getActorsCountPerCounty", Viewer, "Actors by country", actors::per_country)
        .reads::<Bounds, _>("getActorsCountPerCountry", Viewer, "Actors by country", actors::per_country)
        .reads::<Bounds, _>("getThreatActivityTimeline", Viewer, "Events a day by kind", dashboard::timeline)
        .reads::<Bounds, _>("fetchCountBySeverity", Viewer, "Events by severity", dashboard::severities)
        .reads::<Bounds, _>("fetchThreatCategoryCount", Viewer, "Events by category", dashboard::categories)
        .reads::<(dashboard::Apis, Paging), _>(
            "fetchThreatApis",
            Viewer,
            "Endpoints under attack",
            dashboard::apis,
        )
        .reads::<(policies::Request,), _>(
            "fetchRemediationInfo",
            Viewer,
            "What to do about what a policy finds",
            policies::remediation,
        )
        .reads::<(), _>("fetchFilterYamlTemplate", Viewer, "Every policy with its YAML", policies::list)
        .reads::<(policies::Named,), _>(
            "fetchFilterYamlTemplateVersions",
            Viewer,
            "What became of a policy, newest first",
            policies::versions,
        )
        .commands::<(policies::Content, pushed::Wait), _>(
            "saveFilterYamlTemplate",
            Admin,
            "Save a policy, in force on every sensor",
            policies::save,
        )
        .commands::<(policies::Named, pushed::Wait), _>(
            "deleteFilterYamlTemplate",
            Admin,
            "Put a policy out of force",
            policies::delete,
        )
        .commands::<(policies::Named, pushed::Wait), _>(
            "restoreFilterYamlTemplate",
            Admin,
            "Put a built-in policy in force as it came",
            policies::restore,
        )
        .commands::<(policies::Named, policies::Rollback, pushed::Wait), _>(
            "rollbackFilterYamlTemplate",
            Admin,
            "Save an earlier version of a policy again",
            policies::roll_back,
        )
        .commands::<(policies::Named, policies::Mode, pushed::Wait), _>(
            "setFilterYamlTemplateMode",
            Admin,
            "Set whether a policy only detects, or blocks too",
            policies::set_mode,
        )
        .commands::<(policies::Trial,), _>(
            "testFilterYamlTemplate",
            Analyst,
            "What a policy would find in one exchange, or in stored ones",
            policies::test,
        )
        .reads::<(blocks::Asked,), _>("fetchBlocklist", Viewer, "Blocks in force, newest first", blocks::list)
        .commands::<(blocks::Named, blocks::Terms, blocks::Force, pushed::Wait), _>(
            "addBlock",
            Analyst,
            "Block an address or a prefix on every sensor",
            blocks::add,
        )
        .commands::<(blocks::Named, pushed::Wait), _>("removeBlock", Analyst, "Lift a block", blocks::remove)
        .imports::<(blocks::Batch, blocks::Terms, blocks::Force, pushed::Wait), _>(
            "importBlocks",
            Analyst,
            "Block many at once",
            blocks::import,
            MAX_IMPORT,
        )
        .reads::<(), _>("fetchAllowed", Viewer, "Who is never dropped", allowed::list)
        .commands::<(allowed::Named, pushed::Wait), _>(
            "addAllowed",
            Analyst,
            "Never drop these, whatever is blocked",
            allowed::add,
        )
        .commands::<(allowed::Named, pushed::Wait), _>(
            "removeAllowed",
            Analyst,
            "Take somebody off the allow list",
            allowed::remove,
        )
        .imports::<(allowed::Batch, pushed::Wait), _>(
            "importAllowed",
            Analyst,
            "Allow many at once",
            allowed::import,
            MAX_IMPORT,
        )
        .reads::<(), _>("fetchGateMode", Viewer, "Whether gates drop or only count", gate::mode)
        .commands::<(gate::Set, pushed::Wait), _>(
            "setGateMode",
            Admin,
            "Set whether gates drop or only count",
            gate::set,
        )
        .commands::<(gate::Arm, pushed::Wait), _>(
            "armAutomaticBlocking",
            Admin,
            "Let policies block again where their limits have tripped",
            gate::arm,
        )
        .reads::<(), _>("fetchCaptureRules", Viewer, "How much of which traffic is looked at", capture::list)
        .commands::<(capture::List, pushed::Wait), _>(
            "setCaptureRules",
            Admin,
            "Set all capture rules",
            capture::set_all,
        )
        .commands::<(capture::Wanted, pushed::Wait), _>(
            "setCaptureRule",
            Admin,
            "Set one capture rule",
            capture::set_one,
        )
        .commands::<(capture::Named, pushed::Wait), _>(
            "removeCaptureRule",
            Admin,
            "Take a capture rule away",
            capture::remove,
        )
        .commands::<(pushed::Await, pushed::Wait), _>(
            "awaitRevision",
            Viewer,
            "Wait until sensors have applied a revision",
            pushed::await_revision,
        )
        .commands::<(blocks::Modify, blocks::Terms, blocks::Force, pushed::Wait), _>(
            "modifyThreatActorStatus",
            Analyst,
            "Block an actor, or lift that",
            blocks::modify_actor,
        )
        .reads::<(suppressions::Asked, Paging), _>(
            "fetchSuppressions",
            Viewer,
            "Ignored combinations, newest first",
            suppressions::list,
        )
        .commands::<(suppressions::Wanted, suppressions::Terms, pushed::Wait), _>(
            "addSuppression",
            Analyst,
            "Ignore a combination of actor, policy and endpoint",
            suppressions::add,
        )
        .commands::<(suppressions::Named, suppressions::Terms, pushed::Wait), _>(
            "extendSuppression",
            Analyst,
            "Give a suppression another end",
            suppressions::extend,
        )
        .commands::<(suppressions::Named, pushed::Wait), _>(
            "removeSuppression",
            Analyst,
            "Lift a suppression",
            suppressions::remove,
        )
        .reads::<(inventory::Wanted, Paging), _>(
            "fetchInventory",
            Viewer,
            "Endpoints learned from traffic",
            inventory::list,
        )
        .reads::<(issues::FilterKeys, Paging), _>(
            "fetchIssues",
            Viewer,
            "Weaknesses of APIs, the gravest first",
            issues::list,
        )
        .reads::<(issues::Named,), _>(
            "fetchIssue",
            Viewer,
            "One weakness at one place, with its evidence and every place that has it",
            issues::show,
        )
        .reads::<(issues::FilterKeys, issues::Update), _>(
            "updateIssueStatus",
            Analyst,
            "Ignore an issue with a reason, or open it again",
            issues::update,
        )
        .reads::<(issues::FilterKeys, issues::Update), _>(
            "bulkUpdateIssueStatus",
            Analyst,
            "Ignore the issues that a filter selects, or open them again",
            issues::update,
        )
        .imports::<(issues::Document,), _>(
            "importIssues",
            Analyst,
            "Take another tool's findings: SARIF 2.1.0, or nuclei's JSON lines",
            issues::import,
            MAX_IMPORT,
        )
        .reads::<(), _>(
            "fetchThreatConfiguration",
            Viewer,
            "What holds for all sensors: proxies, identities, limits, retention, redaction",
            configuration::fetch,
        )
        .commands::<(crate::configuration::Document, configuration::Mode, pushed::Wait), _>(
            "modifyThreatConfiguration",
            Admin,
            "Set parts of the threat configuration, or all of it",
            configuration::modify,
        )
        .reads::<(), _>("fetchSensors", Viewer, "Every sensor as last heard of", sensors::list)
        .reads::<(sensors::Alerts,), _>(
            "fetchCoverageAlerts",
            Viewer,
            "Where sensors see or block less than they should",
            sensors::alerts,
        )
        .reads::<(sensors::Accept,), _>(
            "acceptCoverageAlert",
            Admin,
            "Close an alert: what the sensor does now is meant so",
            sensors::accept,
        )
        .reads::<(sensors::Named,), _>("revokeSensor", Admin, "Shut a sensor out for good", sensors::revoke)
        .reads::<(), _>(
            "fetchAccounts",
            Admin,
            "The accounts besides the operator's; the operator's alone may ask",
            accounts::list,
        )
        .reads::<(accounts::Add,), _>(
            "addAccount",
            Admin,
            "Make an account, with its first key; the operator's alone may",
            accounts::add,
        )
        .commands::<(accounts::Remove,), _>(
            "removeAccount",
            Admin,
            "Delete an account and all that it has; the operator's alone may",
            accounts::remove,
        )
        .reads::<(), _>(
            "fetchVniMapping",
            Admin,
            "Which overlay network belongs to which account; the operator's alone may ask",
            accounts::mapping,
        )
        .reads::<(accounts::Mapping,), _>(
            "modifyVniMapping",
            Admin,
            "Say which overlay network belongs to which account; the operator's alone may",
            accounts::set_mapping,
        )
        .reads::<(), _>("fetchUsers", Admin, "Who logs in with a password", users::list)
        .commands::<(users::Add,), _>("addUser", Admin, "Let somebody log in", users::add)
        .commands::<(users::Modify,), _>(
            "modifyUser",
            Admin,
            "Change a user's role or password, disable or enable them",
            users::modify,
        )
        .reads::<(users::Named,), _>("removeUser", Admin, "Forget a user", users::remove)
        .commands::<(users::Own,), _>(
            "changePassword",
            Viewer,
            "Change one's own password",
            users::change_password,
        )
        .reads::<(), _>("fetchKeys", Admin, "API keys, without the keys themselves", keys::list)
        .reads::<(keys::Add,), _>("addKey", Admin, "Make an API key, shown this once", keys::add)
        .reads::<(keys::Named,), _>("revokeKey", Admin, "End an API key", keys::revoke)
        .reads::<(), _>(
            "fetchNotifyTargets",
            Viewer,
            "Where notifications go, and how that goes",
            notify::list,
        )
        .reads::<(notify::Add, notify::Filter), _>(
            "addNotifyTarget",
            Admin,
            "Tell another system of new events",
            notify::add,
        )
        .reads::<(notify::Modify, notify::Filter), _>(
            "modifyNotifyTarget",
            Admin,
            "Change a target's filter, address or secret, disable or enable it",
            notify::modify,
        )
        .reads::<(notify::Named,), _>(
            "removeNotifyTarget",
            Admin,
            "Forget a target and what waits for it",
            notify::remove,
        )
        .commands::<(notify::Named,), _>(
            "testNotifyTarget",
            Admin,
            "Send an event that never was to a target, at once",
            notify::test,
        )
        .reads::<(notify::LogAsked,), _>(
            "fetchNotifyLog",
            Viewer,
            "What became of notifications, newest first",
            notify::log,
        )
        .reads::<(), _>(
            "fetchTicketIntegrations",
            Viewer,
            "Issue trackers that tickets are made in, and how that goes",
            tickets::integrations,
        )
        .reads::<(tickets::Add, tickets::More), _>(
            "addTicketIntegration",
            Admin,
            "Make tickets in an issue tracker",
            tickets::add,
        )
        .reads::<(tickets::Modify, tickets::More), _>(
            "modifyTicketIntegration",
            Admin,
            "Change an integration's settings or credentials, disable or enable it",
            tickets::modify,
        )
        .reads::<(tickets::Named,), _>(
            "removeTicketIntegration",
            Admin,
            "Forget an integration and which tickets it has",
            tickets::remove,
        )
        .commands::<(tickets::Named,), _>(
            "testTicketIntegration",
            Admin,
            "Whether credentials, project and type are good; makes no ticket",
            tickets::test,
        )
        .commands::<(issues::FilterKeys, tickets::Create), _>(
            "createTicketsForIssues",
            Analyst,
            "Make a ticket for each of the issues that a filter selects",
            tickets::of_issues,
        )
        .commands::<(FilterKeys, tickets::Create), _>(
            "createTicketsForEvents",
            Analyst,
            "Make a ticket for each of the events that a filter selects",
            tickets::of_events,
        )
        .reads::<(tickets::Asked,), _>("fetchTickets", Viewer, "Tickets, newest first", tickets::list)
        .commands::<(tickets::Which, tickets::Link), _>(
            "linkTicket",
            Analyst,
            "Take a ticket that people made for an issue or event",
            tickets::link,
        )
        .reads::<(tickets::Which,), _>(
            "unlinkTicket",
            Analyst,
            "Forget the ticket of an issue or event; at the tracker it stays",
            tickets::unlink,
        )
        .reads::<(), _>("syncTickets", Analyst, "Ask the trackers now how their tickets stand", tickets::ask)
        .reads::<(audit::Asked,), _>("fetchAudit", Admin, "Who changed what, newest first", audit::list)
        .sends::<(audit::Asked, audit::ExportAsked), _>(
            "exportAudit",
            Admin,
            "The audit log as a file",
            audit::export,
            &["text/csv", "application/jsonl"],
        )
        .sends::<(), _>(
            "exportBackup",
            Admin,
            "Everything that is kept, as `control-plane restore` takes it",
            backup::export,
            &["application/zstd"],
        )
}

/// Answers as long as it lives; whether events find room is said, and no reason to ask another instance.
async fn health(State(planes): State<Arc<Planes>>) -> String {
    match planes.setup().room.state().health {
        Health::Ok => "ok\n".to_owned(),
        state => format!("ok\nstore {}\n", state.name()),
    }
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
