use std::{
    fs::File,
    io::{self, BufRead, Read},
    path::Path,
};

use crate::{
    cli::{Access, Connection},
    failure::Failure,
};

/// Longer than any address or secret that is taken; enough to tell one from a file given by mistake.
const MAX_INPUT: u64 = 4_096;

/// The address and the secret, from where arguments say.
pub(super) fn read(
    connection: &Connection,
    access: &Access,
) -> Result<(Option<String>, Option<String>), Failure> {
    let standard = Path::new("-");
    let files =
        [connection.api_key_file.as_deref(), access.url_file.as_deref(), access.secret_file.as_deref()];
    if files.iter().filter(|file| **file == Some(standard)).count() > 1 {
        return Err(Failure::Usage(
            "standard input can hold one thing alone: give the others a file".to_owned(),
        ));
    }
    let url = match (&access.url, access.url_file.as_deref()) {
        (Some(url), _) => Some(url.clone()),
        (None, file) => file.map(line).transpose()?,
    };
    Ok((url, access.secret_file.as_deref().map(line).transpose()?))
}

/// The first line of a file.
pub(super) fn line(file: &Path) -> Result<String, Failure> {
    let refuse = |error: io::Error| Failure::Usage(format!("cannot read {}: {error}", file.display()));
    let mut line = String::new();
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(refuse)?)
    };
    io::BufReader::new(input.take(MAX_INPUT)).read_line(&mut line).map_err(refuse)?;
    let line = line.trim();
    if line.is_empty() {
        return Err(Failure::Usage(format!("{} has nothing on its first line", file.display())));
    }
    Ok(line.to_owned())
}
