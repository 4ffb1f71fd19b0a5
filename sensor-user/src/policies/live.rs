use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use portcullis_detection::{Engine, Mode, PolicySet};

use super::{Loaded, Saved, folder::Stamp, load_over};
use crate::counters::Counters;

/// The policies in force, which follow their folder: a change is taken up whole, between two exchanges, and windows go
/// on. What is bad is told and counted, and its last good version stays.
#[derive(Debug)]
pub struct LivePolicies {
    engine: ArcSwap<Engine>,
    /// Held while the engine is changed: the folder and the control plane may both have new ones.
    layers: Mutex<Layers>,
    followed: Option<Mutex<Followed>>,
    bad_files: AtomicU64,
    loads: AtomicU64,
    failures: AtomicU64,
}

/// What the engine's policies are put together from.
#[derive(Debug)]
struct Layers {
    own: PolicySet,
    saved: Saved,
}

#[derive(Debug)]
struct Followed {
    folder: std::path::PathBuf,
    loaded: Stamp,
    /// What the last look found, if it was not what is loaded: a change is taken up once it has settled, or the half of a
    /// file that is being written would be told to be bad.
    unsettled: Option<Stamp>,
    /// The folder itself could not be used at the last look; told once.
    is_lost: bool,
}

impl LivePolicies {
    pub fn new(loaded: Loaded) -> Self {
        let Loaded { set, errors, folder } = loaded;
        let followed = folder
            .map(|(folder, loaded)| Mutex::new(Followed { folder, loaded, unsettled: None, is_lost: false }));
        Self {
            engine: ArcSwap::from_pointee(Engine::new(set.clone())),
            layers: Mutex::new(Layers { own: set, saved: Saved::default() }),
            followed,
            bad_files: AtomicU64::new(errors.len() as u64),
            loads: AtomicU64::new(1),
            failures: AtomicU64::new(u64::from(!errors.is_empty())),
        }
    }

    /// Policies that stay as they are.
    pub fn fixed(set: PolicySet) -> Self {
        Self::new(Loaded { set, ..Loaded::builtin() })
    }

    pub fn engine(&self) -> arc_swap::Guard<Arc<Engine>> {
        self.engine.load()
    }

    /// Puts these over the sensor's own, in the place of those before; between two exchanges, and windows go on.
    pub fn overlay(&self, saved: Saved) {
        self.change(|layers| layers.saved = saved);
    }

    /// Whether one in force asks for blocks.
    pub fn ask_for_blocks(&self) -> bool {
        self.engine.load().policies().iter().any(|one| one.enabled && one.mode == Mode::Block)
    }

