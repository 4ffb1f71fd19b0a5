//! What a network and a capture do to segments.

use proptest::{collection::vec, prelude::*, sample::Index};
use sensor_user::segment::TcpFlags;

use super::{
    talk::{HANDSHAKE, Talk},
    view::{Handshake, View},
};
use crate::conversation::Sent;

/// Which way each segment is cut, how late it is captured, whether it is captured twice, and what is sent besides.
#[derive(Clone, Debug)]
pub(super) struct Disorder {
    cuts: Vec<usize>,
    /// By how many segments each is captured late.
    delays: Vec<usize>,
    /// By how many segments its copy is captured late.
    repeats: Vec<Option<usize>>,
    /// By how many segments all of one direction are captured late.
    lag: usize,
    is_client_late: bool,
    resent: Vec<Resent>,
    probes: Vec<Probe>,
    /// The last data of each side says that it is the last.
    fin_has_data: bool,
    /// How far the sequence numbers of client and server are moved, so that they wrap anywhere.
    moved: [u32; 2],
}

/// A sender that sends again what is not acknowledged as far as it knows, cut in other places.
#[derive(Clone, Debug)]
struct Resent {
    /// After which of the segments it is captured.
    after: Index,
    /// After which of them it was sent.
    sent: Index,
    from: Index,
    len: usize,
}

/// A keep-alive probe (RFC 9293 section 3.8.4), or one of a closed window: the last byte again, or none.
#[derive(Clone, Debug)]
struct Probe {
    after: Index,
    has_byte: bool,
}

pub(super) fn disorder() -> impl Strategy<Value = Disorder> {
    let resent = (any::<Index>(), any::<Index>(), any::<Index>(), 1..400_usize)
        .prop_map(|(after, sent, from, len)| Resent { after, sent, from, len });
    let probe = (any::<Index>(), any::<bool>()).prop_map(|(after, has_byte)| Probe { after, has_byte });
    let cuts = prop_oneof![vec(1..120_usize, 1..40), vec(1..3_usize, 1..4), vec(500..3000_usize, 1..4)];
    let times = (
        vec(0..4_usize, 1..60),
        vec(proptest::option::weighted(0.1, 0..30_usize), 1..60),
        prop_oneof![Just(0), 1..24_usize],
        any::<bool>(),
    );
    let besides = (vec(resent, 0..6), vec(probe, 0..3), any::<bool>(), any::<[u32; 2]>());
    (cuts, times, besides).prop_map(
        |(cuts, (delays, repeats, lag, is_client_late), (resent, probes, fin_has_data, moved))| Disorder {
            cuts,
            delays,
            repeats,
            lag,
            is_client_late,
            resent,
            probes,
            fin_has_data,
            moved,
        },
    )
}

impl Disorder {
    /// The same talk as a capture may show it.
    pub(super) fn of(&self, talk: &Talk, view: &View) -> Vec<Sent> {
        let mut cuts = self.cuts.iter().cycle().copied();
        let mut data = talk.sent(&mut || cuts.next().unwrap());
        let handshake: Vec<Sent> = data.drain(..HANDSHAKE).collect();
        if self.fin_has_data {
            merge_fins(&mut data);
        }
        let mut order = self.captured(&data, view);
        match view.handshake {
            Handshake::First => order.extend(handshake.into_iter().map(|sent| (0, 0, sent))),
            Handshake::Late => {
                let end = end_of(&order);
                let places = handshake.into_iter().zip(&self.delays);
                order
                    .extend(places.map(|(sent, delay)| ((1 + self.lag_of(&sent) + delay).min(end), 0, sent)));
            }
            Handshake::Unseen => {}
        }
        order.sort_by_key(|(captured_at, sent_at, _)| (*captured_at, *sent_at));
        let captured = order.into_iter().map(|(_, _, sent)| sent);
        let mut all: Vec<Sent> = captured.filter(|sent| view.shows(sent)).collect();
        let [by_client, by_server] = self.moved;
        for (at, sent) in all.iter_mut().enumerate() {
            sent.time = 1_000_000_000 + 1000 * at as u64;
            let (own, peers) = if sent.is_client { (by_client, by_server) } else { (by_server, by_client) };
            sent.sequence = sent.sequence.wrapping_add(own);
            sent.acknowledgement = sent.acknowledgement.wrapping_add(peers);
        }
        all
    }

