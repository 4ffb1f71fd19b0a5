//! Which policies this sensor judges by: the built-in ones, or a folder of the user's, which may change while it runs.

mod folder;
mod live;
mod saved;

use std::path::{Path, PathBuf};

use portcullis_detection::{PolicyError, PolicySet};

use self::folder::Stamp;
pub use self::{
    live::LivePolicies,
    saved::{Saved, parse_saved},
};

/// The policies that can run, and why the others cannot.
#[derive(Debug)]
pub struct Loaded {
    pub set: PolicySet,
    pub errors: Vec<PolicyError>,
    /// Where they come from, and what was there then.
    folder: Option<(PathBuf, Stamp)>,
}

impl Loaded {
    pub fn builtin() -> Self {
        Self { set: PolicySet::builtin(), errors: Vec::new(), folder: None }
    }

    /// Whether others may come while the sensor runs.
    pub fn may_change(&self) -> bool {
        self.folder.is_some()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read policies: {0}; check the path given to --policies")]
    Unreadable(#[from] std::io::Error),
    #[error(
        "{0} holds no *.yaml or *.yml file; put policies there, or leave --policies out for the built-in ones"
    )]
    Empty(PathBuf),
}

/// The built-in policies, or every `*.yaml` and `*.yml` of a folder, in order of name.
pub fn load(folder: Option<&Path>) -> Result<Loaded, LoadError> {
    folder.map_or_else(|| Ok(Loaded::builtin()), |folder| load_over(&PolicySet::default(), folder))
}

/// Where a file is bad, what `known` has from the file of that name stays.
fn load_over(known: &PolicySet, folder: &Path) -> Result<Loaded, LoadError> {
    let stamp = Stamp::of(folder)?;
    if stamp.is_empty() {
        return Err(LoadError::Empty(folder.to_owned()));
    }
    let (set, errors) = known.read_over(stamp.files().map(folder::read));
    Ok(Loaded { set, errors, folder: Some((folder.to_owned(), stamp)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_absent_folder_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(Some(folder.path())), Err(LoadError::Empty(_))));
        assert!(matches!(load(Some(&folder.path().join("absent"))), Err(LoadError::Unreadable(_))));
    }

    #[test]
    fn a_bad_file_is_named_with_its_place_and_the_good_ones_run() {
        let folder = tempfile::tempdir().unwrap();
        let good = "id: Good\nfilter:\n  url:\n    contains_either: [\"/secret\"]\n";
        fs_err::write(folder.path().join("good.yaml"), good).unwrap();
        fs_err::write(folder.path().join("bad.yml"), "id: Bad\nfliter: {}\n").unwrap();
        fs_err::write(folder.path().join("huge.yaml"), vec![b'#'; 2 << 20]).unwrap();
        fs_err::write(folder.path().join("notes.txt"), "no policy").unwrap();
        let loaded = load(Some(folder.path())).unwrap();
        assert_eq!(loaded.set.iter().map(|policy| policy.id.to_string()).collect::<Vec<_>>(), ["Good"]);
        let [bad, huge] = loaded.errors.as_slice() else { panic!("{:?}", loaded.errors) };
        assert!(bad.to_string().contains("bad.yml:2:"), "{bad}");
        assert!(huge.to_string().contains("huge.yaml: is larger than 1 MiB"), "{huge}");
    }
}
