mod configuration;

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
        Self::set_in(tempfile::tempdir().unwrap())
    }

    /// As after a restart.
    fn again(self) -> Self {
        drop(self.node);
        Self::set_in(self._folder)
    }

    fn set_in(folder: tempfile::TempDir) -> Self {
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
            Judged { policies, learned, following: Following::default() },
            Vec::new(),
            Watched::nothing(),
            Role {
                name: "edge-1".to_owned(),
                capture: Capture::Pcap,
                interfaces: Vec::new(),
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
    scene.revise(save("Strict", &format!("mode: block\n{STRICT}")));
    let decisions = [scene.strike("203.0.113.1"), scene.strike("203.0.113.2")];
    assert_eq!(decisions, [BlockDecision::Blocked, BlockDecision::HeldBack]);
    scene.arm("edge-2");
    assert_eq!(scene.automatic_blocking(), "tripped");
    scene.arm("edge-1");
    assert_eq!((scene.automatic_blocking().as_str(), scene.node.revision()), ("armed", 3));
    assert_eq!(scene.strike("203.0.113.2"), BlockDecision::Blocked);
    assert_eq!(scene.strike("203.0.113.3"), BlockDecision::HeldBack);
    scene.arm("");
    assert_eq!(scene.automatic_blocking(), "armed");
}

const STRICT: &str = "id: Strict\nfilter: {url: {contains_either: [/strict]}}\n";

fn save(id: &str, content: &str) -> Change {
    Change::SavePolicy(v1::SavedPolicy { id: id.to_owned(), content: content.to_owned() })
}

impl Scene {
    fn finds(&self, request: &str) -> Vec<String> {
        let exchange = portcullis_detection::Example::parse(request.as_bytes()).unwrap().exchange;
        let found = self.node.policies.engine().judge(&exchange);
        found.iter().map(|one| one.policy_id.to_string()).collect()
    }
}

#[test]
fn a_saved_policy_judges_at_once_and_one_that_cannot_be_read_leaves_the_last_good_one() {
    let scene = Scene::set();
    assert_eq!(scene.finds("GET /strict"), [""; 0]);
    assert_eq!(scene.revise(save("Strict", STRICT)).unwrap().refusals, []);
    assert_eq!(scene.finds("GET /strict"), ["Strict"]);

    let refused = scene.revise(save("Strict", "id: Strict\nfilter: {of_another_version: 1}\n")).unwrap();
    assert_eq!(refused.revision, 2, "the sensor goes on");
    assert_eq!(refused.refusals[0].what, "policy Strict");
    assert!(refused.refusals[0].reason.contains("Strict.yaml:2:"), "{:?}", refused.refusals);
    assert_eq!(scene.finds("GET /strict"), ["Strict"]);
    assert!(scene.node.counted().contains("policies_saved=1"), "{}", scene.node.counted());

    scene.revise(save("Strict", ""));
    assert_eq!(scene.finds("GET /strict"), [""; 0], "kept out of force");
    scene.revise(Change::RestorePolicy(v1::RestorePolicy { id: "Strict".to_owned() }));
    assert_eq!(scene.finds("GET /strict"), [""; 0], "the sensor has none of that id");
}

#[test]
fn saved_policies_outlive_the_process_and_a_snapshot_replaces_them() {
    let scene = Scene::set();
    scene.revise(save("Strict", STRICT));
    let scene = scene.again();
    assert_eq!(scene.finds("GET /strict"), ["Strict"]);

    let policies = vec![
        v1::SavedPolicy { id: "Strict".into(), content: "id: Strict\nnonsense: 1\n".into() },
        v1::SavedPolicy { id: "Other".into(), content: STRICT.replace("Strict", "Other") },
    ];
    let snapshot = v1::Snapshot { revision: 9, policies, ..v1::Snapshot::default() };
    let message = ControlMessage { message: Some(Message::Snapshot(snapshot)) };
    let applied = scene.node.apply(message).unwrap().unwrap();
    assert_eq!(applied.refusals.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["policy Strict"]);
    assert_eq!(scene.finds("GET /strict"), ["Other", "Strict"], "the last good one of each");
    let snapshot = v1::Snapshot { revision: 10, ..v1::Snapshot::default() };
    scene.node.apply(ControlMessage { message: Some(Message::Snapshot(snapshot)) }).unwrap();
    assert_eq!(scene.finds("GET /strict"), [""; 0]);
}

#[test]
fn policies_may_block_once_one_that_asks_for_it_is_saved() {
    let scene = Scene::set();
    assert_eq!(scene.automatic_blocking(), "off");
    let block = Change::Block(Block { cidr: "203.0.113.0/24".into(), ..Block::default() });
    scene.revise(block);
    scene.revise(save("Strict", &format!("mode: block\n{STRICT}")));
    assert_eq!(scene.automatic_blocking(), "armed");
    assert_eq!(scene.strike("203.0.113.7"), BlockDecision::Blocked, "what was blocked before is known");
    assert!(scene.node.counted().contains("automatic_blocks_repeated_total=1"));
    scene.revise(save("Strict", STRICT));
    assert_eq!(scene.automatic_blocking(), "off");
}
