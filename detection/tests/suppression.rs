//! What is ignored raises no event, and only that.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use portcullis_detection::{Detection, Engine, PolicySet, Suppression, Suppressions};
use portcullis_exchange::Timestamp;

/// `GET /download?file=../../../../etc/passwd` of 203.0.113.7, at the epoch.
fn detection() -> Detection {
    let set = PolicySet::builtin();
    let policy = set.get("LocalFileInclusionLFIRFI").unwrap();
    let exchange = &policy.examples.matching.first().unwrap().exchange;
    Engine::new(set.clone()).judge(exchange).remove(0)
}

fn suppression(id: &str) -> Suppression {
    Suppression { id: id.into(), ..Suppression::default() }
}

#[test]
fn every_field_that_is_given_must_fit() {
    let fitting = Suppression {
        actor: "203.0.113.7".into(),
        policy_id: "LocalFileInclusionLFIRFI".into(),
        method: "GET".into(),
        url: "/download".into(),
        ..suppression("s")
    };
    assert!(Suppressions::new([fitting.clone()]).matches(&detection()).is_some());
    for other in [
        Suppression { actor: "203.0.113.8".into(), ..fitting.clone() },
        Suppression { policy_id: "XSS".into(), ..fitting.clone() },
        Suppression { method: "POST".into(), ..fitting.clone() },
        Suppression { url: "/download/more".into(), ..fitting.clone() },
        Suppression { host: "api.example".into(), ..fitting },
    ] {
        assert!(Suppressions::new([other.clone()]).matches(&detection()).is_none(), "{other:?}");
    }
}

#[test]
fn hits_are_counted_and_outlive_a_change_of_the_same_suppression() {
    let mut set = Suppressions::new([suppression("a")]);
    assert!(set.matches(&detection()).is_some());
    assert!(set.matches(&detection()).is_some());
    set.insert(Suppression { method: "GET".into(), ..suppression("a") });
    assert_eq!(set.iter().map(|(_, hits)| hits).collect::<Vec<_>>(), [2]);
    assert!(set.remove("a") && !set.remove("a"));
    assert!(set.matches(&detection()).is_none());
}

#[test]
fn one_with_an_end_ends() {
    let until = |seconds| Suppression { until: Some(Timestamp::from_seconds(seconds)), ..suppression("a") };
    assert!(Suppressions::new([until(10)]).matches(&detection()).is_some());
    let mut ended = Suppressions::new([until(0)]);
    assert!(ended.matches(&detection()).is_none());
    assert_eq!(ended.expire(Timestamp::from_seconds(1)), 1);
    assert!(ended.is_empty());
}
