//! The threat configuration as the control plane orders it, ready to be used. Parts that it leaves out stay as the sensor was
//! started.

use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;
use portcullis_proto::v1::{self, IdentitySource};

use crate::{
    mask::Redaction,
    policies::parse_saved,
    tag::{ForwardedHeader, IdentityRules, Recognition, Source},
};

/// Shorter keys could be guessed from hashes of known names.
const MIN_KEY: usize = 16;

pub struct Configuration {
    proxies: Option<(Vec<IpNet>, ForwardedHeader)>,
    identity: Option<Arc<IdentityRules>>,
    redaction: Redaction,
    policies: BTreeMap<String, String>,
}

impl Configuration {
    /// All of it or nothing, with the reason.
    pub fn parse(message: &v1::ThreatConfiguration) -> Result<Self, String> {
        let proxies = message.trusted_proxies.as_ref().map(proxies).transpose()?;
        let identity = message.actor_identity.as_ref().map(identity).transpose()?.flatten();
        let none = v1::Redaction::default();
        let v1::Redaction { headers, fields, patterns } = message.redaction.as_ref().unwrap_or(&none);
        let rules = message.actor_identity.iter().flat_map(|identity| &identity.rules);
        // Who somebody is leaves the node hashed or not at all. Cookies and tokens are hidden anyway.
        let naming =
            rules.filter(|rule| rule.source() == IdentitySource::Header).map(|rule| rule.name.clone());
        let headers: Vec<_> = headers.iter().cloned().chain(naming).collect();
        let redaction = Redaction::new(&headers, fields, patterns)?;
        let mut policies = BTreeMap::new();
        for v1::SavedPolicy { id, content } in &message.policies {
            parse_saved(id, content)?;
            policies.insert(id.clone(), content.clone());
        }
        Ok(Self { proxies, identity, redaction, policies })
    }

    /// Over what the sensor was started with.
    pub fn recognition(&self, own: &Recognition) -> Recognition {
        let (trusted_proxies, header) =
            self.proxies.clone().unwrap_or_else(|| (own.trusted_proxies.clone(), own.header));
        Recognition {
            trusted_proxies,
            header,
            identity: self.identity.clone().or_else(|| own.identity.clone()),
        }
    }

    /// Who is never blocked, since others come through them.
    pub fn proxies(&self) -> &[IpNet] {
        self.proxies.as_ref().map_or(&[], |(proxies, _)| proxies)
    }

    pub fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// What rate limits and thresholds come to, by id.
    pub fn policies(&self) -> &BTreeMap<String, String> {
        &self.policies
    }
}

fn proxies(message: &v1::TrustedProxies) -> Result<(Vec<IpNet>, ForwardedHeader), String> {
    let net = |text: &String| {
        text.parse::<IpNet>().map_err(|_| format!("{text:?} is no prefix of trusted proxies"))
    };
    let header = match message.header.as_str() {
        "" | "auto" => ForwardedHeader::Auto,
        "x-forwarded-for" => ForwardedHeader::XForwardedFor,
        "forwarded" => ForwardedHeader::Forwarded,
        other => return Err(format!("{other:?} is no header of proxies that this version knows")),
    };
    Ok((message.cidrs.iter().map(net).collect::<Result<_, _>>()?, header))
}

fn identity(message: &v1::ActorIdentity) -> Result<Option<Arc<IdentityRules>>, String> {
    if message.rules.is_empty() {
        return Ok(None);
    }
    if message.key.len() < MIN_KEY {
        return Err("identity rules came without a key to hash with".to_owned());
    }
    let rule = |rule: &v1::IdentityRule| {
        let source = match rule.source() {
            IdentitySource::Header => Source::Header,
            IdentitySource::Cookie => Source::Cookie,
            IdentitySource::JwtClaim => Source::JwtClaim,
            IdentitySource::Unspecified => {
                return Err(format!(
                    "the identity rule {:?} is of a kind that this version does not know",
                    rule.name
                ));
            }
        };
        Ok((source, rule.name.clone()))
    };
    let rules = message.rules.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Arc::new(IdentityRules::new(rules, &message.key))))
}
