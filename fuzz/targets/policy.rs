//! The text of a policy: an error, or a policy that an engine can run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_detection::{Engine, PolicySet};

fuzz_target!(|text: &str| {
    let (policies, errors) = PolicySet::parse([("fuzz.yaml", text)]);
    assert_eq!(policies.len() + errors.len(), 1);
    assert!(errors.iter().all(|error| error.to_string().starts_with("fuzz.yaml")));
    Engine::new(policies);
});
