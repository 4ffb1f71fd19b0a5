//! The threat configuration: one document for the whole fleet, over what each sensor was started with.

mod check;
mod compile;
mod document;
mod key;

pub use self::document::{
    Configuration, Document, Enumeration, IdentityRule, IdentitySource, ProxyHeader, RateLimit, Redaction,
    TrustedProxies,
};
pub(crate) use self::{check::check, key::IdentityKey};

use portcullis_proto::v1;

/// As it goes to sensors. `revision` is the one that brought it.
pub(crate) fn message(document: &Document, revision: u64, key: &IdentityKey) -> v1::ThreatConfiguration {
    let proxies = document.trusted_proxies.as_ref().map(|proxies| v1::TrustedProxies {
        cidrs: proxies.cidrs.iter().map(ToString::to_string).collect(),
        header: proxies.header.name().to_owned(),
    });
    let rules = document.actor_identity.iter().map(|rule| v1::IdentityRule {
        source: match rule.source {
            IdentitySource::Header => v1::IdentitySource::Header,
            IdentitySource::Cookie => v1::IdentitySource::Cookie,
            IdentitySource::JwtClaim => v1::IdentitySource::JwtClaim,
        }
        .into(),
        name: rule.name.clone(),
    });
    let identity = v1::ActorIdentity { rules: rules.collect(), key: key.bytes().to_vec() };
    let Redaction { headers, fields, patterns } = document.redaction.clone();
    // What was checked before it was stored can only fail where a built-in policy has changed since.
    let policies = compile::policies(document).unwrap_or_else(|problem| {
        tracing::error!(problem, "limits of the threat configuration are not in force; set it again");
        Vec::new()
    });
    v1::ThreatConfiguration {
        revision,
        trusted_proxies: proxies,
        actor_identity: (!document.actor_identity.is_empty()).then_some(identity),
        redaction: Some(v1::Redaction { headers, fields, patterns }),
        policies,
    }
}
