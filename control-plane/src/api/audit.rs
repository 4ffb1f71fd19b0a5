//! Who changed what, when and from where.

mod export;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub(super) use self::export::{Asked as ExportAsked, export};
use super::{
    ApiError,
    endpoint::{Call, Reply},
    filter::bounded,
    names,
};
use crate::{
    clock::TimeRange,
    store::{AuditEntry, AuditQuery},
};

const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1_000;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    who: Vec<String>,
    action: Vec<String>,
    object: String,
    search_text: String,
    start_timestamp: u64,
    end_timestamp: u64,
    limit: u64,
    cursor: Option<u64>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            who: Vec::new(),
            action: Vec::new(),
            object: String::new(),
            search_text: String::new(),
            start_timestamp: 0,
            end_timestamp: 0,
            limit: DEFAULT_LIMIT,
            cursor: None,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Page {
    entries: Vec<AuditRow>,
    /// Of all pages.
    total: u64,
    /// Where to go on, as `cursor`; null at the end.
    next: Option<u64>,
}

/// One change: who, when, from where, what.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
struct AuditRow {
    /// Counts up without holes; a hole is an entry that somebody took away.
    seq: u64,
    at: i64,
    kind: names::PrincipalKind,
    who: String,
    who_id: String,
    /// An address; null on the machine itself.
    from: Option<String>,
    /// The call's name, or what stands for it elsewhere.
    action: String,
    object: String,
    /// How it was, without secrets; null where it was not there.
    before: Option<Value>,
    after: Option<Value>,
}

/// `fetchAudit`: newest first, a page at a time.
pub(super) fn list(call: &Call) -> Reply<Page> {
    let page = call.api.store.audit(&query(call)?)?;
    let entries = page.entries.into_iter().map(AuditRow::from).collect();
    Ok(Page { entries, total: page.total, next: page.next })
}

fn query(call: &Call) -> Result<AuditQuery, ApiError> {
    let asked: Asked = call.keys()?;
    bounded("who", asked.who.len())?;
    bounded("action", asked.action.len())?;
    if asked.limit > MAX_LIMIT {
        return Err(ApiError::invalid("limit", format_args!("is at most {MAX_LIMIT}; go on with cursor")));
    }
    Ok(AuditQuery {
        range: TimeRange::inclusive_seconds(asked.start_timestamp, asked.end_timestamp),
        who: asked.who,
        actions: asked.action,
        object: asked.object.trim().to_owned(),
        search: asked.search_text.trim().to_owned(),
        limit: asked.limit,
        cursor: asked.cursor,
    })
}

impl From<AuditEntry> for AuditRow {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at.seconds(),
            kind: entry.by.kind.into(),
            who: entry.by.name,
            who_id: entry.by.id,
            from: entry.from,
            action: entry.action,
            object: entry.object,
            before: entry.before,
            after: entry.after,
        }
    }
}
