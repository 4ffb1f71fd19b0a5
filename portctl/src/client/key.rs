//! Where the API key comes from. Never from an argument: every user of the machine reads those with `ps`.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use reqwest::header::HeaderValue;

use crate::{cli::Connection, failure::Failure};

const VARIABLE: &str = "PORTCTL_API_KEY";

/// Far longer than any key; enough to tell a key from a file given by mistake.
const MAX_FILE: u64 = 4096;

pub(crate) struct ApiKey {
    header: HeaderValue,
    /// What is not as it should be, though it works.
    pub(crate) caution: Option<Caution>,
}

#[derive(Clone, Debug)]
pub(crate) struct Caution {
    pub(crate) finding: String,
    pub(crate) fix: String,
}

impl ApiKey {
    pub(crate) fn find(connection: &Connection) -> Result<Self, Failure> {
        refuse_argument(connection)?;
        match &connection.api_key_file {
            Some(path) => Self::from_file(path),
            None => match std::env::var(VARIABLE) {
                Ok(key) => Self::parse(&key, VARIABLE, None),
                Err(std::env::VarError::NotUnicode(_)) => {
                    Err(Failure::Usage(format!("{VARIABLE} holds no API key: it is not text")))
                }
                Err(std::env::VarError::NotPresent) => Err(Failure::Usage(format!(
                    "no API key: set {VARIABLE} or give --api-key-file FILE\n  \
                     make one where the control plane runs: control-plane keys create --data-dir DIR --role analyst"
                ))),
            },
        }
    }

    pub(super) fn into_header(self) -> HeaderValue {
        self.header
    }

    fn from_file(path: &Path) -> Result<Self, Failure> {
        let place = format!("--api-key-file {}", path.display());
        let refuse = |error: io::Error| Failure::Usage(format!("{place}: {error}"));
        if path == Path::new("-") {
            return Self::parse(&read(io::stdin().lock()).map_err(refuse)?, &place, None);
        }
        let file = File::open(path).map_err(refuse)?;
        let mode = file.metadata().map_err(refuse)?.permissions().mode();
        let caution = (mode & 0o077 != 0).then(|| Caution {
            finding: format!("{place}: others can read this key"),
            fix: format!("chmod 600 {}", path.display()),
        });
        Self::parse(&read(file).map_err(refuse)?, &place, caution)
    }

    fn parse(text: &str, place: &str, caution: Option<Caution>) -> Result<Self, Failure> {
        let key = text.trim();
        if key.is_empty() {
            return Err(Failure::Usage(format!("{place} is empty: it must hold an API key")));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::Usage(format!(
                "{place} holds no API key: a key is one word of ASCII characters"
            )));
        }
        let mut header = HeaderValue::from_str(key)
            .map_err(|_| Failure::Usage(format!("{place} holds no API key: not fit for a header")))?;
        header.set_sensitive(true);
        Ok(Self { header, caution })
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// The value is not repeated: what is in the process list already need not be in a log as well.
fn refuse_argument(connection: &Connection) -> Result<(), Failure> {
    if connection.api_key.is_none() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "an API key is never an argument: `ps` and the shell's history show it to others\n  \
         set {VARIABLE} or give --api-key-file FILE, and replace the key that was shown: \
         control-plane keys create --data-dir DIR --role analyst"
    )))
}

fn read(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_key_is_no_part_of_it() {
        let key = ApiKey::parse("pk_1234\n", "FILE", None).unwrap();
        assert_eq!(key.into_header(), "pk_1234");
    }

    #[test]
    fn a_file_that_holds_something_else_is_named_and_not_quoted() {
        let error = ApiKey::parse("two words", "--api-key-file notes.txt", None).unwrap_err().to_string();
        assert!(error.contains("notes.txt") && !error.contains("two words"), "{error}");
        assert!(ApiKey::parse(" \n", "FILE", None).unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn a_key_does_not_reach_a_debug_print() {
        let key = ApiKey::parse("pk_secret", "FILE", None).unwrap();
        assert!(!format!("{key:?} {:?}", key.header).contains("secret"));
    }
}
