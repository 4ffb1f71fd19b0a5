use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use portcullis_proto::v1::{self, CaptureMode, ControlMessage, change::Change, control_message::Message};

use super::{Mode, Rule, Rules, RulesError};
use crate::state_dir;

/// The rules in force, and the file where the next start finds them.
pub struct KeptRules {
    file: PathBuf,
    rules: Arc<ArcSwap<Rules>>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeptRulesError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{path} is damaged: {error}; remove it, and the control plane sends the rules again")]
    Damaged { path: PathBuf, error: serde_json::Error },
    #[error("{path}: {error}; remove it, and the control plane sends the rules again")]
    Rules { path: PathBuf, error: RulesError },
}

impl KeptRules {
    /// No rules where there is no file yet.
    pub fn open(file: PathBuf) -> Result<Self, KeptRulesError> {
        let rules = read(&file)?;
        Ok(Self { file, rules: Arc::new(ArcSwap::from_pointee(rules)) })
    }

    pub fn rules(&self) -> Arc<ArcSwap<Rules>> {
        Arc::clone(&self.rules)
    }

    /// Takes and keeps the rules that a message of the control plane brings, if it brings any, and gives them. What
    /// cannot be kept to as a whole is refused as a whole, and the rules before stay.
    pub fn take(&self, message: &ControlMessage) -> Option<Result<Arc<Rules>, v1::Refusal>> {
        let ordered = ordered(message)?;
        let refusal = |cidr: &str, reason: String| v1::Refusal {
            cidr: cidr.to_owned(),
            reason,
            what: "capture rules".to_owned(),
        };
        let rules: Result<Vec<Rule>, _> = ordered.rules.iter().map(rule).collect();
        let rules = match rules.map(Rules::new) {
            Ok(Ok(rules)) => Arc::new(rules),
            Ok(Err(error)) => return Some(Err(refusal("", error.to_string()))),
            Err(cidr) => {
                let reason = "a capture rule that this version does not understand: none of them is taken";
                return Some(Err(refusal(cidr, reason.to_owned())));
            }
        };
        if **self.rules.load() != *rules {
            self.rules.store(Arc::clone(&rules));
            if let Err(error) = write(&self.file, &rules) {
                tracing::error!(%error, "capture rules hold, but are not kept for the next start; check that the state folder can be written");
            }
        }
        Some(Ok(rules))
    }
}

/// A snapshot without rules says that there are none.
fn ordered(message: &ControlMessage) -> Option<v1::CaptureRules> {
    match message.message.as_ref()? {
        Message::Snapshot(snapshot) => {
            let is_first = snapshot.piece.as_ref().is_none_or(|piece| piece.index == 0);
            is_first.then(|| snapshot.capture_rules.clone().unwrap_or_default())
        }
        Message::Revision(revision) => {
            let mut rules = revision.changes.iter().filter_map(|change| match &change.change {
                Some(Change::CaptureRules(rules)) => Some(rules),
                _ => None,
            });
            rules.next_back().cloned()
        }
        _ => None,
    }
}

fn rule(rule: &v1::CaptureRule) -> Result<Rule, &str> {
    let net = match rule.cidr.as_str() {
        "" => None,
        cidr => Some(cidr.parse::<IpNet>().map_err(|_| cidr)?.trunc()),
    };
    let port = match rule.port {
        0 => None,
        port => Some(u16::try_from(port).map_err(|_| rule.cidr.as_str())?),
    };
    let mode = match rule.mode() {
        CaptureMode::Full => Mode::Full,
        CaptureMode::Headers => Mode::Headers,
        CaptureMode::Off => Mode::Off,
        CaptureMode::Unspecified => return Err(&rule.cidr),
    };
    Ok(Rule { net, port, mode })
}

fn read(path: &Path) -> Result<Rules, KeptRulesError> {
    let text = match fs_err::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Rules::default()),
        Err(error) => return Err(error.into()),
    };
    let rules: Vec<Rule> = serde_json::from_slice(&text)
        .map_err(|error| KeptRulesError::Damaged { path: path.to_owned(), error })?;
    Rules::new(rules).map_err(|error| KeptRulesError::Rules { path: path.to_owned(), error })
}

fn write(path: &Path, rules: &Rules) -> io::Result<()> {
    let rules: Vec<&Rule> = rules.iter().collect();
    state_dir::replace(path, &serde_json::to_vec(&rules)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(rules: Option<Vec<v1::CaptureRule>>) -> ControlMessage {
        let capture_rules = rules.map(|rules| v1::CaptureRules { rules });
        let snapshot = v1::Snapshot { capture_rules, ..v1::Snapshot::default() };
        ControlMessage { message: Some(Message::Snapshot(snapshot)) }
    }

    fn off(cidr: &str, port: u32) -> v1::CaptureRule {
        v1::CaptureRule { cidr: cidr.to_owned(), port, mode: CaptureMode::Off.into() }
    }

    #[test]
    fn rules_outlive_the_sensor_and_a_snapshot_without_any_ends_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("capture-rules.json");
        let taken = KeptRules::open(file.clone()).unwrap().take(&message(Some(vec![off("10.0.0.9/8", 443)])));
        let rule = Rule { net: Some("10.0.0.0/8".parse().unwrap()), port: Some(443), mode: Mode::Off };
        assert_eq!(taken.unwrap().unwrap().iter().collect::<Vec<_>>(), [&rule]);
        let kept = KeptRules::open(file).unwrap();
        assert_eq!(kept.rules().load().iter().count(), 1);
        assert!(kept.take(&message(None)).unwrap().unwrap().is_empty());
    }

    #[test]
    fn a_rule_that_is_not_understood_leaves_the_rules_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptRules::open(folder.path().join("capture-rules.json")).unwrap();
        kept.take(&message(Some(vec![off("", 443)]))).unwrap().unwrap();
        for wrong in [off("nonsense", 0), off("", 70_000), v1::CaptureRule { mode: 9, ..off("", 1) }] {
            assert!(kept.take(&message(Some(vec![wrong]))).unwrap().is_err());
        }
        assert_eq!(kept.rules().load().iter().count(), 1);
    }
}
