use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, ApiError,
    echo::{Absent, reply},
    endpoint::{Call, Reply},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    fleet::Coverage,
    store::{Block, Change},
};

const DEFAULT_TTL_SECONDS: u64 = 4 * 3600;
const MAX_REASON: usize = 500;

/// `fetchBlocklist`: blocks in force, newest first.
pub(super) fn list(call: &Call) -> Reply {
    let blocks = call.api.store.blocks(EpochMillis::now())?;
    let shown: Vec<_> = blocks.iter().map(|one| block(&call.api, one)).collect();
    Ok(json!({ "blocks": shown, "total": shown.len(), "revision": call.api.fleet.revision() }))
}

#[derive(Debug, Deserialize)]
struct Named {
    cidr: String,
}

/// For how long, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Terms {
    ttl_seconds: Option<u64>,
    permanent: bool,
    reason: String,
}

/// `addBlock`: an address or a prefix, on every sensor.
pub(super) async fn add(call: Call) -> Reply {
    let Named { cidr } = call.keys()?;
    let cidr = prefix("cidr", &cidr)?;
    let revision = put(&call, cidr, "cidr").await?;
    let coverage = call.api.fleet.settle(revision).await;
    let api = call.api.clone();
    let found = blocking(move || api.store.blocks(EpochMillis::now())).await?;
    let shown = found.iter().find(|one| one.cidr == cidr).map(|one| block(&call.api, one));
    Ok(json!({
        "block": shown,
        "revision": revision,
        "sensors": sensors(coverage),
        "refusals": refusals(&call.api, cidr, revision),
    }))
}

/// `removeBlock`.
pub(super) async fn remove(call: Call) -> Reply {
    let Named { cidr } = call.keys()?;
    let cidr = prefix("cidr", &cidr)?;
    let api = call.api.clone();
    let found = blocking(move || api.store.blocks(EpochMillis::now())).await?;
    if !found.iter().any(|one| one.cidr == cidr) {
        return Err(ApiError::invalid(
            "cidr",
            format_args!("{cidr} is not blocked; fetchBlocklist shows what is"),
        ));
    }
    let revision = lift(&call, cidr).await?;
    let coverage = call.api.fleet.settle(revision).await;
    Ok(json!({ "revision": revision, "sensors": sensors(coverage) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modify {
    actor_ip: String,
    status: String,
}

/// `modifyThreatActorStatus`: Block IP, and back.
pub(super) async fn modify_actor(call: Call) -> Reply {
    let Modify { actor_ip, status } = call.keys()?;
    let address = address(&actor_ip)?;
    let cidr = IpNet::from(address);
    let revision = match status.to_ascii_lowercase().as_str() {
        "blocked" => put(&call, cidr, "actorIp").await?,
        "active" => lift(&call, cidr).await?,
        _ => {
            return Err(ApiError::invalid(
                "status",
                format_args!("{status:?} is neither blocked nor active"),
            ));
        }
    };
    let coverage = call.api.fleet.settle(revision).await;
    let api = call.api.clone();
    // A wider block may still cover an actor whose own was lifted.
    let covered = blocking(move || api.store.blocked(&[address], EpochMillis::now())).await?;
    let result = json!({
        "blocked": !covered.is_empty(),
        "revision": revision,
        "sensors": sensors(coverage),
        "refusals": refusals(&call.api, cidr, revision),
    });
    Ok(reply(&call.raw, &[("actorIp", Absent::Null), ("status", Absent::Null)], result))
}

async fn put(call: &Call, cidr: IpNet, field: &str) -> Result<u64, ApiError> {
    refuse_own(field, cidr)?;
    let terms: Terms = call.keys()?;
    let now = EpochMillis::now();
    let expires_at = match (terms.permanent, terms.ttl_seconds) {
        (true, None) => None,
        (true, Some(_)) => return Err(ApiError::invalid("permanent", "goes without ttlSeconds")),
        (false, Some(0)) => {
            return Err(ApiError::invalid("ttlSeconds", "is at least 1; permanent: true is for ever"));
        }
        (false, ttl) => Some(now.plus(Duration::from_secs(ttl.unwrap_or(DEFAULT_TTL_SECONDS)))),
    };
    let block = Block {
        cidr,
        reason: terms.reason.chars().take(MAX_REASON).collect(),
        author: call.caller.name.clone(),
        created_at: now,
        expires_at,
        revision: 0,
    };
    apply(call, Change::Block(block)).await
}

async fn lift(call: &Call, cidr: IpNet) -> Result<u64, ApiError> {
    apply(call, Change::Unblock { cidr }).await
}

async fn apply(call: &Call, change: Change) -> Result<u64, ApiError> {
    let (api, author) = (call.api.clone(), call.caller.name.clone());
    tracing::info!(by = author, ?change, "blocklist changed");
    Ok(blocking(move || api.fleet.apply(&author, vec![change])).await?)
}

/// An address alone is a prefix of full length. Host bits are cleared: what is stored is what is blocked.
fn prefix(field: &str, text: &str) -> Result<IpNet, ApiError> {
    let text = text.trim();
    let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let net: IpNet = parsed.map_err(|_| {
        ApiError::invalid(field, format_args!("{text:?} is no address and no prefix such as 203.0.113.0/24"))
    })?;
    Ok(canonical(net.trunc()))
}

/// Scripts may hold actors with a port, which is no part of one here.
fn address(text: &str) -> Result<IpAddr, ApiError> {
    let text = text.trim();
    let parsed = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let address: IpAddr =
        parsed.map_err(|_| ApiError::invalid("actorIp", format_args!("{text:?} is no address")))?;
    Ok(address.to_canonical())
}

/// An IPv4 prefix may come dressed as IPv6; on the wire it is IPv4.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
        (Some(v4), Some(length)) => Ipv4Net::new(v4, length).map_or(net, IpNet::V4),
        _ => net,
    }
}

/// Every sensor allows loopback before anything else, so such a block would be a promise that nobody keeps.
fn refuse_own(field: &str, cidr: IpNet) -> Result<(), ApiError> {
    let own = [
        IpNet::V4(Ipv4Net::new_assert([127, 0, 0, 0].into(), 8)),
        IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128)),
        IpNet::V4(Ipv4Net::new_assert([0, 0, 0, 0].into(), 32)),
        IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::UNSPECIFIED, 128)),
    ];
    match own.iter().find(|own| own.contains(&cidr) || cidr.contains(*own)) {
        Some(own) => Err(ApiError::invalid(
            field,
            format_args!("{cidr} covers {own}, the sensors' own side: it is never blocked"),
        )),
        None => Ok(()),
    }
}