    fn change(&self, change: impl FnOnce(&mut Layers)) {
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut layers);
        let set = layers.saved.over(&layers.own);
        self.engine.store(Arc::new(self.engine.load().with_policies(set)));
    }

    /// Looks whether the folder has changed, and takes up what has settled since the look before. To be called every
    /// second or so; it waits for the disk.
    pub fn look(&self) {
        let Some(followed) = &self.followed else { return };
        let mut followed = followed.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match Stamp::of(&followed.folder) {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return self.lose(&mut followed, "it holds no *.yaml or *.yml file"),
            Err(error) => return self.lose(&mut followed, &error.to_string()),
        };
        followed.is_lost = false;
        if found == followed.loaded {
            followed.unsettled = None;
            return;
        }
        if followed.unsettled.as_ref() != Some(&found) {
            followed.unsettled = Some(found);
            return;
        }
        followed.unsettled = None;
        followed.loaded = found;
        self.load(&mut followed);
    }

    fn load(&self, followed: &mut Followed) {
        let known = self.layers.lock().unwrap_or_else(PoisonError::into_inner).own.clone();
        let loaded = match load_over(&known, &followed.folder) {
            Ok(loaded) => loaded,
            Err(error) => return self.lose(followed, &error.to_string()),
        };
        for error in &loaded.errors {
            let stays = loaded.set.iter().any(|policy| &*policy.file == error.file());
            let instead = if stays { "its last good version stays in force" } else { "it is not in force" };
            tracing::error!("{error}; {instead}");
        }
        let (policies, bad) = (loaded.set.len(), loaded.errors.len());
        tracing::info!(policies, bad_files = bad, folder = %followed.folder.display(), "policies loaded anew");
        self.change(|layers| layers.own = loaded.set);
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.bad_files.store(bad as u64, Ordering::Relaxed);
        self.failures.fetch_add(u64::from(bad > 0), Ordering::Relaxed);
    }

    fn lose(&self, followed: &mut Followed, reason: &str) {
        if !std::mem::replace(&mut followed.is_lost, true) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                "policies in {} cannot be loaded: {reason}; the last good ones stay in force",
                followed.folder.display()
            );
        }
    }

    pub fn counters(&self) -> Counters {
        let engine = self.engine.load();
        let mut counters: Counters = engine.counters().into_iter().collect();
        let enabled = engine.policies().iter().filter(|policy| policy.enabled).count();
        counters.add("policies", enabled as u64);
        let saved = self.layers.lock().unwrap_or_else(PoisonError::into_inner).saved.len();
        counters.add("policies_saved", saved as u64);
        counters.add("policies_bad_files", self.bad_files.load(Ordering::Relaxed));
        counters.add("policies_loads_total", self.loads.load(Ordering::Relaxed));
        counters.add("policies_failed_loads_total", self.failures.load(Ordering::Relaxed));
        counters
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use portcullis_detection::Example;

    use super::*;
    use crate::policies::load;

    fn write(folder: &Path, name: &str, text: &str) {
        // As editors do it: a new file in the place of the old one.
        let draft = folder.join("draft");
        fs_err::write(&draft, text).unwrap();
        fs_err::rename(draft, folder.join(name)).unwrap();
    }

    fn events(policies: &LivePolicies, request: &str) -> Vec<String> {
        let exchange = Example::parse(request.as_bytes()).unwrap().exchange;
        policies.engine().judge(&exchange).iter().map(|found| found.policy_id.to_string()).collect()
    }

    #[test]
    fn a_change_is_taken_up_once_it_has_settled_and_a_bad_file_keeps_its_last_good_version() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.yaml", "id: A\nfilter:\n  url: {contains_either: [/secret]}\n");
        write(folder.path(), "b.yaml", "id: B\nfilter:\n  url: {contains_either: [/other]}\n");
        let policies = LivePolicies::new(load(Some(folder.path())).unwrap());
        assert_eq!(events(&policies, "GET /secret"), ["A"]);

        write(folder.path(), "a.yaml", "id: A\nfilter:\n  urll: {contains_either: [/secret]}\n");
        policies.look();
        assert_eq!(policies.counters().value("policies_loads_total"), 1, "not settled yet");
        policies.look();
        assert_eq!(events(&policies, "GET /secret"), ["A"], "the last good version");
        let counters = policies.counters();
        assert_eq!(counters.value("policies_bad_files"), 1);
        assert_eq!(counters.value("policies_failed_loads_total"), 1);
        assert_eq!(counters.value("policies"), 2);

        write(folder.path(), "a.yaml", "id: A\nfilter:\n  url: {contains_either: [/mended]}\n");
        policies.look();
        policies.look();
        assert_eq!(events(&policies, "GET /mended"), ["A"]);
        assert!(events(&policies, "GET /secret").is_empty());
        assert_eq!(policies.counters().value("policies_bad_files"), 0);

        fs_err::remove_file(folder.path().join("b.yaml")).unwrap();
        policies.look();
        policies.look();
        assert_eq!(policies.counters().value("policies"), 1);
        fs_err::remove_file(folder.path().join("a.yaml")).unwrap();
        policies.look();
        policies.look();
        assert_eq!(events(&policies, "GET /mended"), ["A"], "an emptied folder takes nothing out of force");
        assert_eq!(policies.counters().value("policies_failed_loads_total"), 2, "told once");
    }

    #[test]
    fn windows_go_on_through_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let rule = "aggregation_rules:\n  - rule: {condition: {matchCount: 3, windowThreshold: 5}}\n";
        let text = |name: &str| format!("id: W\ninfo: {{name: {name}}}\nfilter:\n  url: {{eq: /x}}\n{rule}");
        write(folder.path(), "w.yaml", &text("first"));
        let policies = LivePolicies::new(load(Some(folder.path())).unwrap());
        assert!(events(&policies, "GET /x").is_empty());
        assert!(events(&policies, "GET /x").is_empty());
        write(folder.path(), "w.yaml", &text("second"));
        policies.look();
        policies.look();
        assert_eq!(policies.counters().value("policies_loads_total"), 2);
        assert_eq!(events(&policies, "GET /x"), ["W"], "the third within the window");
    }
}
