//! Capture rules: how much of which traffic sensors look at.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::{
    ApiError, blocks,
    endpoint::{Call, Reply},
    names, prefix,
    pushed::{Pushing, Settled},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{CaptureMode, CaptureRule, Change},
};

/// As many as a sensor takes.
const MAX_RULES: usize = 256;
const MAX_REASON: usize = 500;

/// A list is read, changed and set: two at once must not undo each other.
static CHANGING: Mutex<()> = Mutex::const_new(());

#[derive(Serialize, ToSchema)]
pub(super) struct Rules {
    rules: Vec<CaptureRuleRow>,
    total: usize,
    /// The newest there is.
    revision: u64,
}

/// How much of some traffic is looked at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CaptureRuleRow {
    #[schema(value_type = Option<String>)]
    cidr: Option<IpNet>,
    port: Option<u16>,
    mode: names::CaptureMode,
    reason: String,
    author: String,
    created_at: i64,
}

/// `fetchCaptureRules`: all of them. What none is for is looked at in full.
pub(super) fn list(call: &Call) -> Reply<Rules> {
    let rules: Vec<_> = call.api.store.capture_rules()?.iter().map(shown).collect();
    Ok(Rules { total: rules.len(), rules, revision: call.api.fleet.revision() })
}

/// One rule as it is asked for: a prefix, a port, or both.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Wanted {
    cidr: Option<String>,
    port: Option<u16>,
    mode: String,
    #[serde(default)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RulesSet {
    #[serde(flatten)]
    settled: Settled,
    rules: Vec<CaptureRuleRow>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct List {
    #[schema(inline)]
    rules: Vec<Wanted>,
}

/// `setCaptureRules`: these and no others, on every sensor. A rule that stays as it was keeps its author and time.
pub(super) async fn set_all(call: Call) -> Reply<RulesSet> {
    let pushing = Pushing::begin(&call)?;
    let List { rules } = call.keys()?;
    let _alone = CHANGING.lock().await;
    let before = known(&call).await?;
    let mut wanted: Vec<CaptureRule> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let rule = checked(&call, rule, &format!("rules[{index}]."))?;
        if wanted.iter().any(|other| is_for_the_same(other, &rule)) {
            return Err(ApiError::invalid(
                "rules",
                format_args!("rules[{index}] is for what another one is for"),
            ));
        }
        let kept = before
            .iter()
            .find(|old| is_for_the_same(old, &rule) && (old.mode, &old.reason) == (rule.mode, &rule.reason));
        wanted.push(kept.cloned().unwrap_or(rule));
    }
    set(&call, pushing, wanted).await
}

/// `setCaptureRule`: this one besides the others, in place of one for the same.
pub(super) async fn set_one(call: Call) -> Reply<RulesSet> {
    let pushing = Pushing::begin(&call)?;
    let rule = checked(&call, &call.keys()?, "")?;
    let _alone = CHANGING.lock().await;
    let mut rules = known(&call).await?;
    rules.retain(|other| !is_for_the_same(other, &rule));
    rules.push(rule);
    set(&call, pushing, rules).await
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Named {
    cidr: Option<String>,
    port: Option<u16>,
}

/// `removeCaptureRule`: what it was for is looked at as the others say.
pub(super) async fn remove(call: Call) -> Reply<RulesSet> {
    let pushing = Pushing::begin(&call)?;
    let Named { cidr, port } = call.keys()?;
    let cidr = cidr.map(|cidr| prefix::prefix("cidr", &cidr)).transpose()?;
    let _alone = CHANGING.lock().await;
    let mut rules = known(&call).await?;
    let before = rules.len();
    rules.retain(|rule| (rule.cidr, rule.port) != (cidr, port));
    if rules.len() == before {
        return Err(ApiError::invalid(
            "cidr",
            "there is no rule for that; fetchCaptureRules shows those there are",
        ));
    }
    set(&call, pushing, rules).await
}

async fn known(call: &Call) -> Result<Vec<CaptureRule>, ApiError> {
    let api = call.api.clone();
    Ok(blocking(move || api.store.capture_rules()).await?)
}

async fn set(call: &Call, pushing: Pushing, rules: Vec<CaptureRule>) -> Reply<RulesSet> {
    if rules.len() > MAX_RULES {
        return Err(ApiError::invalid("rules", format_args!("are at most {MAX_RULES}: use wider prefixes")));
    }
    let list: Vec<_> = rules.iter().map(shown).collect();
    tracing::warn!(by = call.caller.by.name, rules = %json!(list), "capture rules");
    let revision = blocks::apply(call, vec![Change::CaptureRules(rules)]).await?;
    Ok(RulesSet { settled: pushing.settle(call, revision).await, rules: list })
}

fn checked(call: &Call, wanted: &Wanted, place: &str) -> Result<CaptureRule, ApiError> {
    let field = |name: &str| format!("{place}{name}");
    let cidr = wanted.cidr.as_deref().map(|cidr| prefix::prefix(&field("cidr"), cidr)).transpose()?;
    if wanted.port == Some(0) {
        return Err(ApiError::invalid(&field("port"), "0 is no server's port"));
    }
    if cidr.is_none() && wanted.port.is_none() {
        return Err(ApiError::invalid(
            &field("cidr"),
            "name a prefix, a port or both; a rule for all traffic is one for 0.0.0.0/0 and one for ::/0",
        ));
    }
    let mode = CaptureMode::from_name(&wanted.mode).ok_or_else(|| {
        ApiError::invalid(&field("mode"), format_args!("{:?} is none of full, headers and off", wanted.mode))
    })?;
    Ok(CaptureRule {
        cidr,
        port: wanted.port,
        mode,
        reason: wanted.reason.chars().take(MAX_REASON).collect(),
        author: call.caller.by.name.clone(),
        created_at: EpochMillis::now(),
    })
}

fn is_for_the_same(one: &CaptureRule, other: &CaptureRule) -> bool {
    (one.cidr, one.port) == (other.cidr, other.port)
}

fn shown(rule: &CaptureRule) -> CaptureRuleRow {
    CaptureRuleRow {
        cidr: rule.cidr,
        port: rule.port,
        mode: rule.mode.into(),
        reason: rule.reason.clone(),
        author: rule.author.clone(),
        created_at: rule.created_at.seconds(),
    }
}
