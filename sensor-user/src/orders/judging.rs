use std::collections::BTreeMap;

use portcullis_proto::v1::{self, change::Change};

use crate::{configuration::Configuration, policies};

/// What the control plane says of judging. It goes over what this sensor was started with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judging {
    /// Texts by id. An empty one keeps the policy of that id out of force.
    pub policies: BTreeMap<String, String>,
    /// The last that could be carried out.
    pub configuration: Option<v1::ThreatConfiguration>,
}

impl Judging {
    /// Whether it was one for this.
    pub(super) fn take(&mut self, change: &Change) -> bool {
        match change {
            Change::SavePolicy(v1::SavedPolicy { id, content }) => {
                self.policies.insert(id.clone(), content.clone());
            }
            Change::RestorePolicy(restored) => {
                self.policies.remove(&restored.id);
            }
            Change::ThreatConfiguration(configuration) => self.configuration = Some(configuration.clone()),
            _ => return false,
        }
        true
    }

    /// Ready to be used; `None` where there is none. What is kept was looked at before it was taken.
    pub fn configured(&self) -> Option<Configuration> {
        let message = self.configuration.as_ref()?;
        Configuration::parse(message)
            .inspect_err(|problem| tracing::error!(problem, "the kept threat configuration is not in force"))
            .ok()
    }

    /// As changes that lead here from nothing.
    pub(super) fn changes(&self) -> impl Iterator<Item = Change> {
        let saved = self.policies.iter().map(|(id, content)| {
            Change::SavePolicy(v1::SavedPolicy { id: id.clone(), content: content.clone() })
        });
        saved.chain(self.configuration.clone().map(Change::ThreatConfiguration))
    }
}

/// Why a change cannot be carried out here: of another version than this sensor, perhaps. What was there before stays.
pub(super) fn refuse(change: &Change) -> Option<v1::Refusal> {
    let (what, reason) = match change {
        Change::SavePolicy(saved) if saved.content.is_empty() => return None,
        Change::SavePolicy(saved) => {
            let problem = policies::parse_saved(&saved.id, &saved.content).err()?;
            (format!("policy {}", saved.id), problem)
        }
        Change::ThreatConfiguration(configuration) => {
            let problem = Configuration::parse(configuration).err()?;
            ("threat configuration".to_owned(), problem)
        }
        _ => return None,
    };
    Some(v1::Refusal { cidr: String::new(), what, reason })
}
