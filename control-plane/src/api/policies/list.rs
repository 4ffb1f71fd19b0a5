use portcullis_detection::{Info, Mode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        echo::{Absent, reply},
        endpoint::{Call, Reply},
    },
    change::Named,
};
use crate::{clock::EpochMillis, policies::Known};

/// Who wrote the built-in ones.
const AUTHOR: &str = "PORTCULLIS";

/// `fetchFilterYamlTemplate`: every policy with its whole YAML.
pub(in crate::api) fn list(call: &Call) -> Reply {
    let known = call.api.policies.known(&*call.api.store)?;
    let templates: Vec<_> = known.iter().map(|one| template(call, one)).collect();
    Ok(reply(&call.raw, &[("content", Absent::Null)], json!({ "templates": templates })))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Request {
    test_id: String,
}

/// `fetchRemediationInfo`.
pub(in crate::api) fn remediation(call: &Call) -> Reply {
    let Request { test_id } = call.keys()?;
    if test_id.is_empty() {
        return Err(ApiError::invalid("testId", "is empty; it is a policy's id"));
    }
    let known =
        call.api.policies.one(&*call.api.store, &test_id)?.ok_or_else(|| unknown("testId", &test_id))?;
    Ok(json!({ "testId": test_id, "remediation": known.policy.info.remediation }))
}

/// `fetchFilterYamlTemplateVersions`: what became of a policy, newest first.
pub(in crate::api) fn versions(call: &Call) -> Reply {
    let Named { template_id } = call.keys()?;
    let versions = call.api.store.policy_versions(&template_id)?;
    if versions.is_empty() && call.api.policies.builtin().get(&template_id).is_none() {
        return Err(unknown("templateId", &template_id));
    }
    let shown: Vec<_> = versions
        .iter()
        .map(|one| {
            json!({
                "version": one.version,
                "step": one.step.name(),
                "content": (!one.content.is_empty()).then_some(&one.content),
                "digest": hex::encode(one.digest),
                "author": one.author,
                "at": one.at.seconds(),
                "revision": one.revision,
            })
        })
        .collect();
    Ok(json!({ "templateId": template_id, "versions": shown, "total": shown.len() }))
}

pub(super) fn unknown(field: &str, id: &str) -> ApiError {
    ApiError::invalid(field, format_args!("there is no policy {id:?}; fetchFilterYamlTemplate lists them"))
}

/// A saved policy's times are its own; those of a built-in one are when this control plane first had it.
pub(super) fn template(call: &Call, known: &Known) -> Value {
    let Known { policy, origin, is_in_force, stored } = known;
    let times = call.api.policy_times.get(&*policy.id);
    let created = stored.as_ref().map(|stored| stored.created_at);
    let updated = stored.as_ref().map(|stored| stored.saved.at);
    json!({
        "id": &*policy.id,
        "content": &*policy.source,
        "author": stored.as_ref().map_or(AUTHOR, |stored| stored.saved.author.as_str()),
        "createdAt": times.map(|times| times.created_at).or(created).map(EpochMillis::seconds),
        "updatedAt": updated.or(times.map(|times| times.updated_at)).map(EpochMillis::seconds),
        "info": info(&policy.info),
        "origin": origin.name(),
        "inForce": is_in_force,
        "mode": match policy.mode {
            Mode::Detect => "detect",
            Mode::Block => "block",
        },
        "version": stored.as_ref().map(|stored| stored.version),
        "revision": stored.as_ref().map(|stored| stored.revision),
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
