use std::time::Duration;

/// «This many matches of one actor within this long a window»: `aggregation_rules` in a policy. Several are ORed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregationRule {
    pub name: String,
    pub match_count: u32,
    /// `windowThreshold`, which counts minutes.
    pub window: Duration,
    /// `groupBy`: matches that agree in all of these count together. Without it, those of one actor.
    pub group_by: Vec<GroupBy>,
    /// Different values that must be among the matches too, where given.
    pub distinct: Option<Distinct>,
}

/// What matches of one window have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupBy {
    Actor,
    /// Method, host and path, where segments that look like identifiers are one and the same.
    Api,
    Host,
    Method,
    Collection,
    /// The server's address, without its port.
    Destination,
}

impl GroupBy {
    pub const ALL: [Self; 6] =
        [Self::Actor, Self::Api, Self::Host, Self::Method, Self::Collection, Self::Destination];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Api => "api",
            Self::Host => "host",
            Self::Method => "method",
            Self::Collection => "collection",
            Self::Destination => "destination",
        }
    }
}

/// `distinctIdentifier`: the matches count only as far as this many different values were among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Distinct {
    pub count: u32,
    pub source: DistinctSource,
    /// Name of the header, query parameter or body field.
    pub key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DistinctSource {
    Url,
    QueryParam,
    RequestHeaders,
    RequestPayload,
}
