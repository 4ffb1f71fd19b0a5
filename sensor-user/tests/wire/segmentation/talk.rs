//! What two ends say to each other, in the order in which they say it.

use sensor_user::segment::TcpFlags;

use crate::conversation::{Conversation, Sent};

/// Segments of the handshake, which every talk begins with.
pub(super) const HANDSHAKE: usize = 3;

#[derive(Clone, Default)]
pub(super) struct Talk {
    pub(super) steps: Vec<Step>,
    pub(super) exchanges: usize,
    /// How many of them are marked, as those of a stream that is reset.
    pub(super) incomplete: usize,
    pub(super) closing: Closing,
    /// Steps before which both sides have said whole messages, so that a capture may begin there.
    joints: Vec<usize>,
}

#[derive(Clone)]
pub(super) struct Step {
    pub(super) is_client: bool,
    pub(super) bytes: Vec<u8>,
    /// The peer's steps before this one had arrived when it was said.
    heard: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Closing {
    #[default]
    ByClient,
    /// As after a body without a length.
    ByServer,
    /// The client is done sending, and still hears the last answer.
    HalfClosed,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Step { is_client, bytes, heard } in &self.steps {
            let sign = if *is_client { '>' } else { '<' };
            writeln!(f, "{sign} (heard {heard}) {:?}", String::from_utf8_lossy(bytes))?;
        }
        write!(f, "{} exchanges, {:?}", self.exchanges, self.closing)
    }
}

impl Talk {
    pub(super) fn say(&mut self, is_client: bool, bytes: impl Into<Vec<u8>>) {
        let heard = self.steps.len();
        self.say_having_heard(heard, is_client, bytes);
    }

    /// Says something before the peer's steps from `heard` on have arrived.
    pub(super) fn say_having_heard(&mut self, heard: usize, is_client: bool, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.steps.push(Step { is_client, bytes, heard });
        }
    }

    /// Both sides begin a message with what they say next.
    pub(super) fn joint(&mut self) {
        self.joints.push(self.steps.len());
    }

    /// Where the last step is the server's, the client may be done before it.
    pub(super) fn half_close(&mut self) {
        if self.steps.last().is_some_and(|last| !last.is_client) {
            self.closing = Closing::HalfClosed;
        }
    }

    /// What is left of it for a capture that begins with a later message.
    pub(super) fn beginning_at(&self, joint: &proptest::sample::Index) -> Self {
        if self.joints.is_empty() {
            return self.clone();
        }
        let start = *joint.get(&self.joints);
        let steps = self.steps.iter().skip(start);
        let steps = steps.map(|step| Step { heard: step.heard.saturating_sub(start), ..step.clone() });
        Self { steps: steps.collect(), joints: Vec::new(), ..self.clone() }
    }

    /// As segments, each as long as `cut` says. The handshake comes first.
    pub(super) fn sent(&self, cut: &mut dyn FnMut() -> usize) -> Vec<Sent> {
        let mut conversation = Conversation::opened();
        // What each side has to acknowledge once it heard so many steps.
        let mut ends = vec![acknowledgements(&conversation)];
        for (at, step) in self.steps.iter().enumerate() {
            if self.closing == Closing::HalfClosed && at + 1 == self.steps.len() {
                conversation = conversation.client_flags(TcpFlags::FIN);
                if let Some(end) = ends.last_mut() {
                    *end = acknowledgements(&conversation);
                }
            }
            let [by_client, by_server] = ends[step.heard.min(at)];
            let acknowledgement = if step.is_client { by_client } else { by_server };
            let mut rest = step.bytes.as_slice();
            while !rest.is_empty() {
                let (said, after) = rest.split_at(cut().clamp(1, rest.len()));
                conversation.push(step.is_client, TcpFlags::ACK, said);
                conversation.sent.last_mut().unwrap().acknowledgement = acknowledgement;
                rest = after;
            }
            ends.push(acknowledgements(&conversation));
        }
        match self.closing {
            Closing::ByClient => conversation.closed(),
            Closing::ByServer => conversation.server_flags(TcpFlags::FIN).client_flags(TcpFlags::FIN),
            Closing::HalfClosed => conversation.server_flags(TcpFlags::FIN),
        }
        .sent
    }
}

/// What client and server acknowledge now.
fn acknowledgements(conversation: &Conversation) -> [u32; 2] {
    let end_of = |is_client| {
        let last = conversation.sent.iter().rev().find(|sent| sent.is_client == is_client).unwrap();
        let control = u32::from(last.flags & (TcpFlags::SYN | TcpFlags::FIN) != 0);
        last.sequence.wrapping_add(u32::try_from(last.payload.len()).unwrap() + control)
    };
    [end_of(false), end_of(true)]
}
