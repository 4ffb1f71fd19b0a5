use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use portcullis_proto::v1::{BlockDecision, BlockOutcome, ThreatEvent};

use super::{NodeBlocks, Wish};
use crate::{storm::StormKey, uplink::EventSender};

/// Blocks on their way to the kernel. One takes some microseconds; so many are waiting only while a long list of
/// ordered ones is carried out.
const QUEUE: usize = 1024;

/// A shard's way to automatic blocks: it hands them over and goes on. A thread carries them out, and sends each event
/// on its way with what became of its block.
#[derive(Clone)]
pub struct Blocker {
    to: SyncSender<Order>,
    blocks: NodeBlocks,
    events: EventSender,
    dropped: Arc<AtomicU64>,
}

/// An event whose policy asks for a block.
pub struct Offered {
    pub event: ThreatEvent,
    /// What equal detections are folded by; each of them asks for its block all the same.
    pub storm: Option<StormKey>,
    pub actor: IpAddr,
    /// [`super::DEFAULT_TTL`] where absent.
    pub ttl: Option<Duration>,
}

struct Order(Box<Offered>);

impl Blocker {
    /// The thread ends with the last clone.
    pub fn start(blocks: NodeBlocks, events: EventSender) -> io::Result<Self> {
        let (to, orders) = sync_channel(QUEUE);
        let dropped = Arc::default();
        let blocker = Self { to, blocks: blocks.clone(), events: events.clone(), dropped };
        thread::Builder::new()
            .name("blocker".to_owned())
            .spawn(move || carry_out(&orders, &blocks, &events))?;
        Ok(blocker)
    }

    /// An actor did something, good or bad.
    pub fn see(&self, actor: IpAddr) {
        self.blocks.see(actor);
    }

    /// Has the actor blocked and the event sent.
    pub fn offer(&self, offered: Offered) {
        let Err(refused) = self.to.try_send(Order(Box::new(offered))) else { return };
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let (std::sync::mpsc::TrySendError::Full(Order(offered))
        | std::sync::mpsc::TrySendError::Disconnected(Order(offered))) = refused;
        let reason = "too many blocks were under way".to_owned();
        let outcome = BlockOutcome { decision: BlockDecision::Failed.into(), reason };
        let event = ThreatEvent { automatic_block: Some(outcome), ..offered.event };
        self.events.offer_equal(offered.storm, event);
    }

    /// Blocks that found the queue full.
    pub fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }
}

fn carry_out(orders: &Receiver<Order>, blocks: &NodeBlocks, events: &EventSender) {
    while let Ok(Order(offered)) = orders.recv() {
        let Offered { mut event, storm, actor, ttl } = *offered;
        event.automatic_block = Some(blocks.block(Wish {
            actor,
            event_id: event.event_id.clone(),
            policy_id: event.policy_id.clone(),
            ttl,
        }));
        events.offer_equal(storm, event);
    }
}
