//! What every reply is held against: the OpenAPI document, by which a reply has all of its keys and no others.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use reqwest::Response;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&control_plane::openapi()).unwrap());
/// By method, path and status.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The JSON of a reply, which has to be as the document says.
pub async fn read(method: &str, response: Response) -> Value {
    let (path, status) = (response.url().path().to_owned(), response.status().as_u16());
    let reply: Value = response.json().await.unwrap();
    let problems = problems(method, &path, status, &reply);
    assert!(problems.is_empty(), "{method} {path}: {status} {reply}\nis not as documented: {problems:#?}");
    reply
}

/// Where a reply is not as the document says.
pub fn problems(method: &str, path: &str, status: u16, reply: &Value) -> Vec<String> {
    let Some(operation) = DOCUMENT["paths"].get(path).and_then(|item| item.get(method)) else {
        return if status == 404 { Vec::new() } else { vec!["no such call is documented".to_owned()] };
    };
    let Some(schema) = schema(operation, status) else {
        return vec!["no such status is documented, or not as JSON".to_owned()];
    };
    let name = format!("{method} {path} {status}");
    let validator = VALIDATORS.lock().unwrap().get(&name).cloned();
    let validator = validator.unwrap_or_else(|| {
        let made = Arc::new(jsonschema::draft202012::new(&schema).unwrap());
        VALIDATORS.lock().unwrap().insert(name, made.clone());
        made
    });
    validator.iter_errors(reply).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

/// With the types that it refers to.
fn schema(operation: &Value, status: u16) -> Option<Value> {
    let mut response = operation["responses"].get(status.to_string())?;
    if let Some(name) = response.get("$ref").and_then(Value::as_str) {
        response = DOCUMENT.pointer(name.strip_prefix('#')?)?;
    }
    let mut schema = response.pointer("/content/application~1json/schema")?.clone();
    schema["components"] = DOCUMENT["components"].clone();
    Some(schema)
}
