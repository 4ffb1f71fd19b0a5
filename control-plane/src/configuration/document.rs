use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::EpochMillis;

/// A document as somebody set it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub document: Document,
    pub author: String,
    pub at: EpochMillis,
    /// The revision that brought it; 0 before it is stored.
    #[serde(default)]
    pub revision: u64,
}

/// What is absent or empty leaves each sensor as it was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ThreatConfiguration)]
pub struct Document {
    #[schema(inline)]
    pub trusted_proxies: Option<TrustedProxies>,
    /// In order: the first that finds something says who it is.
    #[schema(inline)]
    pub actor_identity: Vec<IdentityRule>,
    #[schema(inline)]
    pub rate_limits: Vec<RateLimit>,
    #[schema(inline)]
    pub enumeration: Option<Enumeration>,
    /// How long events are kept.
    pub retention_days: Option<u32>,
    #[schema(inline)]
    pub redaction: Redaction,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedProxies {
    #[schema(value_type = Vec<String>)]
    pub cidrs: Vec<IpNet>,
    #[serde(default)]
    #[schema(inline)]
    pub header: ProxyHeader,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    #[default]
    Auto,
    XForwardedFor,
    Forwarded,
}

impl ProxyHeader {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityRule {
    #[schema(inline)]
    pub source: IdentitySource,
    /// Of the header, the cookie or the claim.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum IdentitySource {
    Header,
    Cookie,
    JwtClaim,
}

/// More requests of one actor than this are an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// Its policy is called `RateLimit-` and this.
    pub name: String,
    /// Any where empty.
    #[serde(default)]
    pub methods: Vec<String>,
    /// What the path begins with; any where empty.
    #[serde(default)]
    pub path: String,
    pub requests: u32,
    #[serde(default = "one")]
    pub window_minutes: u32,
    /// Each endpoint counted apart.
    #[serde(default)]
    pub per_endpoint: bool,
    /// Also blocks the actor's address.
    #[serde(default)]
    pub block: bool,
}

const fn one() -> u32 {
    1
}

/// So many different objects of one endpoint, which the actor may not have or which are not there, are an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enumeration {
    pub distinct: u32,
    pub window_minutes: u32,
}

/// Hidden in samples and matches on the node, besides what is hidden anyway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Redaction {
    pub headers: Vec<String>,
    /// Of JSON, forms and queries.
    pub fields: Vec<String>,
    pub patterns: Vec<String>,
}
