use portcullis_detection::{Info, Mode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        echo::{Echo, Echoed, Echoes},
        endpoint::{Call, Reply},
        names,
    },
    change::Named,
};
use crate::{clock::EpochMillis, policies::Known};

/// Who wrote the built-in ones.
const AUTHOR: &str = "PORTCULLIS";

pub(in crate::api) struct ListKeys;

impl Echoes for ListKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[("content", Echo::Nothing)];
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Templates {
    templates: Vec<PolicyTemplate>,
}

/// A policy with its whole YAML.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct PolicyTemplate {
    id: String,
    content: String,
    author: String,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    info: PolicyInfo,
    origin: names::PolicyOrigin,
    in_force: bool,
    mode: PolicyMode,
    /// Of what people saved; null where it is as it came.
    version: Option<u64>,
    /// The revision that brought what people saved.
    revision: Option<u64>,
}

/// What a policy does not say is null, as on the page.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyInfo {
    name: String,
    description: Option<String>,
    details: Option<String>,
    impact: Option<String>,
    severity: names::Severity,
    category: PolicyCategory,
    sub_category: String,
    remediation: Option<String>,
    references: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    cwe: Option<Vec<String>>,
    cve: Option<Vec<String>>,
    compliance: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyCategory {
    name: String,
    display_name: String,
    short_name: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PolicyMode {
    Detect,
    Block,
}

/// `fetchFilterYamlTemplate`: every policy with its whole YAML.
pub(in crate::api) fn list(call: &Call) -> Reply<Echoed<ListKeys, Templates>> {
    let known = call.api.policies.known(&*call.api.store)?;
    let templates = known.iter().map(|one| template(call, one)).collect();
    Ok(Echoed::new(&call.raw, Templates { templates }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Request {
    test_id: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Remediation {
    test_id: String,
    /// Markdown; empty where the policy has none.
    remediation: String,
}

/// `fetchRemediationInfo`.
pub(in crate::api) fn remediation(call: &Call) -> Reply<Remediation> {
    let Request { test_id } = call.keys()?;
    if test_id.is_empty() {
        return Err(ApiError::invalid("testId", "is empty; it is a policy's id"));
    }
    let known =
        call.api.policies.one(&*call.api.store, &test_id)?.ok_or_else(|| unknown("testId", &test_id))?;
    Ok(Remediation { test_id, remediation: known.policy.info.remediation.clone() })
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Versions {
    template_id: String,
    versions: Vec<PolicyVersion>,
    total: usize,
}

/// What became of a policy at one time.
#[derive(Serialize, ToSchema)]
struct PolicyVersion {
    version: u64,
    step: names::PolicyStep,
    /// Null where it was not saved.
    content: Option<String>,
    /// SHA-256 of the text.
    digest: String,
    author: String,
    at: i64,
    revision: u64,
}

/// `fetchFilterYamlTemplateVersions`: what became of a policy, newest first.
pub(in crate::api) fn versions(call: &Call) -> Reply<Versions> {
    let Named { template_id } = call.keys()?;
    let versions = call.api.store.policy_versions(&template_id)?;
    if versions.is_empty() && call.api.policies.builtin().get(&template_id).is_none() {
        return Err(unknown("templateId", &template_id));
    }
    let versions: Vec<_> = versions
        .into_iter()
        .map(|one| PolicyVersion {
            version: one.version,
            step: one.step.into(),
            content: Some(one.content).filter(|content| !content.is_empty()),
            digest: hex::encode(one.digest),
            author: one.author,
            at: one.at.seconds(),
            revision: one.revision,
        })
        .collect();
    Ok(Versions { template_id, total: versions.len(), versions })
}

pub(super) fn unknown(field: &str, id: &str) -> ApiError {
    ApiError::invalid(field, format_args!("there is no policy {id:?}; fetchFilterYamlTemplate lists them"))
}

/// A saved policy's times are its own; those of a built-in one are when this control plane first had it.
pub(super) fn template(call: &Call, known: &Known) -> PolicyTemplate {
    let Known { policy, origin, is_in_force, stored } = known;
    let times = call.api.policy_times.get(&*policy.id);
    let created = stored.as_ref().map(|stored| stored.created_at);
    let updated = stored.as_ref().map(|stored| stored.saved.at);
    PolicyTemplate {
        id: policy.id.to_string(),
        content: policy.source.to_string(),
        author: stored.as_ref().map_or(AUTHOR, |stored| stored.saved.author.as_str()).to_owned(),
        created_at: times.map(|times| times.created_at).or(created).map(EpochMillis::seconds),
        updated_at: updated.or(times.map(|times| times.updated_at)).map(EpochMillis::seconds),
        info: info(&policy.info),
        origin: (*origin).into(),
        in_force: *is_in_force,
        mode: match policy.mode {
            Mode::Detect => PolicyMode::Detect,
            Mode::Block => PolicyMode::Block,
        },
        version: stored.as_ref().map(|stored| stored.version),
        revision: stored.as_ref().map(|stored| stored.revision),
    }
}

fn info(info: &Info) -> PolicyInfo {
    PolicyInfo {
        name: info.name.clone(),
        description: text(&info.description),
        details: text(&info.details),
        impact: text(&info.impact),
        severity: info.severity.into(),
        category: PolicyCategory {
            name: info.category.name.clone(),
            display_name: info.category.display_name.clone(),
            short_name: text(&info.category.short_name),
        },
        sub_category: info.sub_category.clone(),
        remediation: text(&info.remediation),
        references: list_of(&info.references),
        tags: list_of(&info.tags),
        cwe: list_of(&info.cwe),
        cve: list_of(&info.cve),
        compliance: list_of(&info.compliance),
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn list_of(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}
