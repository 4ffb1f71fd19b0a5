use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        endpoint::{Call, Reply},
        prefix,
        pushed::{Pushing, Settled},
    },
    Force, apply,
    guard::Guard,
    terms::Terms,
};
use crate::{
    clock::EpochMillis,
    store::{Block, Change},
};

/// Entries of one call, for this and for `importAllowed`.
pub(in crate::api) const MAX_BATCH: usize = 10_000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Batch {
    #[schema(inline, value_type = Vec<Entry>)]
    blocks: Vec<Value>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct Entry {
    cidr: String,
    #[serde(flatten)]
    #[schema(inline)]
    terms: Terms,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Imported {
    #[serde(flatten)]
    pub(in crate::api) settled: Settled,
    pub(in crate::api) accepted: usize,
    pub(in crate::api) problems: Vec<Problem>,
    pub(in crate::api) dry_run: bool,
}

/// What was wrong with one entry.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportProblem)]
pub(in crate::api) struct Problem {
    index: usize,
    /// As given; null where it is no text.
    cidr: Option<String>,
    problem: String,
}

impl Problem {
    pub(in crate::api) fn of(index: usize, given: &Value, problem: String) -> Self {
        Self { index, cidr: given.get("cidr").and_then(Value::as_str).map(str::to_owned), problem }
    }
}

/// `importBlocks`: many at once. What is wrong with one holds up no other.
pub(in crate::api) async fn import(call: Call) -> Reply<Imported> {
    let pushing = Pushing::begin_without_waiting(&call)?;
    let Batch { blocks, dry_run } = call.keys()?;
    within_bounds("blocks", blocks.len())?;
    let (general, Force { force }): (Terms, _) = (call.keys()?, call.keys()?);
    let guard = Guard::of(&call, force).await?;
    let now = EpochMillis::now();
    let mut changes = Vec::with_capacity(blocks.len());
    let mut problems = Vec::new();
    for (index, given) in blocks.into_iter().enumerate() {
        match block(&given, &general, &guard, now) {
            Ok(block) => changes.push(Change::Block(Block {
                author: call.caller.by.name.clone(),
                forced: force,
                ..block
            })),
            Err(problem) => problems.push(Problem::of(index, &given, problem)),
        }
    }
    let accepted = changes.len();
    let revision = match dry_run {
        true => call.api.fleet.revision(),
        false => apply(&call, changes).await?,
    };
    let settled = pushing.settle(&call, revision).await;
    Ok(Imported { settled, accepted, problems, dry_run })
}

fn block(given: &Value, general: &Terms, guard: &Guard, now: EpochMillis) -> Result<Block, String> {
    let Entry { cidr, terms } = Entry::deserialize(given).map_err(|error| error.to_string())?;
    let cidr = prefix::parse(&cidr)?;
    if let Some(refused) = guard.refuse(cidr) {
        return Err(refused);
    }
    let terms = terms.or(general);
    let expires_at = terms.expires_at(now).map_err(|(field, problem)| format!("{field} {problem}"))?;
    Ok(Block {
        cidr,
        reason: terms.reason(),
        author: String::new(),
        created_at: now,
        expires_at,
        revision: 0,
        forced: false,
    })
}

pub(in crate::api) fn within_bounds(field: &str, count: usize) -> Result<(), ApiError> {
    if count > MAX_BATCH {
        return Err(ApiError::invalid(
            field,
            format_args!("are at most {MAX_BATCH} a call, not {count}: send the rest in another"),
        ));
    }
    Ok(())
}
