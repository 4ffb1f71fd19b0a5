//! ⚠ VULNERABLE ON PURPOSE, as the module above: what is sent comes back as a page, a place to go, a template.

use axum::{
    Json,
    extract::Query,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub(in crate::api) struct Name {
    pub(in crate::api) name: String,
}

/// ⚠ CROSS-SITE SCRIPTING (CWE-79): the name becomes a part of the page.
pub(in crate::api) async fn greet(Query(query): Query<Name>) -> Response {
    Html(format!("<!doctype html><title>Shop</title><h1>Welcome, {}!</h1>", query.name)).into_response()
}

#[derive(Deserialize)]
pub(in crate::api) struct Leave {
    pub(in crate::api) to: String,
}

/// ⚠ OPEN REDIRECT (CWE-601): the visitor is sent wherever the link says.
pub(in crate::api) async fn leave(Query(query): Query<Leave>) -> Response {
    (StatusCode::FOUND, [(LOCATION, query.to)]).into_response()
}

#[derive(Deserialize)]
pub(in crate::api) struct Card {
    pub(in crate::api) text: String,
}

/// ⚠ TEMPLATE INJECTION (CWE-1336): a customer's text is run as a template.
pub(in crate::api) async fn print_card(Json(card): Json<Card>) -> Response {
    let mut printed = String::new();
    let mut rest = card.text.as_str();
    while let Some((before, expression, after)) = rest.split_once("{{").and_then(|(before, rest)| {
        let (expression, after) = rest.split_once("}}")?;
        Some((before, expression, after))
    }) {
        printed.push_str(before);
        printed.push_str(&value_of(expression.trim()));
        rest = after;
    }
    printed.push_str(rest);
    Json(json!({ "card": printed })).into_response()
}

/// What a template engine knows: a product of numbers, and names.
fn value_of(expression: &str) -> String {
    let product: Option<i64> = expression
        .split('*')
        .try_fold(1_i64, |product, factor| product.checked_mul(factor.trim().parse().ok()?));
    match (product, expression) {
        (Some(product), _) => product.to_string(),
        (None, "shop") => "Lanterns & Lamps".to_owned(),
        (None, _) => String::new(),
    }
}
