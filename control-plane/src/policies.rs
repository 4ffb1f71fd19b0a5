//! The policies as they count: the built-in ones, and over them what people saved.

mod edit;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use portcullis_detection::{Policy, PolicyError, PolicySet};

pub(crate) use self::edit::{with_mode, with_top_level};
use crate::{
    auth,
    clock::EpochMillis,
    store::{PolicyStore, PolicyTimes, Result, SavedPolicy, StoredPolicy},
};

/// Texts whose reading is remembered; more than can be saved at once.
const REMEMBERED: usize = 1_024;

/// What policies came with the program, and what was read lately.
pub(crate) struct Policies {
    builtin: PolicySet,
    /// By digest of the text: reading one takes longer than finding it here.
    read: Mutex<HashMap<[u8; 32], PolicySet>>,
}

/// Where a policy's text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    /// Of people's own.
    Saved,
    /// In the place of a built-in one.
    Overriding,
}

impl Origin {
    pub(crate) const ALL: [Self; 3] = [Self::BuiltIn, Self::Saved, Self::Overriding];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Saved => "saved",
            Self::Overriding => "overriding",
        }
    }
}

/// A policy that is known here, in force or not.
pub(crate) struct Known {
    pub(crate) policy: Policy,
    pub(crate) origin: Origin,
    /// Neither put out of force by somebody nor by its own `enabled`.
    pub(crate) is_in_force: bool,
    pub(crate) stored: Option<StoredPolicy>,
}

impl Policies {
    pub(crate) fn new() -> Self {
        Self { builtin: PolicySet::builtin(), read: Mutex::default() }
    }

    pub(crate) fn builtin(&self) -> &PolicySet {
        &self.builtin
    }

    /// Has the store note the built-in policies, which may be others than those of the version before.
    pub(crate) fn note<S: PolicyStore + ?Sized>(&self, store: &S) -> Result<HashMap<String, PolicyTimes>> {
        let builtin = self.builtin.iter();
        let digests = builtin.map(|policy| (policy.id.to_string(), auth::digest(&policy.source))).collect();
        store.note_policies(digests, EpochMillis::now())
    }

    /// The one policy in a text, or why there is none.
    pub(crate) fn read(&self, text: &str) -> std::result::Result<PolicySet, Vec<PolicyError>> {
        let digest = auth::digest(text);
        if let Some(known) = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(known.clone());
        }
        let (set, errors) = PolicySet::parse([("content", text)]);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= REMEMBERED {
            read.clear();
        }
        read.insert(digest, set.clone());
        Ok(set)
    }

    /// Every policy, by id.
    pub(crate) fn known<S: PolicyStore + ?Sized>(&self, store: &S) -> Result<Vec<Known>> {
        let saved = store.saved_policies()?.into_iter();
        let mut saved: HashMap<String, StoredPolicy> = saved.map(|one| (one.saved.id.clone(), one)).collect();
        let mut known: Vec<Known> = Vec::with_capacity(self.builtin.len() + saved.len());
        for builtin in self.builtin.iter() {
            let stored = saved.remove(&*builtin.id);
            let own = stored.as_ref().and_then(|stored| self.stored(stored));
            let is_out = stored.as_ref().is_some_and(|stored| stored.saved.content.is_empty());
            let origin = if own.is_some() { Origin::Overriding } else { Origin::BuiltIn };
            let policy = own.unwrap_or_else(|| builtin.clone());
            known.push(Known { is_in_force: policy.enabled && !is_out, policy, origin, stored });
        }
        for stored in saved.into_values() {
            if let Some(policy) = self.stored(&stored) {
                let is_in_force = policy.enabled;
                known.push(Known { policy, origin: Origin::Saved, is_in_force, stored: Some(stored) });
            }
        }
        known.sort_by(|a, b| a.policy.id.cmp(&b.policy.id));
        Ok(known)
    }

    pub(crate) fn one<S: PolicyStore + ?Sized>(&self, store: &S, id: &str) -> Result<Option<Known>> {
        Ok(self.known(store)?.into_iter().find(|one| &*one.policy.id == id))
    }

    fn stored(&self, stored: &StoredPolicy) -> Option<Policy> {
        let SavedPolicy { id, content, .. } = &stored.saved;
        if content.is_empty() {
            return None;
        }
        let read = self.read(content).ok().and_then(|set| set.get(id).cloned());
        if read.is_none() {
            tracing::error!(policy = id, "a saved policy cannot be read by this version; save it again");
        }
        read
    }
}
