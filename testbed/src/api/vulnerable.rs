//! ⚠ VULNERABLE ON PURPOSE. Each function here does what must never be done, so that an attack on it succeeds.
//! Copy nothing from this file. See the module above for why nobody but the testbed's clients can reach it.

mod outside;
mod pages;

use std::{process::Stdio, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

pub(super) use self::{
    outside::{Preview, import, preview, track},
    pages::{Card, Leave, Name, greet, leave, print_card},
};
use super::Shop;

const COMMAND_LIMIT: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    pub(super) search: String,
}

/// ⚠ SQL INJECTION (CWE-89): what was searched for becomes part of the statement, and errors are shown.
pub(super) async fn search_products(State(shop): State<Arc<Shop>>, Query(query): Query<Search>) -> Response {
    let sql = format!("SELECT id, name, price FROM products WHERE name LIKE '%{}%'", query.search);
    match shop.store.rows(&sql, &[]) {
        Ok(products) => Json(json!({ "products": products })).into_response(),
        Err(error) => {
            let shown = json!({ "error": format!("sqlite3.OperationalError: {error}"), "statement": sql });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(shown)).into_response()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Download {
    pub(super) name: String,
}

/// ⚠ PATH TRAVERSAL (CWE-22): the name may lead out of the folder.
pub(super) async fn download_invoice(
    State(shop): State<Arc<Shop>>,
    Query(query): Query<Download>,
) -> Response {
    match tokio::fs::read(shop.invoices.join(&query.name)).await {
        Ok(file) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], file).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, Json(json!({ "error": "no such invoice" }))).into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Diagnosis {
    pub(super) host: String,
}

/// ⚠ OS COMMAND INJECTION (CWE-78): what was sent is a part of what the shell runs.
pub(super) async fn diagnose(Json(request): Json<Diagnosis>) -> Response {
    match run(&format!("echo checking {}", request.host)).await {
        Some(text) => Json(json!({ "result": text })).into_response(),
        None => (StatusCode::GATEWAY_TIMEOUT, Json(json!({ "error": "no answer from that host" })))
            .into_response(),
    }
}

/// What a command prints, in the time that it is given.
async fn run(command: &str) -> Option<String> {
    let run = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(command)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_LIMIT, run).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