fn block(api: &Api, block: &Block) -> Value {
    let (packets, bytes) = api.fleet.hits(block.cidr);
    json!({
        "cidr": block.cidr,
        "reason": block.reason,
        "author": block.author,
        "createdAt": block.created_at.seconds(),
        "expiresAt": block.expires_at.map(EpochMillis::seconds),
        "revision": block.revision,
        "sensors": sensors(api.fleet.coverage(block.revision)),
        "refusals": refusals(api, block.cidr, block.revision),
        "hits": { "packets": packets, "bytes": bytes },
    })
}

fn sensors(coverage: Coverage) -> Value {
    json!({ "total": coverage.total, "applied": coverage.applied })
}

fn refusals(api: &Api, cidr: IpNet, revision: u64) -> Vec<Value> {
    let refusals = api.fleet.refusals(cidr, revision);
    refusals
        .into_iter()
        .map(|(sensor, refusal)| json!({ "sensorId": sensor, "cidr": cidr, "reason": refusal.reason }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_kept_as_it_is_blocked() {
        for (given, kept) in [
            ("203.0.113.9", "203.0.113.9/32"),
            ("203.0.113.9/24", "203.0.113.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:203.0.113.9", "203.0.113.9/32"),
            (" 203.0.113.9 ", "203.0.113.9/32"),
        ] {
            assert_eq!(prefix("cidr", given).unwrap().to_string(), kept);
        }
        assert!(prefix("cidr", "203.0.113.0/33").is_err());
    }

    #[test]
    fn loopback_is_never_blocked_however_it_is_covered() {
        for own in ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "64.0.0.0/2", "::1", "::/0", "::ffff:127.0.0.1"]
        {
            assert!(refuse_own("cidr", prefix("cidr", own).unwrap()).is_err(), "{own}");
        }
        assert!(refuse_own("cidr", prefix("cidr", "128.0.0.0/1").unwrap()).is_ok());
    }
}
