use serde_json::{Value, json};
use utoipa::openapi::Object;

use crate::store::Role;

pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) needs: Role,
    pub(super) about: &'static str,
    pub(super) asks: Object,
}

/// The document as JSON text.
pub(super) fn of(calls: Vec<Described>) -> String {
    let mut paths: serde_json::Map<String, Value> = calls
        .iter()
        .map(|call| (format!("/api/{}", call.name), json!({ "post": operation(call) })))
        .collect();
    paths.insert("/session".into(), session());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis control plane",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Every call is a POST with a JSON object. A key that is null counts as absent, one that is not \
                known is ignored. Times are seconds since the Unix epoch.",
        },
        "servers": [{ "url": "/" }],
        "security": [{ "apiKey": [] }, { "bearer": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": { "type": "apiKey", "in": "header", "name": "x-api-key" },
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE,
                    "description": "With the header `x-portcullis-request: 1`.",
                },
            },
            "schemas": {
                "Errors": {
                    "type": "object",
                    "required": ["actionErrors"],
                    "properties": { "actionErrors": {
                        "type": "array", "items": { "type": "string" },
                        "description": "What is wrong, with the field where it is one's.",
                    } },
                },
            },
            "responses": {
                "Error": {
                    "description": "Not done; what to do is said.",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Errors" } } },
                },
            },
        },
    })
    .to_string()
}

fn operation(call: &Described) -> Value {
    let reply = match call.name {
        "exportAudit" => json!({ "text/csv": {}, "application/jsonl": {} }),
        "exportBackup" => json!({ "application/zstd": {} }),
        _ => json!({ "application/json": { "schema": { "type": "object" } } }),
    };
    let mut responses = errors(&["401", "403", "413", "422", "429", "500", "503"]);
    responses.insert("200".into(), json!({ "description": call.about, "content": reply }));
    json!({
        "operationId": call.name,
        "summary": call.about,
        "description": format!("Needs the role {}.", call.needs.name()),
        "tags": [call.needs.name()],
        "requestBody": {
            "required": !call.asks.required.is_empty(),
            "content": { "application/json": { "schema": json!(call.asks) } },
        },
        "responses": responses,
    })
}

fn session() -> Value {
    let text = json!({ "type": "string" });
    let object = |names: [&str; 2]| {
        let properties: serde_json::Map<_, _> = names
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| ((*name).to_owned(), text.clone()))
            .collect();
        let required: Vec<_> = properties.keys().cloned().collect();
        json!({ "type": "object", "properties": properties, "required": required })
    };
    let with = |status: &str, about: &str, other: &[&str]| {
        let mut responses = errors(other);
        responses.insert(status.into(), json!({ "description": about }));
        responses
    };
    let mut password = object(["name", "password"]);
    if let Some(properties) = password.pointer_mut("/properties").and_then(Value::as_object_mut) {
        properties.insert(
            "account".into(),
            json!({ "type": "string", "description": "The operator's where absent." }),
        );
    }
    let credentials = json!({ "oneOf": [password, object(["apiKey", ""])] });
    json!({
        "get": {
            "operationId": "whoIsLoggedIn",
            "summary": "Who is logged in: name, role and kind",
            "responses": with("200", "Somebody", &["401"]),
        },
        "post": {
            "operationId": "logIn",
            "summary": "Trade a name and a password, or an API key, for the session's cookie",
            "security": [],
            "requestBody": { "required": true, "content": { "application/json": { "schema": credentials } } },
            "responses": with("204", "The cookie is set", &["401", "403", "413", "422", "429", "500", "503"]),
        },
        "delete": {
            "operationId": "logOut",
            "summary": "End the session",
            // Who has none has nothing to end.
            "security": [{}, { "session": [] }],
            "responses": with("204", "There is no session any more", &["403"]),
        },
    })
}

fn errors(statuses: &[&str]) -> serde_json::Map<String, Value> {
    statuses
        .iter()
        .map(|status| ((*status).to_owned(), json!({ "$ref": "#/components/responses/Error" })))
        .collect()
}
