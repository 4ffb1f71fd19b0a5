use portcullis_detection::{Engine, Example, Policy, PolicySet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        ApiError, blocks,
        endpoint::{Call, Reply},
        pushed::{Pushing, Settled},
    },
    list::{PolicyTemplate, template, unknown},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    policies::{Origin, with_mode},
    store::{Change, SavedPolicy},
};

/// A policy is a page or two of text.
pub(super) const MAX_CONTENT: usize = 128 << 10;
const MAX_ID: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct Content {
    content: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Named {
    pub(super) template_id: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct Rollback {
    version: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct Mode {
    mode: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Saved {
    #[serde(flatten)]
    settled: Settled,
    template: PolicyTemplate,
    examples: WrongExamples,
}

/// Of the policy's own examples, those that it misses and those that it matches against what they say. Saved all the
/// same: a person may be in a hurry.
#[derive(Serialize, ToSchema)]
struct WrongExamples {
    missed: Vec<String>,
    accused: Vec<String>,
}

/// `saveFilterYamlTemplate`: in force on every sensor that can read it. One with the id of a built-in policy takes its
/// place.
pub(in crate::api) async fn save(call: Call) -> Reply<Saved> {
    let pushing = Pushing::begin(&call)?;
    let Content { content } = call.keys()?;
    store(&call, pushing, content).await
}

/// `deleteFilterYamlTemplate`: out of force. One of people's own is gone then, of which versions stay; a built-in one can be
/// restored.
pub(in crate::api) async fn delete(call: Call) -> Reply<Settled> {
    let pushing = Pushing::begin(&call)?;
    let Named { template_id: id } = call.keys()?;
    let known = known(&call, &id).await?;
    let (author, at) = (call.caller.by.name.clone(), EpochMillis::now());
    let change = match known.origin {
        Origin::Saved => Change::RestorePolicy { id, author, at },
        Origin::BuiltIn | Origin::Overriding => {
            Change::SavePolicy(SavedPolicy { id, content: String::new(), author, at })
        }
    };
    push(&call, pushing, change).await
}

/// `restoreFilterYamlTemplate`: a built-in policy as it came.
pub(in crate::api) async fn restore(call: Call) -> Reply<Settled> {
    let pushing = Pushing::begin(&call)?;
    let Named { template_id: id } = call.keys()?;
    if known(&call, &id).await?.origin == Origin::Saved {
        return Err(ApiError::invalid(
            "templateId",
            format_args!(
                "{id} is no built-in policy, so there is nothing to restore; deleteFilterYamlTemplate removes it"
            ),
        ));
    }
    let (author, at) = (call.caller.by.name.clone(), EpochMillis::now());
    push(&call, pushing, Change::RestorePolicy { id, author, at }).await
}

/// `rollbackFilterYamlTemplate`: an earlier version, as a new one.
pub(in crate::api) async fn roll_back(call: Call) -> Reply<Saved> {
    let pushing = Pushing::begin(&call)?;
    let (Named { template_id }, Rollback { version }) = (call.keys()?, call.keys()?);
    let (api, id) = (call.api.clone(), template_id.clone());
    let versions = blocking(move || api.store.policy_versions(&id)).await?;
    let found = versions.into_iter().find(|one| one.version == version).ok_or_else(|| {
        ApiError::invalid(
            "version",
            format_args!(
                "{template_id} has no version {version}; fetchFilterYamlTemplateVersions lists those that are kept"
            ),
        )
    })?;
    if found.content.is_empty() {
        return Err(ApiError::invalid(
            "version",
            format_args!(
                "version {version} has no text: the policy was {} then; deleteFilterYamlTemplate and \
                 restoreFilterYamlTemplate do that",
                found.step.name()
            ),
        ));
    }
    store(&call, pushing, found.content).await
}

/// `setFilterYamlTemplateMode`: whether a policy only detects, or blocks too; the rest of its text stays.
pub(in crate::api) async fn set_mode(call: Call) -> Reply<Saved> {
    let pushing = Pushing::begin(&call)?;
    let (Named { template_id }, Mode { mode }) = (call.keys()?, call.keys()?);
    let mode = match mode.as_str() {
        "detect" => portcullis_detection::Mode::Detect,
        "block" => portcullis_detection::Mode::Block,
        _ => return Err(ApiError::invalid("mode", format_args!("{mode:?} is neither detect nor block"))),
    };
    let known = known(&call, &template_id).await?;
    if !known.is_in_force {
        return Err(ApiError::invalid(
            "templateId",
            format_args!("{template_id} is out of force; save or restore it first"),
        ));
    }
    let content = with_mode(&known.policy.source, mode).ok_or_else(|| {
        ApiError::invalid(
            "mode",
            format_args!("{template_id} cannot have this mode, or its text is not written in lines; saveFilterYamlTemplate takes it with another mode"),
        )
    })?;
    store(&call, pushing, content).await
}

async fn store(call: &Call, pushing: Pushing, content: String) -> Reply<Saved> {
    let set = checked(call, &content)?;
    let policy = one(&set)?;
    let id = policy.id.to_string();
    let examples = wrong_examples(&set, policy);
    let (author, at) = (call.caller.by.name.clone(), EpochMillis::now());
    let settled =
        push(call, pushing, Change::SavePolicy(SavedPolicy { id: id.clone(), content, author, at })).await?;
    let known = known(call, &id).await?;
    Ok(Saved { settled, template: template(call, &known), examples })
}

async fn push(call: &Call, pushing: Pushing, change: Change) -> Reply<Settled> {
    let revision = blocks::apply(call, vec![change]).await?;
    Ok(pushing.settle(call, revision).await)
}

async fn known(call: &Call, id: &str) -> Result<crate::policies::Known, ApiError> {
    let (api, wanted) = (call.api.clone(), id.to_owned());
    let found = blocking(move || api.policies.one(&*api.store, &wanted)).await?;
    found.ok_or_else(|| unknown("templateId", id))
}

/// Reads the text as sensors do. Each problem says its line and column.
pub(super) fn checked(call: &Call, content: &str) -> Result<PolicySet, ApiError> {
    if content.len() > MAX_CONTENT {
        return Err(ApiError::invalid(
            "content",
            format_args!("is longer than {} KiB, which no policy is", MAX_CONTENT >> 10),
        ));
    }
    let set = call.api.policies.read(content).map_err(|errors| {
        let line = |error: &portcullis_detection::PolicyError| {
            let place = error.place();
            let at = match place.line {
                0 => String::new(),
                line => format!("line {line}, column {}: ", place.column),
            };
            let hint =
                error.suggestion().map(|word| format!(" (did you mean `{word}`?)")).unwrap_or_default();
            format!("content: {at}{}{hint}", error.message())
        };
        ApiError::Invalid(errors.iter().map(line).collect())
    })?;
    let id = &one(&set)?.id;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.len() > MAX_ID || !id.bytes().all(is_word) {
        return Err(ApiError::invalid(
            "content",
            format_args!("id: has at most {MAX_ID} letters, digits, -, _ and . (ASCII)"),
        ));
    }
    Ok(set)
}

pub(super) fn one(set: &PolicySet) -> Result<&Policy, ApiError> {
    set.iter().next().ok_or_else(|| ApiError::invalid("content", "holds no policy"))
}

fn wrong_examples(set: &PolicySet, policy: &Policy) -> WrongExamples {
    let engine = Engine::new(set.clone());
    let wrong = |examples: &[Example], should_match: bool| -> Vec<String> {
        let is_wrong =
            |example: &&Example| engine.matching(&example.exchange).contains(&policy.id) != should_match;
        examples.iter().filter(is_wrong).map(|example| example.text.to_string()).collect()
    };
    WrongExamples {
        missed: wrong(&policy.examples.matching, policy.enabled),
        accused: wrong(&policy.examples.benign, false),
    }
}
