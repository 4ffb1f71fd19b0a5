use serde_json::{Map, Value, json};

use super::{
    super::{oidc::Ways, session::Who},
    answers::{Answers, whole},
    document::errors,
};

/// What is served besides the calls below `/api`: logging in and out, and what machines ask.
pub(super) struct Others {
    who: Answers,
    ways: Answers,
}

impl Others {
    pub(super) fn new() -> Self {
        Self { who: Answers::json::<Who>(), ways: Answers::json::<Ways>() }
    }

    pub(super) fn answers(&self) -> impl Iterator<Item = &Answers> {
        [&self.who, &self.ways].into_iter()
    }

    pub(super) fn paths(&self, named: &Map<String, Value>) -> Map<String, Value> {
        let of = |answers: &Answers| {
            let mut content = answers.content();
            whole(&mut content, named);
            content
        };
        let paths = [
            ("/session", session(of(&self.who))),
            ("/session/ways", ways(of(&self.ways))),
            ("/session/oidc", provider()),
            ("/session/oidc/callback", back()),
            ("/healthz", health()),
            ("/metrics", metrics()),
        ];
        paths.into_iter().map(|(path, item)| (path.to_owned(), item)).collect()
    }
}

fn session(who: Value) -> Value {
    json!({
        "get": {
            "operationId": "whoIsLoggedIn",
            "summary": "Who is logged in",
            "responses": with("200", "Somebody", Some(who), &["401", "403", "500", "503"]),
        },
        "post": {
            "operationId": "logIn",
            "summary": "Trade a name and a password, or an API key, for the session's cookie",
            "security": [],
            "requestBody": { "required": true, "content": { "application/json": { "schema": credentials() } } },
            "responses": with("204", "The cookie is set", None, &["401", "403", "413", "422", "429", "500", "503"]),
        },
        "delete": {
            "operationId": "logOut",
            "summary": "End the session",
            "security": [{}, { "session": [] }],
            "responses": with("204", "There is no session any more", None, &["403", "500", "503"]),
        },
    })
}

fn credentials() -> Value {
    let text = json!({ "type": "string" });
    json!({ "oneOf": [
        {
            "type": "object",
            "properties": {
                "name": text,
                "password": text,
                "account": { "type": "string", "description": "The operator's where absent." },
            },
            "required": ["name", "password"],
        },
        { "type": "object", "properties": { "apiKey": text }, "required": ["apiKey"] },
    ] })
}

fn ways(ways: Value) -> Value {
    json!({ "get": {
        "operationId": "waysToLogIn",
        "summary": "How one may log in",
        "security": [],
        "responses": with("200", "These ways", Some(ways), &[]),
    } })
}

fn provider() -> Value {
    let mut responses = with("303", "To the identity provider", None, &["404", "429", "500"]);
    responses
        .extend(pages(&[("502", "The provider does not answer"), ("503", "Too many log-ins are under way")]));
    json!({ "get": {
        "operationId": "logInByProvider",
        "summary": "Go to the identity provider; for browsers",
        "security": [],
        "responses": responses,
    } })
}

fn back() -> Value {
    let parameters = ["state", "code", "error", "error_description"]
        .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } }));
    let mut responses = errors(&["404", "429", "500"]);
    responses.extend(pages(&[
        ("200", "A session is open; the page leads to the console"),
        ("403", "The provider's word does not let anybody in; the page says why"),
        ("502", "The provider does not answer"),
        ("503", "Too many log-ins are under way"),
    ]));
    json!({ "get": {
        "operationId": "comeBackFromProvider",
        "summary": "Where the identity provider sends browsers back to",
        "security": [],
        "parameters": parameters,
        "responses": responses,
    } })
}

fn health() -> Value {
    json!({ "get": {
        "operationId": "health",
        "summary": "`ok`, and in a second line whether events find no room",
        "security": [],
        "responses": with("200", "It is alive", Some(plain("text/plain")), &[]),
    } })
}

fn metrics() -> Value {
    json!({ "get": {
        "operationId": "metrics",
        "summary": "Counters of sensors and of the control plane as OpenMetrics 1.0 text",
        "responses": with(
            "200",
            "All of them",
            Some(plain("application/openmetrics-text")),
            &["401", "403", "500", "503"],
        ),
    } })
}

fn plain(kind: &str) -> Value {
    let mut content = Map::new();
    content.insert(kind.to_owned(), json!({ "schema": { "type": "string" } }));
    Value::Object(content)
}

fn pages(statuses: &[(&str, &str)]) -> Map<String, Value> {
    let page = |about: &str| json!({ "description": about, "content": plain("text/html") });
    statuses.iter().map(|(status, about)| ((*status).to_owned(), page(about))).collect()
}

fn with(status: &str, about: &str, content: Option<Value>, other: &[&str]) -> Map<String, Value> {
    let response = match content {
        Some(content) => json!({ "description": about, "content": content }),
        None => json!({ "description": about }),
    };
    let mut responses = errors(other);
    responses.insert(status.to_owned(), response);
    responses
}
