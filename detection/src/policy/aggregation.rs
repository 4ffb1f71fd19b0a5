use std::time::Duration;

/// «This many matches of one actor within this long a window»: `aggregation_rules` in a policy. Several are ORed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregationRule {
    pub name: String,
    pub match_count: u32,
    /// `windowThreshold`, which counts minutes.
    pub window: Duration,
    /// Counts different values instead of matches, where given.
    pub distinct: Option<Distinct>,
}

/// `distinctIdentifier`: the matches count only as far as this many different values were among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distinct {
    pub count: u32,
    pub source: DistinctSource,
    /// Name of the header, query parameter or body field.
    pub key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistinctSource {
    Url,
    QueryParam,
    RequestHeaders,
    RequestPayload,
}
