use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::clock::EpochMillis;

const DEFAULT_TTL_SECONDS: u64 = 4 * 3600;
const MAX_REASON: usize = 500;

/// For how long, and why.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::api) struct Terms {
    ttl_seconds: Option<u64>,
    permanent: bool,
    reason: String,
}

impl Terms {
    /// Where it says nothing itself, what `general` says.
    pub(super) fn or(self, general: &Self) -> Self {
        let silent = self.ttl_seconds.is_none() && !self.permanent;
        Self {
            ttl_seconds: if silent { general.ttl_seconds } else { self.ttl_seconds },
            permanent: if silent { general.permanent } else { self.permanent },
            reason: if self.reason.is_empty() { general.reason.clone() } else { self.reason },
        }
    }

    /// When it ends; else the field and what is wrong with it.
    pub(super) fn expires_at(
        &self,
        now: EpochMillis,
    ) -> Result<Option<EpochMillis>, (&'static str, &'static str)> {
        match (self.permanent, self.ttl_seconds) {
            (true, None) => Ok(None),
            (true, Some(_)) => Err(("permanent", "goes without ttlSeconds")),
            (false, Some(0)) => Err(("ttlSeconds", "is at least 1; permanent: true is for ever")),
            (false, ttl) => Ok(Some(now.plus(Duration::from_secs(ttl.unwrap_or(DEFAULT_TTL_SECONDS))))),
        }
    }

    pub(super) fn reason(self) -> String {
        reason(&self.reason)
    }
}

/// As it is kept.
pub(in crate::api) fn reason(given: &str) -> String {
    given.trim().chars().take(MAX_REASON).collect()
}
