use std::{
    fs::Metadata,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A policy is a page of text; what is larger is something else.
const MAX_FILE: u64 = 1 << 20;

/// What tells one state of a folder from another without reading its files. The change time is set by the kernel alone
/// (inode(7)), so no writer can keep it back, and behind a symbolic link, as Kubernetes mounts configuration, it is the
/// target that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<FileStamp>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    path: PathBuf,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl FileStamp {
    fn of(path: PathBuf, file: &Metadata) -> Self {
        let changed = (file.ctime(), file.ctime_nsec());
        Self { path, inode: file.ino(), length: file.len(), changed }
    }
}

impl Stamp {
    /// Of every `*.yaml` and `*.yml` in it, or of the one file that it is.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let itself = fs_err::metadata(folder)?;
        if itself.is_file() {
            return Ok(Self(vec![FileStamp::of(folder.to_owned(), &itself)]));
        }
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !matches!(extension, Some("yaml" | "yml")) {
                continue;
            }
            match fs_err::metadata(&path) {
                Ok(file) if file.is_file() => files.push(FileStamp::of(path, &file)),
                // Gone since it was listed, a dangling link, or no file.
                Ok(_) | Err(_) => {}
            }
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Self(files))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|file| file.path.as_path())
    }
}

/// A file's name and text. Bytes that are no UTF-8 become replacement characters, so that the YAML error says where they
/// are.
pub(super) fn read(path: &Path) -> (String, Result<String, String>) {
    (path.display().to_string(), text(path))
}

fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err("is larger than 1 MiB, which no policy is; move it elsewhere".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
