use portcullis_proto::v1::BlockDecision;

use super::*;
use crate::enforce::ledger::Ledger;

struct Scene {
    folder: tempfile::TempDir,
    ledger: Ledger,
    blocks: NodeBlocks,
    ordered: Box<dyn Enforcer>,
}

impl Scene {
    fn set() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self::open(tempfile::tempdir().unwrap(), limits)
    }

    fn open(folder: tempfile::TempDir, limits: Limits) -> Self {
        let ledger = Ledger::refusing("192.0.2.0/24", "it is a proxy");
        let blocks = NodeBlocks::open(Options {
            enforcer: Some(Box::new(ledger.clone())),
            cutter: Err("no proxy".to_owned()),
            limits,
            allow: Vec::new(),
            may_policies_block: true,
            file: folder.path().join("automatic-blocks.json"),
        })
        .unwrap();
        let ordered = blocks.ordered().unwrap();
        Self { folder, ledger, blocks, ordered }
    }

    /// A new start, after a reboot emptied the kernel.
    fn restarted(self) -> Self {
        Self::open(self.folder, Limits::default())
    }

    fn strike(&self, actor: &str) -> (BlockDecision, String) {
        let outcome = self.blocks.block(Wish {
            actor: actor.parse().unwrap(),
            event_id: format!("event of {actor}"),
            policy_id: "P".to_owned(),
            ttl: None,
        });
        (outcome.decision(), outcome.reason)
    }

    fn acknowledge(&self, actor: &str, refused: &str) {
        let event_id = format!("event of {actor}");
        self.blocks.acknowledge(&v1::AutomaticBlockAck { event_id, refused: refused.to_owned() });
    }

    fn waiting(&self) -> Vec<String> {
        self.blocks.unacknowledged().into_iter().map(|block| block.cidr).collect()
    }
}

fn forever(net: &str) -> Block {
    Block { net: net.parse().unwrap(), remaining: None }
}

const DONE: (BlockDecision, String) = (BlockDecision::Blocked, String::new());

#[test]
fn a_block_is_in_force_at_once_and_waits_to_be_told_with_the_time_it_has_left() {
    let scene = Scene::set();
    let mut made = scene.blocks.made();
    assert_eq!(scene.strike("203.0.113.7"), DONE);
    assert_eq!(scene.ledger.nets(), ["203.0.113.7/32"]);
    assert!(made.has_changed().unwrap());
    made.mark_unchanged();
    let told = scene.blocks.unacknowledged().remove(0);
    assert_eq!((told.cidr.as_str(), told.policy_id.as_str()), ("203.0.113.7/32", "P"));
    assert!(told.remaining_ms > 14_390_000 && told.remaining_ms <= 14_400_000, "{}", told.remaining_ms);
    let again = (BlockDecision::Blocked, "was blocked already".to_owned());
    assert_eq!(scene.strike("203.0.113.7"), again);
    assert!(!made.has_changed().unwrap(), "it is told once");
}

#[test]
fn who_must_stay_reachable_is_refused_and_takes_nothing_of_the_limit() {
    let scene = Scene::with(Limits { per_minute: 1, share: 100 });
    let refused = (BlockDecision::Refused, "it is a proxy".to_owned());
    assert_eq!([scene.strike("192.0.2.1"), scene.strike("192.0.2.1")], [refused.clone(), refused]);
    assert_eq!(scene.strike("203.0.113.7"), DONE);
    assert_eq!(scene.waiting(), ["203.0.113.7/32"]);
}

#[test]
fn past_the_limit_nothing_is_blocked_and_everybody_can_see_why() {
    let scene = Scene::with(Limits { per_minute: 2, share: 100 });
    assert_eq!([scene.strike("203.0.113.1"), scene.strike("203.0.113.2")], [DONE, DONE]);
    assert_eq!(scene.blocks.automatic_blocking().mode, "armed");
    let reason = "2 automatic blocks within a minute".to_owned();
    assert_eq!(scene.strike("203.0.113.3"), (BlockDecision::HeldBack, reason.clone()));
    assert_eq!(scene.ledger.nets().len(), 2);
    let shown = scene.blocks.automatic_blocking();
    assert_eq!((shown.mode.as_str(), shown.reason), ("tripped", reason));
    let counters = scene.blocks.counters();
    assert_eq!(counters.value("automatic_blocking_tripped"), 1);
    assert_eq!(counters.value("automatic_blocks_held_back_total"), 1);
}

#[test]
fn with_a_limit_of_nought_policies_block_nobody() {
    let scene = Scene::with(Limits { per_minute: 0, share: 100 });
    assert_eq!(scene.strike("203.0.113.1").0, BlockDecision::Refused);
    assert_eq!(scene.blocks.automatic_blocking().mode, "off");
}

#[test]
fn a_restart_without_the_control_plane_puts_it_in_force_again_and_still_tells_it() {
    let scene = Scene::set();
    scene.strike("203.0.113.7");
    let scene = scene.restarted();
    assert_eq!(scene.ledger.nets(), ["203.0.113.7/32"]);
    assert_eq!(scene.waiting(), ["203.0.113.7/32"]);
}

#[test]
fn an_older_snapshot_does_not_lift_it_and_one_that_knows_of_it_may() {
    let mut scene = Scene::set();
    scene.strike("203.0.113.7");
    scene.ordered.replace(&[forever("198.51.100.1/32")]).unwrap();
    assert_eq!(scene.ledger.nets(), ["198.51.100.1/32", "203.0.113.7/32"]);
    assert!(scene.blocks.actors().covers("203.0.113.7".parse().unwrap()));
    scene.acknowledge("203.0.113.7", "");
    assert!(scene.waiting().is_empty());
    assert!(scene.ledger.nets().contains(&"203.0.113.7/32".to_owned()), "until the orders come");
    scene.ordered.replace(&[forever("198.51.100.1/32")]).unwrap();
    assert_eq!(scene.ledger.nets(), ["198.51.100.1/32"]);
    assert!(!scene.blocks.actors().covers("203.0.113.7".parse().unwrap()));
}

#[test]
fn once_it_is_an_order_the_orders_alone_decide() {
    let mut scene = Scene::set();
    scene.strike("203.0.113.7");
    scene.acknowledge("203.0.113.7", "");
    scene.ordered.block(&forever("203.0.113.7/32")).unwrap();
    scene.ordered.unblock("203.0.113.7/32".parse().unwrap()).unwrap();
    assert!(scene.ledger.nets().is_empty());
    assert!(scene.restarted().ledger.nets().is_empty());
}

#[test]
fn whoever_lifts_a_block_lifts_the_automatic_one_too() {
    let mut scene = Scene::set();
    scene.strike("203.0.113.7");
    scene.ordered.unblock("203.0.113.7/32".parse().unwrap()).unwrap();
    assert!(scene.ledger.nets().is_empty() && scene.waiting().is_empty());
}

#[test]
fn what_the_control_plane_would_not_have_is_lifted() {
    let scene = Scene::set();
    scene.strike("203.0.113.7");
    scene.acknowledge("203.0.113.7", "somebody has lifted it since");
    assert!(scene.ledger.nets().is_empty() && scene.waiting().is_empty());
}

#[test]
fn a_longer_order_is_not_shortened() {
    let mut scene = Scene::set();
    scene.ordered.block(&forever("203.0.113.0/24")).unwrap();
    scene.ordered.block(&forever("203.0.113.7/32")).unwrap();
    assert_eq!(scene.strike("203.0.113.7").1, "was blocked already");
    assert_eq!(scene.ledger.remaining("203.0.113.7/32"), None);
}
