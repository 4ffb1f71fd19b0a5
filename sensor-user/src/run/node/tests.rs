use std::{sync::mpsc, thread, time::Duration};

use portcullis_detection::PolicySet;
use portcullis_exchange::Timestamp;
use portcullis_proto::v1::{ArmAutomaticBlocking, Block, BlockDecision, Revision};

use super::*;
use crate::{
    blocking::{Limits, Options, Wish},
    enforce::ledger::Ledger,
};

struct Scene {
    ledger: Ledger,
    node: RunningNode,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let ledger = Ledger::default();
        let blocks = NodeBlocks::open(Options {
            enforcer: Some(Box::new(ledger.clone())),
            cutter: Err("no proxy".to_owned()),
            limits: Limits { per_minute: 1, share: 100 },
            allow: Vec::new(),
            may_policies_block: true,
            file: file("automatic-blocks.json"),
        })
        .unwrap();
        let policies = Arc::new(LivePolicies::fixed(PolicySet::default()));
        let learned = KeptLearned::open(file("learned"), &policies.engine().learned(), Timestamp::default());
        let node = RunningNode::new(
            Orders::open(file("orders"), blocks.ordered()).unwrap(),
            KeptRules::open(file("capture-rules.json")).unwrap(),
            Blocking { blocks, heads: None, dropped: None },
            Judging { policies, learned },
            Vec::new(),
            Watched::nothing(),
            Role {
                name: "edge-1".to_owned(),
                capture: Capture::Pcap,
                account_id: String::new(),
                collection_id: 0,
            },
        );
        Self { ledger, node, _folder: folder }
    }

    fn revise(&self, change: Change) -> Option<Applied> {
        let number = self.node.revision() + 1;
        let revision = Revision { number, changes: vec![v1::Change { change: Some(change) }] };
        self.node.apply(ControlMessage { message: Some(Message::Revision(revision)) }).unwrap()
    }

    fn arm(&self, node: &str) {
        self.revise(Change::ArmAutomaticBlocking(ArmAutomaticBlocking { node: node.to_owned(), age_ms: 0 }));
    }

    fn strike(&self, actor: &str) -> BlockDecision {
        let wish = Wish {
            actor: actor.parse().unwrap(),
            event_id: format!("event of {actor}"),
            policy_id: "P".to_owned(),
            ttl: None,
        };
        self.node.blocking.blocks.block(wish).decision()
    }

    fn automatic_blocking(&self) -> String {
        self.node.report().automatic_blocking.unwrap().mode
    }
}

#[test]
fn a_block_that_comes_while_hits_are_counted_is_in_force_before_they_are() {
    let scene = Scene::set();
    let counting = scene.ledger.counting();
    let counts = counting.lock().unwrap();
    thread::scope(|threads| {
        let (say, reported) = mpsc::channel();
        let node = &scene.node;
        threads.spawn(move || {
            node.report();
            say.send(()).unwrap();
        });
        assert!(reported.recv_timeout(Duration::from_millis(50)).is_err(), "it is counting");
        let (say, applied) = mpsc::channel();
        let scene = &scene;
        threads.spawn(move || {
            scene.revise(Change::Block(Block { cidr: "203.0.113.7".to_owned(), ..Block::default() }));
            say.send(()).unwrap();
        });
        let applied = applied.recv_timeout(Duration::from_secs(5));
        drop(counts);
        applied.unwrap();
        reported.recv().unwrap();
    });
    assert_eq!(scene.ledger.nets(), ["203.0.113.7/32"]);
}

#[test]
fn where_automatic_blocking_has_tripped_a_revision_for_this_node_arms_it() {
    let scene = Scene::set();
    let decisions = [scene.strike("203.0.113.1"), scene.strike("203.0.113.2")];
    assert_eq!(decisions, [BlockDecision::Blocked, BlockDecision::HeldBack]);
    scene.arm("edge-2");
    assert_eq!(scene.automatic_blocking(), "tripped");
    scene.arm("edge-1");
    assert_eq!((scene.automatic_blocking().as_str(), scene.node.revision()), ("armed", 2));
    assert_eq!(scene.strike("203.0.113.2"), BlockDecision::Blocked);
    assert_eq!(scene.strike("203.0.113.3"), BlockDecision::HeldBack);
    scene.arm("");
    assert_eq!(scene.automatic_blocking(), "armed");
}
