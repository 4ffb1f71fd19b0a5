use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ApiError;
use crate::store::{Order, Page};

pub(super) const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 1_000;

/// `skip`, `limit` and `sort`, as many endpoints take them.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Paging {
    #[serde(default)]
    pub(super) skip: u64,
    #[serde(default = "default_limit")]
    pub(super) limit: u64,
    /// `{field: 1 | -1}`, first key first.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, i32>)]
    pub(super) sort: Map<String, Value>,
}

const fn default_limit() -> u64 {
    DEFAULT_LIMIT
}

impl Paging {
    /// The page by these fields; where the request sorts by none, by `otherwise`.
    pub(super) fn page<S: Copy>(
        &self,
        fields: &[(&str, S)],
        otherwise: (S, Order),
    ) -> Result<Page<S>, ApiError> {
        if self.limit > MAX_LIMIT {
            return Err(ApiError::invalid("limit", format_args!("is at most {MAX_LIMIT}")));
        }
        let mut sort = self
            .sort
            .iter()
            .map(|(name, direction)| Ok((field(fields, name)?, order(name, direction)?)))
            .collect::<Result<Vec<_>, ApiError>>()?;
        if sort.is_empty() {
            sort.push(otherwise);
        }
        Ok(Page { skip: self.skip, limit: self.limit, sort })
    }
}

fn field<S: Copy>(fields: &[(&str, S)], name: &str) -> Result<S, ApiError> {
    fields.iter().find(|(known, _)| *known == name).map(|(_, field)| *field).ok_or_else(|| {
        let known: Vec<_> = fields.iter().map(|(known, _)| *known).collect();
        ApiError::invalid("sort", format_args!("{name:?} is none of {}", known.join(", ")))
    })
}

pub(super) fn order(name: &str, direction: &Value) -> Result<Order, ApiError> {
    match direction.as_i64() {
        Some(1) => Ok(Order::Ascending),
        Some(-1) => Ok(Order::Descending),
        _ => Err(ApiError::invalid(&format!("sort.{name}"), "is 1 or -1")),
    }
}
