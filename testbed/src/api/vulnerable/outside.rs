//! ⚠ VULNERABLE ON PURPOSE, as the module above: what is sent names files and commands for the server to go to.

use std::collections::HashMap;

use axum::{
    Json,
    extract::Query,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::run;

/// ⚠ EXTERNAL ENTITIES (CWE-611): `<!ENTITY name SYSTEM "file:///…">` brings a file of the server into the document.
pub(in crate::api) async fn import(document: String) -> Response {
    let mut entities = HashMap::new();
    for declaration in document.split("<!ENTITY ").skip(1) {
        let Some((name, rest)) = declaration.split_once(" SYSTEM ") else { continue };
        let path = rest.split(['"', '\'']).nth(1).and_then(|address| address.strip_prefix("file://"));
        let file = match path {
            Some(path) => tokio::fs::read(path).await.unwrap_or_default(),
            None => Vec::new(),
        };
        entities.insert(name.trim().to_owned(), String::from_utf8_lossy(&file).into_owned());
    }
    let Some((_, note)) = document.split_once("<note>") else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "an order has a <note>" }))).into_response();
    };
    let mut note = note.split("</note>").next().unwrap_or_default().to_owned();
    for (name, content) in entities {
        note = note.replace(&format!("&{name};"), &content);
    }
    Json(json!({ "imported": 1, "note": note })).into_response()
}

#[derive(Deserialize)]
pub(in crate::api) struct Preview {
    pub(in crate::api) url: String,
}

/// ⚠ SERVER-SIDE REQUEST FORGERY (CWE-918): the server reads what the address names, its own files too.
pub(in crate::api) async fn preview(Query(query): Query<Preview>) -> Response {
    let file = match query.url.strip_prefix("file://") {
        Some(path) => tokio::fs::read(path).await.ok(),
        None => None,
    };
    match file {
        Some(file) => Json(json!({ "preview": String::from_utf8_lossy(&file) })).into_response(),
        None => (StatusCode::BAD_GATEWAY, Json(json!({ "error": "nothing there" }))).into_response(),
    }
}

/// ⚠ LOOKUPS IN LOGGED TEXT (CWE-917), as in Log4j before 2.17: `${jndi:…}` has an object fetched and run. The one that
/// attackers have ready for it runs the header `cmd` and answers what it printed; nothing is fetched here, it is built in.
pub(in crate::api) async fn track(headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text("x-client").contains("${jndi:") {
        return match run(text("cmd")).await {
            Some(printed) => printed.into_response(),
            None => StatusCode::GATEWAY_TIMEOUT.into_response(),
        };
    }
    Json(json!({ "tracked": text("x-client") })).into_response()
}
