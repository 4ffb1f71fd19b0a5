use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
};

use portcullis_detection::{PolicyError, PolicySet};

use crate::{failure::Failure, output::Output};

/// A policy is a page of text; what is larger is something else.
const MAX_FILE: u64 = 1 << 20;

/// What was found below some paths.
pub(super) struct Policies {
    pub(super) files: usize,
    pub(super) set: PolicySet,
    pub(super) errors: Vec<PolicyError>,
}

/// Every file that is named, and every `*.yaml` and `*.yml` of every folder.
pub(super) fn read(paths: &[PathBuf]) -> Result<Policies, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            files.extend(listed(path).map_err(|error| unreadable(path, &error))?);
            if files.len() == before {
                let message = format!("{} holds no *.yaml or *.yml file", path.display());
                return Err(Failure::Usage(message));
            }
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(Failure::Usage(format!("{}: no such file or folder", path.display())));
        }
    }
    let texts = files.iter().map(|path| (path.display().to_string(), text(path)));
    let (set, errors) = PolicySet::default().read_over(texts);
    Ok(Policies { files: files.len(), set, errors })
}

/// The policies to work with: each that cannot be read is told, and there must be one that can. Without paths, the
/// built-in ones.
pub(super) fn usable(paths: &[PathBuf], output: &mut Output<'_>) -> Result<PolicySet, Failure> {
    if paths.is_empty() {
        return Ok(PolicySet::builtin());
    }
    let read = read(paths)?;
    for error in &read.errors {
        output.note(&format!("error: {error}"));
    }
    if read.set.is_empty() {
        return Err(Failure::Usage("no policy is left to work with; correct the errors above".to_owned()));
    }
    Ok(read.set)
}

fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml")) && path.is_file() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{} cannot be read: {error}", path.display()))
}

fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err("is larger than 1 MiB, which no policy is".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
