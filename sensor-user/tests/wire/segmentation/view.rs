//! What of a conversation is captured at all.

use proptest::{prelude::*, sample::Index};

use super::talk::Talk;
use crate::conversation::Sent;

#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) handshake: Handshake,
    sides: Sides,
    /// Where the capture begins, if it did not see the handshake.
    joint: Index,
}

/// Without the handshake ahead, nothing but the first segments says where the streams begin, so what comes out is a
/// function of the bytes only under a rule: what is captured begins with messages (for HTTP/2, with frames), and the first
/// segment of each direction is captured at its time, and a late handshake before the end. All else may come cut and
/// reordered in any way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    First,
    /// Between the others, as from several queues of a network card.
    Late,
    Unseen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sides {
    Both,
    Client,
    Server,
}

pub(super) fn view() -> impl Strategy<Value = View> {
    let handshake =
        prop_oneof![3 => Just(Handshake::First), 1 => Just(Handshake::Late), 2 => Just(Handshake::Unseen)];
    let sides = prop_oneof![4 => Just(Sides::Both), 1 => Just(Sides::Client), 1 => Just(Sides::Server)];
    (handshake, sides, any::<Index>()).prop_map(|(handshake, sides, joint)| View { handshake, sides, joint })
}

impl View {
    pub(super) fn of(&self, talk: Talk) -> Talk {
        if self.handshake == Handshake::Unseen { talk.beginning_at(&self.joint) } else { talk }
    }

    /// Whether all of every exchange is captured.
    pub(super) fn is_whole(&self) -> bool {
        self.sides == Sides::Both && self.handshake != Handshake::Unseen
    }

    pub(super) fn shows(&self, sent: &Sent) -> bool {
        match self.sides {
            Sides::Both => true,
            Sides::Client => sent.is_client,
            Sides::Server => !sent.is_client,
        }
    }

    /// A connection counts as joined where its frames come before its handshake.
    pub(super) fn comparable(&self, mut counters: Vec<(&'static str, u64)>) -> Vec<(&'static str, u64)> {
        if self.handshake == Handshake::Late {
            counters.retain(|(name, _)| *name != "http_http2_joined_flows_total");
        }
        counters
    }

    /// One segment for each thing said, in order.
    pub(super) fn plain(&self, talk: &Talk) -> Vec<Sent> {
        let skipped = if self.handshake == Handshake::Unseen { super::talk::HANDSHAKE } else { 0 };
        let sent = talk.sent(&mut || usize::MAX).into_iter();
        sent.skip(skipped).filter(|sent| self.shows(sent)).collect()
    }
}
