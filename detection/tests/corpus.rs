//! A sample of the labelled corpus next to the checkout, and the floors that the built-in policies keep on it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says no by panicking, and why it was skipped by printing"
)]

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use portcullis_detection::{
    Detection, Engine, EventType, PolicySet,
    corpus::{Label, Labelled},
};

/// The corpus file's lines, one in `step`; says why where there are none.
fn sample(name: &str, step: usize) -> Option<Vec<Labelled>> {
    let shared = std::env::var_os("PORTCULLIS_SHARED").map(PathBuf::from);
    let beside =
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(|above| above.join("shared"));
    let nested =
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).map(|above| above.join("shared"));
    let folder =
        shared.into_iter().chain(beside()).chain(nested()).find(|folder| folder.join("corpus").is_dir());
    let Some(folder) = folder else {
        println!("skipped: ../shared is not here");
        return None;
    };
    let file = File::open(folder.join("corpus").join(name)).unwrap();
    #[expect(clippy::disallowed_types, reason = "a test reads a file of known size")]
    let lines = BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines();
    Some(lines.step_by(step).map(|line| Labelled::parse(&line.unwrap()).unwrap()).collect())
}

fn judge(engine: &Engine, item: &Labelled) -> Vec<Detection> {
    let mut detections = engine.judge(&item.exchange);
    detections.retain(|detection| detection.event_type == EventType::Single);
    detections
}

fn rate(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

#[test]
fn most_attacks_are_found_and_hardly_a_benign_request_is_accused() {
    let Some(items) = sample("dev.jsonl.gz", 13) else { return };
    let engine = Engine::new(PolicySet::builtin());
    let (mut attacks, mut found, mut benign, mut accused, mut recorded, mut recorded_accused) =
        (0, 0, 0, 0, 0, 0);
    for item in items.iter().filter(|item| item.class != "sql-by-design") {
        let hit = usize::from(!judge(&engine, item).is_empty());
        match item.label {
            Label::Attack => (attacks, found) = (attacks + 1, found + hit),
            Label::Benign => {
                (benign, accused) = (benign + 1, accused + hit);
                if item.tier == "recorded" {
                    (recorded, recorded_accused) = (recorded + 1, recorded_accused + hit);
                }
            }
        }
    }
    let (tpr, fpr) = (rate(found, attacks), rate(accused, benign));
    let recorded = rate(recorded_accused, recorded);
    println!("TPR {tpr:.2} %, FPR {fpr:.2} %, recorded {recorded:.2} %");
    assert!(attacks > 900 && benign > 1900);
    assert!(tpr >= 88.0, "TPR {tpr:.2} %");
    assert!(fpr <= 0.6, "FPR {fpr:.2} %");
    assert!(recorded <= 0.25, "FPR of recorded traffic {recorded:.2} %");
}

#[test]
fn success_is_told_from_failure_by_the_answer() {
    let Some(items) = sample("exploit_pairs.jsonl.gz", 1) else { return };
    let engine = Engine::new(PolicySet::builtin());
    let (mut shown, mut successes, mut wrong) = (0, 0, 0);
    for item in &items {
        let evidence = judge(&engine, item).iter().any(|detection| detection.successful_exploit.is_some());
        match item.exploit_success {
            Some(true) => {
                (successes, shown) = (successes + 1, shown + usize::from(evidence));
                if !evidence {
                    println!("missed: {} {}", item.class, item.id);
                }
            }
            Some(false) => wrong += usize::from(evidence),
            None => {}
        }
    }
    println!("evidence in {shown} of {successes} successes, in {wrong} failures");
    assert!(successes > 100);
    assert_eq!(wrong, 0);
    assert!(rate(shown, successes) >= 76.0, "{shown} of {successes}");
}

#[test]
fn an_answer_that_leaks_is_told_and_is_no_attack_by_itself() {
    let Some(items) = sample("response_leaks.jsonl.gz", 1) else { return };
    let engine = Engine::new(PolicySet::builtin());
    let (mut leaks, mut told) = (0, 0);
    for item in &items {
        let detections = judge(&engine, item);
        let proven = detections.iter().any(|detection| detection.successful_exploit.is_some());
        assert!(!proven, "{}: a plain request exploits nothing", item.id);
        match item.label {
            Label::Attack => (leaks, told) = (leaks + 1, told + usize::from(!detections.is_empty())),
            Label::Benign => assert!(detections.is_empty(), "{}: leaks nothing", item.id),
        }
    }
    println!("{told} of {leaks} leaks told");
    assert!(leaks > 30 && rate(told, leaks) >= 95.0, "{told} of {leaks}");
}
