//! What a network and a capture do to segments.

use proptest::{collection::vec, prelude::*};
use sensor_user::segment::TcpFlags;

use super::talk::Talk;
use crate::conversation::{Conversation, Sent};

/// Which way each segment is cut, how late it is captured, and whether it is captured twice.
#[derive(Clone, Debug)]
pub(super) struct Disorder {
    cuts: Vec<usize>,
    /// By how many segments each is captured late.
    delays: Vec<usize>,
    repeats: Vec<bool>,
    /// By how many segments all of one direction are captured late.
    lag: usize,
    is_client_late: bool,
    resent: Vec<Resent>,
}

/// A sender that sends again what is not acknowledged as far as it knows, cut in other places.
#[derive(Clone, Debug)]
struct Resent {
    /// After which of the segments it is captured.
    after: prop::sample::Index,
    /// After which of them it was sent.
    sent: prop::sample::Index,
    from: prop::sample::Index,
    len: usize,
}

pub(super) fn disorder() -> impl Strategy<Value = Disorder> {
    let index = any::<prop::sample::Index>;
    let resent = (index(), index(), index(), 1..400_usize).prop_map(|(after, sent, from, len)| Resent {
        after,
        sent,
        from,
        len,
    });
    let cuts = prop_oneof![vec(1..120_usize, 1..40), vec(1..3_usize, 1..4), vec(500..3000_usize, 1..4)];
    (
        cuts,
        vec(0..4_usize, 1..60),
        vec(proptest::bool::weighted(0.1), 1..60),
        prop_oneof![Just(0), 1..24_usize],
        any::<bool>(),
        vec(resent, 0..6),
    )
        .prop_map(|(cuts, delays, repeats, lag, is_client_late, resent)| Disorder {
            cuts,
            delays,
            repeats,
            lag,
            is_client_late,
            resent,
        })
}

impl Disorder {
    /// The same talk as a capture may show it.
    pub(super) fn of(&self, talk: &Talk) -> Vec<Sent> {
        let mut cuts = self.cuts.iter().cycle().copied();
        let mut conversation = Conversation::opened();
        let handshake = conversation.sent.len();
        for step in &talk.steps {
            let mut rest = step.bytes.as_slice();
            while !rest.is_empty() {
                let len = cuts.next().unwrap().min(rest.len());
                conversation.push(step.is_client, TcpFlags::ACK, &rest[..len]);
                rest = &rest[len..];
            }
        }
        let conversation = talk.close(conversation);
        let (handshake, data) = conversation.sent.split_at(handshake);
        let mut order: Vec<(usize, usize, Sent)> = Vec::new();
        for (at, sent) in data.iter().enumerate() {
            let lag = if sent.is_client == self.is_client_late { self.lag } else { 0 };
            let captured_at = at + lag + self.delays[at % self.delays.len()];
            order.push((captured_at, at, sent.clone()));
            if self.repeats[at % self.repeats.len()] {
                order.push((captured_at + 2, at, sent.clone()));
            }
        }
        for resent in &self.resent {
            let after = resent.after.index(data.len());
            let lag = if data[after].is_client == self.is_client_late { self.lag } else { 0 };
            let sent_by_then = &data[..=resent.sent.index(after + 1)];
            let sent = resent.of(sent_by_then, data[after].is_client);
            order.extend(sent.map(|sent| (after + lag, after, sent)));
        }
        order.sort_by_key(|(captured_at, sent_at, _)| (*captured_at, *sent_at));
        let captured = order.into_iter().map(|(_, _, sent)| sent);
        let mut all: Vec<Sent> = handshake.iter().cloned().chain(captured).collect();
        for (at, sent) in all.iter_mut().enumerate() {
            sent.time = 1_000_000_000 + 1000 * at as u64;
        }
        all
    }
}

impl Resent {
    /// What this side sends again, if these are the segments sent so far.
    fn of(&self, sent: &[Sent], is_client: bool) -> Option<Sent> {
        let (own, peers): (Vec<&Sent>, Vec<&Sent>) =
            sent.iter().partition(|sent| sent.is_client == is_client);
        let stream: Vec<u8> = own.iter().flat_map(|sent| sent.payload.iter().copied()).collect();
        let base = own.first()?.sequence;
        let received = peers.last();
        let (unacknowledged, acknowledgement) = match received {
            Some(received) => {
                let len = u32::try_from(received.payload.len()).ok()?;
                (received.acknowledgement.wrapping_sub(base) as usize, received.sequence.wrapping_add(len))
            }
            None => (0, own.first()?.acknowledgement),
        };
        if unacknowledged >= stream.len() {
            return None;
        }
        let from = unacknowledged + self.from.index(stream.len() - unacknowledged);
        let to = (from + self.len).min(stream.len());
        Some(Sent {
            sequence: base.wrapping_add(u32::try_from(from).ok()?),
            acknowledgement,
            flags: TcpFlags::ACK,
            payload: stream[from..to].to_vec(),
            is_client,
            ..sent.last()?.clone()
        })
    }
}
