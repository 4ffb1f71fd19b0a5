use portcullis_exchange::TaggedExchange;
use serde::{Deserialize, Serialize};

use crate::sensitive::{Sensitive, SensitiveKind, sensitive_data};

/// Of one message, where nobody else looked for sensitive data already.
const MAX_LOOKED: usize = 16 << 10;
/// Exchanges of an endpoint that are looked at, before it is one a minute.
const AT_FIRST: u64 = 8;

/// Kinds of sensitive data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensitiveKinds(u16);

impl SensitiveKinds {
    pub fn iter(self) -> impl Iterator<Item = SensitiveKind> {
        SensitiveKind::ALL.into_iter().filter(move |kind| self.0 & bit(*kind) != 0)
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

const fn bit(kind: SensitiveKind) -> u16 {
    1 << kind as u16
}

impl<'s> FromIterator<&'s Sensitive> for SensitiveKinds {
    fn from_iter<T: IntoIterator<Item = &'s Sensitive>>(found: T) -> Self {
        Self(found.into_iter().fold(0, |bits, one| bits | bit(one.kind)))
    }
}

/// What an endpoint takes and gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensitiveSeen {
    pub in_requests: SensitiveKinds,
    pub in_responses: SensitiveKinds,
}

impl SensitiveSeen {
    pub(super) fn join(&mut self, other: Self) {
        self.in_requests.join(other.in_requests);
        self.in_responses.join(other.in_responses);
    }

    /// Whether that is news. `known` is what of the answer was found for other reasons.
    pub(super) fn note(
        &mut self,
        tagged: &TaggedExchange,
        known: Option<&[Sensitive]>,
        is_time: bool,
    ) -> bool {
        let before = *self;
        let look = |text: &[u8]| {
            sensitive_data(text.get(..MAX_LOOKED).unwrap_or(text)).iter().collect::<SensitiveKinds>()
        };
        if let Some(known) = known {
            self.in_responses.join(known.iter().collect());
        } else if let Some(response) = tagged.exchange.response.as_ref().filter(|_| is_time) {
            self.in_responses.join(look(&response.body.bytes));
        }
        if let Some(request) = tagged.exchange.request.as_ref().filter(|_| is_time) {
            self.in_requests.join(look(&request.target));
            self.in_requests.join(look(&request.body.bytes));
        }
        *self != before
    }
}

pub(super) const fn is_time(requests: u64, minute: u64, looked_at: u64) -> bool {
    requests <= AT_FIRST || minute > looked_at
}