    /// When each segment is captured, and when it was sent. The handshake comes before 1.
    fn captured(&self, data: &[Sent], view: &View) -> Vec<(usize, usize, Sent)> {
        let mut order: Vec<(usize, usize, Sent)> = Vec::new();
        let first_of = |is_client| data.iter().position(|sent| sent.is_client == is_client);
        let first = [first_of(true), first_of(false)];
        for (at, sent) in data.iter().enumerate() {
            let is_on_time = view.handshake != Handshake::First && first.contains(&Some(at));
            let delay = self.lag_of(sent) + self.delays[at % self.delays.len()];
            let captured_at = 1 + at + if is_on_time { 0 } else { delay };
            order.push((captured_at, at, sent.clone()));
            if let Some(delay) = self.repeats[at % self.repeats.len()] {
                order.push((captured_at + delay, at, sent.clone()));
            }
        }
        for resent in &self.resent {
            let after = resent.after.index(data.len());
            let sent_by_then = &data[..=resent.sent.index(after + 1)];
            let sent = resent.of(sent_by_then, data[after].is_client);
            order.extend(sent.map(|sent| (1 + after + self.lag_of(&data[after]), after, sent)));
        }
        for probe in &self.probes {
            let after = probe.after.index(data.len());
            let sent = probe.of(&data[..=after]);
            order.extend(sent.map(|sent| (1 + after + self.lag_of(&sent), after, sent)));
        }
        order
    }

    fn lag_of(&self, sent: &Sent) -> usize {
        if sent.is_client == self.is_client_late { self.lag } else { 0 }
    }
}

/// When the connection is over: a SYN after that is another one's.
fn end_of(order: &[(usize, usize, Sent)]) -> usize {
    let closed = |is_client| {
        let fins = order
            .iter()
            .filter(|(_, _, sent)| sent.is_client == is_client && sent.flags & TcpFlags::FIN != 0);
        fins.map(|(captured_at, _, _)| *captured_at).min()
    };
    closed(true).max(closed(false)).unwrap_or(usize::MAX)
}

fn merge_fins(data: &mut Vec<Sent>) {
    for is_client in [true, false] {
        let is_own = |sent: &&Sent| sent.is_client == is_client;
        let Some(fin) = data.iter().position(|sent| is_own(&sent) && sent.flags & TcpFlags::FIN != 0) else {
            continue;
        };
        if let Some(last) = data[..fin].iter().rposition(|sent| sent.is_client == is_client) {
            data[last].flags |= TcpFlags::FIN;
            data.remove(fin);
        }
    }
}

impl Resent {
    /// What this side sends again, if these are the segments sent so far.
    fn of(&self, sent: &[Sent], is_client: bool) -> Option<Sent> {
        let (own, peers): (Vec<&Sent>, Vec<&Sent>) =
            sent.iter().partition(|sent| sent.is_client == is_client);
        let stream: Vec<u8> = own.iter().flat_map(|sent| sent.payload.iter().copied()).collect();
        let base = own.first()?.sequence;
        let (last, received) = (own.last()?, peers.last());
        let unacknowledged = received
            .map_or(0, |received| received.acknowledgement.wrapping_sub(base).cast_signed().max(0) as usize);
        if unacknowledged >= stream.len() {
            return None;
        }
        let from = unacknowledged + self.from.index(stream.len() - unacknowledged);
        let to = (from + self.len).min(stream.len());
        Some(Sent {
            sequence: base.wrapping_add(u32::try_from(from).ok()?),
            // At the least what it had heard when it said this first.
            acknowledgement: last.acknowledgement,
            flags: TcpFlags::ACK,
            payload: stream[from..to].to_vec(),
            is_client,
            ..sent.last()?.clone()
        })
    }
}

impl Probe {
    /// From whoever sent the last of these, its peer having acknowledged all or not.
    fn of(&self, sent: &[Sent]) -> Option<Sent> {
        let last = sent.last().filter(|last| last.flags & TcpFlags::FIN == 0)?;
        let (byte, before) = last.payload.split_last()?;
        Some(Sent {
            sequence: last.sequence.wrapping_add(u32::try_from(before.len()).ok()?),
            payload: if self.has_byte { vec![*byte] } else { Vec::new() },
            ..last.clone()
        })
    }
}
