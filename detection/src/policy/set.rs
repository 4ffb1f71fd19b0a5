use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};

use super::{Place, Policy, PolicyError, parse::parse};

static BUILTIN_FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../policies");

static BUILTIN: LazyLock<(PolicySet, Vec<PolicyError>)> = LazyLock::new(|| {
    let mut files: Vec<_> = BUILTIN_FILES
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    PolicySet::parse(files)
});

/// Policies by id, in the order they were read. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Vec<Arc<Policy>>,
}

impl PolicySet {
    /// The policies that come with the sensor: `policies/*.yaml` of the source tree.
    pub fn builtin() -> Self {
        BUILTIN.0.clone()
    }

    /// What is wrong with the built-in policies: nothing, as a test holds.
    pub fn builtin_errors() -> &'static [PolicyError] {
        &BUILTIN.1
    }

    /// Reads `(file name, YAML text)` pairs. Each bad file gives one error, and the good ones are kept.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> (Self, Vec<PolicyError>) {
        Self::default().parse_over(files)
    }

    /// Like [`PolicySet::parse`], but where a file is bad, the version that `self` holds from the file of the same
    /// name stays in force.
    pub fn parse_over<N: AsRef<str>, T: AsRef<str>>(
        &self,
        files: impl IntoIterator<Item = (N, T)>,
    ) -> (Self, Vec<PolicyError>) {
        self.read_over(files.into_iter().map(|(file, text)| (file, Ok(text))))
    }

    /// Like [`PolicySet::parse_over`], for files of which some could not even be read, and why.
    pub fn read_over<N: AsRef<str>, T: AsRef<str>>(
        &self,
        files: impl IntoIterator<Item = (N, Result<T, String>)>,
    ) -> (Self, Vec<PolicyError>) {
        let (mut set, mut errors) = (Self::default(), Vec::new());
        for (file, text) in files {
            let file = file.as_ref();
            let text = text.map_err(|reason| PolicyError::at(file, Place::default(), reason));
            let parsed = text.and_then(|text| parse(file, text.as_ref()));
            let parsed = parsed.and_then(|(policy, place)| match set.get(&policy.id) {
                Some(first) => {
                    let message = format!("duplicate id `{}`: {} has it already", policy.id, first.file);
                    Err(PolicyError::at(file, place, message))
                }
                None => Ok(Arc::new(policy)),
            });
            match parsed {
                Ok(policy) => set.policies.push(policy),
                Err(error) => {
                    errors.push(error);
                    let last_good = self.policies.iter().find(|policy| &*policy.file == file);
                    set.policies.extend(last_good.filter(|policy| set.get(&policy.id).is_none()).cloned());
                }
            }
        }
        (set, errors)
    }

    /// This set with `over` on top: a policy there replaces the one with the same id here.
    #[must_use]
    pub fn overlaid(mut self, over: Self) -> Self {
        for policy in over.policies {
            match self.policies.iter_mut().find(|known| known.id == policy.id) {
                Some(known) => *known = policy,
                None => self.policies.push(policy),
            }
        }
        self
    }

    /// This set without the policies of these ids.
    #[must_use]
    pub fn without(mut self, is_out: impl Fn(&str) -> bool) -> Self {
        self.policies.retain(|policy| !is_out(&policy.id));
        self
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Policy> {
        self.policies.iter().map(AsRef::as_ref)
    }

    pub fn get(&self, id: &str) -> Option<&Policy> {
        self.iter().find(|policy| &*policy.id == id)
    }

    pub fn len(&self) -> usize {
        self.policies.len()
    }

    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    pub(crate) fn shared(&self) -> &[Arc<Policy>] {
        &self.policies
    }
}
