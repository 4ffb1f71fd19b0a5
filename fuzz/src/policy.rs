//! The text of a policy: an error, or a policy that an engine can run.

use portcullis_detection::{Engine, PolicySet};

pub fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (policies, errors) = PolicySet::parse([("fuzz.yaml", text)]);
    assert_eq!(policies.len() + errors.len(), 1);
    assert!(errors.iter().all(|error| error.to_string().starts_with("fuzz.yaml")));
    Engine::new(policies);
}
