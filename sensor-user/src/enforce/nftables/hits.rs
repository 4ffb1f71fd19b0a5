//! What each block met, read beside the agent: where very many blocks have hits the kernel takes seconds to tell.

use std::{
    collections::BTreeSet,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use nix::errno::Errno;

use super::{
    elements::{self, Listed},
    netlink::Netlink,
    ruleset::Hook,
    sets::Shape,
};
use crate::enforce::BlockHits;

/// How long a report waits. What comes later is told the next time, what was known until then.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct HitsReader {
    ask: SyncSender<BTreeSet<Shape>>,
    answers: Receiver<Result<Vec<Listed>, Errno>>,
    asked: bool,
    known: Vec<Listed>,
}

impl HitsReader {
    /// For the network namespace of the calling thread.
    pub(super) fn start(hook: Hook) -> std::io::Result<Self> {
        let mut netlink = Netlink::open()?;
        let (ask, questions) = sync_channel::<BTreeSet<Shape>>(1);
        let (tell, answers) = sync_channel(1);
        thread::Builder::new().name("nft-hits".to_owned()).spawn(move || {
            for shapes in questions {
                if tell.send(read(&mut netlink, hook, &shapes)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { ask, answers, asked: false, known: Vec::new() })
    }

    /// As of now, or as of the last time that there was an answer.
    pub(super) fn read(&mut self, shapes: BTreeSet<Shape>) -> Result<Vec<BlockHits>, Errno> {
        if !self.asked {
            self.ask.try_send(shapes).map_err(|_| Errno::ESRCH)?;
            self.asked = true;
        }
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => {
                self.asked = false;
                self.known = answer?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Errno::ESRCH),
        }
        let met = |hit: &Listed| BlockHits { net: hit.net, packets: hit.packets, bytes: hit.bytes };
        Ok(self.known.iter().map(met).collect())
    }
}

fn read(netlink: &mut Netlink, hook: Hook, shapes: &BTreeSet<Shape>) -> Result<Vec<Listed>, Errno> {
    let mut all = Vec::new();
    for shape in shapes {
        match elements::list(netlink, hook, &shape.hits(), *shape) {
            Ok(hits) => all.extend(hits),
            // Somebody took the table away, which the next sweep finds.
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
