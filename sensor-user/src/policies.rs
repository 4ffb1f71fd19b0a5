//! Which policies this sensor judges by: the built-in ones, or a folder of the user's.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use portcullis_detection::{PolicyError, PolicySet};

/// A policy is a page of text; what is larger is something else.
const MAX_FILE: u64 = 1 << 20;

/// The policies that can run, and why the others cannot.
#[derive(Debug)]
pub struct Loaded {
    pub set: PolicySet,
    pub errors: Vec<PolicyError>,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read policies: {0}; check the path given to --policies")]
    Unreadable(#[from] std::io::Error),
    #[error("{0} is larger than 1 MiB, which no policy is; move it elsewhere")]
    TooLarge(PathBuf),
    #[error(
        "{0} holds no *.yaml or *.yml file; put policies there, or leave --policies out for the built-in ones"
    )]
    Empty(PathBuf),
}

/// The built-in policies, or every `*.yaml` and `*.yml` of a folder, in order of name.
pub fn load(folder: Option<&Path>) -> Result<Loaded, LoadError> {
    let Some(folder) = folder else {
        return Ok(Loaded { set: PolicySet::builtin(), errors: Vec::new() });
    };
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml")) && path.is_file() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(LoadError::Empty(folder.to_owned()));
    }
    paths.sort_unstable();
    let files = paths.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let (set, errors) = PolicySet::parse(files);
    Ok(Loaded { set, errors })
}

/// Bytes that are no UTF-8 become replacement characters, so that the YAML error says where they are.
fn read(path: PathBuf) -> Result<(String, String), LoadError> {
    let mut bytes = Vec::new();
    fs_err::File::open(&path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(LoadError::TooLarge(path));
    }
    Ok((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()))
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
        fs_err::write(folder.path().join("notes.txt"), "no policy").unwrap();
        let loaded = load(Some(folder.path())).unwrap();
        assert_eq!(loaded.set.iter().map(|policy| policy.id.to_string()).collect::<Vec<_>>(), ["Good"]);
        let [error] = loaded.errors.as_slice() else { panic!("{:?}", loaded.errors) };
        assert!(error.to_string().contains("bad.yml:2:"), "{error}");
    }
}
