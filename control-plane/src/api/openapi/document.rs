use serde_json::{Map, Value, json};
use utoipa::openapi::Object;

use super::{
    answers::{Answers, whole},
    others::Others,
};
use crate::store::Role;

pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) needs: Role,
    pub(super) about: &'static str,
    pub(super) asks: Object,
    pub(super) answers: Answers,
}

/// The document as JSON text.
pub(super) fn of(calls: &[Described]) -> String {
    let others = Others::new();
    let schemas = named(calls.iter().map(|call| &call.answers).chain(others.answers()));
    let mut paths: Map<String, Value> = calls
        .iter()
        .map(|call| (format!("/api/{}", call.name), json!({ "post": operation(call, &schemas) })))
        .collect();
    paths.extend(others.paths(&schemas));
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
            "schemas": schemas,
            "responses": {
                "Error": {
                    "description": "Not done; what to do is said.",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Errors" } } },
                },
                "Later": {
                    "description": "Not now: too many failed log-ins.",
                    "headers": { "retry-after": {
                        "description": "Seconds.", "schema": { "type": "integer", "minimum": 1 },
                    } },
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Errors" } } },
                },
            },
        },
    })
    .to_string()
}

/// The types that replies are made of, by name.
fn named<'a>(answers: impl Iterator<Item = &'a Answers>) -> Map<String, Value> {
    let mut named: Map<String, Value> =
        answers.flat_map(Answers::named).map(|(name, schema)| (name.clone(), json!(schema))).collect();
    named.insert(
        "Errors".to_owned(),
        json!({
            "type": "object",
            "properties": { "actionErrors": {
                "type": "array", "items": { "type": "string" },
                "description": "What is wrong, with the field where it is one's.",
            } },
        }),
    );
    let as_written = named.clone();
    named.values_mut().for_each(|schema| whole(schema, &as_written));
    named
}

fn operation(call: &Described, named: &Map<String, Value>) -> Value {
    let mut content = call.answers.content();
    whole(&mut content, named);
    let mut responses = errors(&["401", "403", "413", "422", "429", "500", "503"]);
    responses.insert("200".into(), json!({ "description": call.about, "content": content }));
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

pub(super) fn errors(statuses: &[&str]) -> Map<String, Value> {
    statuses
        .iter()
        .map(|status| {
            let name = if *status == "429" { "Later" } else { "Error" };
            ((*status).to_owned(), json!({ "$ref": format!("#/components/responses/{name}") }))
        })
        .collect()
}
