//! What `vulnerable.rs` does, done as it should be: the same attacks are refused, or are harmless text. Answers repeat
//! what was sent where real ones do, since that must not look like success.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use super::{
    Shop,
    vulnerable::{Card, Diagnosis, Download, Leave, Name, Preview, Search},
};

pub(super) async fn search_products(State(shop): State<Arc<Shop>>, Query(query): Query<Search>) -> Response {
    let sql = "SELECT id, name, price FROM products WHERE instr(name, ?1) > 0";
    match shop.store.rows(sql, &[&query.search]) {
        Ok(products) => Json(json!({ "products": products, "searched": query.search })).into_response(),
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
    }
}

pub(super) async fn download_invoice(
    State(shop): State<Arc<Shop>>,
    Query(query): Query<Download>,
) -> Response {
    let is_name = query.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    if !is_name || query.name.starts_with('.') {
        return refused(StatusCode::NOT_FOUND, &format!("no invoice {}", query.name));
    }
    match tokio::fs::read(shop.invoices.join(&query.name)).await {
        Ok(file) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], file).into_response(),
        Err(_) => refused(StatusCode::NOT_FOUND, "no such invoice"),
    }
}

/// Runs nothing: the text is only a text.
pub(super) async fn diagnose(Json(request): Json<Diagnosis>) -> Response {
    Json(json!({ "result": format!("checking {}\n", request.host) })).into_response()
}

pub(super) async fn greet(Query(query): Query<Name>) -> Response {
    let escaped = query.name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let escaped = escaped.replace('"', "&quot;").replace('\'', "&#39;");
    Html(format!("<!doctype html><title>Shop</title><h1>Welcome, {escaped}!</h1>")).into_response()
}

/// Only to the shop's own pages.
pub(super) async fn leave(Query(query): Query<Leave>) -> Response {
    let is_own = query.to.starts_with('/') && !query.to.starts_with("//") && !query.to.contains('\\');
    let to = if is_own { query.to } else { format!("/?from={}", query.to.len()) };
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

/// A text is printed as it is.
pub(super) async fn print_card(Json(card): Json<Card>) -> Response {
    Json(json!({ "card": card.text })).into_response()
}

pub(super) async fn import(document: String) -> Response {
    if document.contains("<!DOCTYPE") || document.contains("<!ENTITY") {
        return refused(StatusCode::BAD_REQUEST, "a document type is not taken here");
    }
    Json(json!({ "imported": 1 })).into_response()
}

pub(super) async fn preview(Query(query): Query<Preview>) -> Response {
    let is_partner = query.url.starts_with("https://partner.example/");
    // As many do: no address but a partner's is an error in the body alone, and no partner can be reached from here.
    let status = if is_partner { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    refused(status, &format!("{} is not shown here", query.url))
}

/// Logs what came, and looks nothing up.
pub(super) async fn track(headers: HeaderMap) -> Response {
    let client = headers.get("x-client").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Json(json!({ "tracked": client })).into_response()
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
