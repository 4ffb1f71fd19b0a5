//! The inventory as it outlives the process.

use std::{borrow::Cow, sync::PoisonError};

use portcullis_exchange::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Endpoint, EndpointFacts, Inventory, MAX_ENDPOINTS_PER_SHARD, MAX_HOST, MAX_HOSTS_PER_SHARD, MAX_METHOD,
    SHARDS, Site,
};
use crate::baseline::{EndpointBaseline, KeptBaseline};

const MAX_DEPTH: usize = 17;
const MAX_SEGMENT: usize = 512;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptEndpoint<'e> {
    host: Cow<'e, str>,
    #[serde(default)]
    vni: Option<u32>,
    method: Cow<'e, str>,
    way: Cow<'e, [(String, bool)]>,
    facts: Cow<'e, EndpointFacts>,
    baseline: KeptBaseline,
}

impl Inventory {
    /// Each as a line of JSON. A shard is held while its lines are made, and not while they are taken.
    pub(crate) fn each_kept(&self, visit: &mut impl FnMut(serde_json::Result<String>)) {
        for shard in &self.shards {
            let mut lines = Vec::new();
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (site, known) in &shard.hosts {
                known.root.each_kept(&mut Vec::new(), &mut |way, method, endpoint| {
                    let kept = KeptEndpoint {
                        host: Cow::Borrowed(&*site.host),
                        vni: site.vni,
                        method: Cow::Borrowed(method),
                        way: Cow::Borrowed(way),
                        facts: Cow::Borrowed(&endpoint.facts),
                        baseline: endpoint.baseline.kept(),
                    };
                    lines.push(serde_json::to_string(&kept));
                });
            }
            drop(shard);
            lines.into_iter().for_each(&mut *visit);
        }
    }

    /// False where it is past a bound.
    pub(crate) fn restore(&self, kept: KeptEndpoint<'_>, now: Timestamp) -> bool {
        let KeptEndpoint { host, vni, method, way, facts, baseline } = kept;
        let is_sound = host.len() <= MAX_HOST
            && (1..=MAX_METHOD).contains(&method.len())
            && way.len() <= MAX_DEPTH
            && way.iter().all(|(segment, _)| segment.len() <= MAX_SEGMENT);
        let site = Site { vni, host: host.into_owned() };
        let Some(shard) = self.shards.get(self.hasher.hash_one(&site) as usize % SHARDS) else {
            return false;
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let shard = &mut *shard;
        let has_room = shard.endpoints < MAX_ENDPOINTS_PER_SHARD
            && (shard.hosts.len() < MAX_HOSTS_PER_SHARD || shard.hosts.contains_key(&site));
        if !is_sound || !has_room {
            return false;
        }
        let requests = facts.requests;
        let endpoint = Endpoint::restored(facts.into_owned(), EndpointBaseline::restored(baseline, now), now);
        let known = shard.hosts.entry(site).or_default();
        let is_back = known.root.restore(&way, &method, endpoint);
        if is_back {
            known.requests = known.requests.saturating_add(requests);
            shard.endpoints += 1;
        }
        is_back
    }
}
