use portcullis_exchange::Timestamp;

/// Flows that were refused, so that the rest of them is not taken for connections that began before the capture.
///
/// A fixed table of fingerprints: what two flows share a place for is forgotten sooner, which only means that the
/// older one may be read from its middle on.
pub(super) struct Refused {
    places: Vec<Refusal>,
    count: usize,
}

#[derive(Clone, Copy, Default)]
struct Refusal {
    fingerprint: u64,
    until: Timestamp,
}

/// The share of the budget that the table may take: of 256 MiB, room for 65,536 flows.
const SHARE: usize = 256;
/// How long a flow stays refused after it was last refused while shedding. Not for good, or a connection opened under a
/// flood that its client made would never be looked at.
const REFUSED_NANOS: u64 = 10_000_000_000;

impl Refused {
    pub(super) fn within(memory_budget: usize) -> Self {
        Self { places: Vec::new(), count: (memory_budget / SHARE / size_of::<Refusal>()).max(1) }
    }

    /// Bytes of the table; nothing before the first refusal.
    pub(super) fn memory(&self) -> usize {
        self.places.capacity() * size_of::<Refusal>()
    }

    /// Whether the flow was not refused already.
    pub(super) fn refuse(&mut self, hash: u64, now: Timestamp) -> bool {
        if self.places.is_empty() {
            self.places = vec![Refusal::default(); self.count];
        }
        let until = Timestamp::from_nanos(now.nanos().saturating_add(REFUSED_NANOS));
        let at = self.place_of(hash);
        let Some(place) = self.places.get_mut(at) else { return true };
        let is_new = place.fingerprint != hash || place.until <= now;
        *place = Refusal { fingerprint: hash, until };
        is_new
    }

    pub(super) fn contains(&self, hash: u64, now: Timestamp) -> bool {
        self.places
            .get(self.place_of(hash))
            .is_some_and(|place| place.fingerprint == hash && now < place.until)
    }

    /// A new connection took the ports.
    pub(super) fn forget(&mut self, hash: u64) {
        let at = self.place_of(hash);
        if let Some(place) = self.places.get_mut(at).filter(|place| place.fingerprint == hash) {
            *place = Refusal::default();
        }
    }

    fn place_of(&self, hash: u64) -> usize {
        usize::try_from(hash % self.count as u64).unwrap_or(0)
    }
}
