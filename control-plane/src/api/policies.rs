use portcullis_detection::{Info, Policy};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Absent, reply},
    endpoint::{Call, Reply},
};
use crate::{clock::EpochMillis, store::PolicyTimes};

/// Who wrote the built-in ones.
const AUTHOR: &str = "PORTCULLIS";

/// `fetchFilterYamlTemplate`: every policy with its whole YAML.
pub(super) fn list(call: &Call) -> Reply {
    let templates: Vec<_> = call
        .api
        .policies
        .iter()
        .map(|policy| template(policy, call.api.policy_times.get(&*policy.id)))
        .collect();
    Ok(reply(&call.raw, &[("content", Absent::Null)], json!({ "templates": templates })))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    test_id: String,
}

/// `fetchRemediationInfo`.
pub(super) fn remediation(call: &Call) -> Reply {
    let Request { test_id } = call.keys()?;
    if test_id.is_empty() {
        return Err(ApiError::invalid("testId", "is empty; it is a policy's id"));
    }
    let policy = call.api.policies.get(&test_id).ok_or_else(|| {
        ApiError::invalid(
            "testId",
            format_args!("there is no policy {test_id:?}; fetchFilterYamlTemplate lists them"),
        )
    })?;
    Ok(json!({ "testId": test_id, "remediation": policy.info.remediation }))
}

fn template(policy: &Policy, times: Option<&PolicyTimes>) -> Value {
    json!({
        "id": &*policy.id,
        "content": &*policy.source,
        "author": AUTHOR,
        "createdAt": times.map(|times| times.created_at).map(EpochMillis::seconds),
        "updatedAt": times.map(|times| times.updated_at).map(EpochMillis::seconds),
        "info": info(&policy.info),
    })
}

/// What a policy does not say is null, as on the page.
fn info(info: &Info) -> Value {
    json!({
        "name": info.name,
        "description": text(&info.description),
        "details": text(&info.details),
        "impact": text(&info.impact),
        "severity": info.severity.name(),
        "category": {
            "name": info.category.name,
            "displayName": info.category.display_name,
            "shortName": text(&info.category.short_name),
        },
        "subCategory": info.sub_category,
        "remediation": text(&info.remediation),
        "references": list_of(&info.references),
        "tags": list_of(&info.tags),
        "cwe": list_of(&info.cwe),
        "cve": list_of(&info.cve),
        "compliance": list_of(&info.compliance),
    })
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn list_of(texts: &[String]) -> Value {
    if texts.is_empty() { Value::Null } else { json!(texts) }
}
