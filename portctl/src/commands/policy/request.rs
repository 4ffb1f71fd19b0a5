//! What people call a request: HTTP as it is sent, or the curl command that sends it.

mod curl;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use portcullis_detection::Example;

use crate::failure::Failure;

/// More than any request that is looked at by hand.
const MAX_REQUEST: u64 = 16 << 20;

pub(super) fn read(request: &str) -> Result<Example, Failure> {
    let text = text(request)?;
    let http = if text.trim_ascii_start().starts_with(b"curl ") {
        let line = std::str::from_utf8(&text)
            .map_err(|_| Failure::Usage("the curl command is no UTF-8".to_owned()))?;
        curl::as_http(line)?
    } else {
        text
    };
    Example::parse(&http).map_err(|what| {
        Failure::Usage(format!(
            "{what}\n  give a file, `-` for standard input, `GET /path?query`, or a curl command in quotes"
        ))
    })
}

fn text(request: &str) -> Result<Vec<u8>, Failure> {
    if request == "-" {
        return all(io::stdin().lock(), "standard input");
    }
    // A path never has a space followed by a slash by chance, a request line always.
    let is_text = request.contains(" /") || request.starts_with("curl ") || request.contains('\n');
    if is_text && !Path::new(request).exists() {
        return Ok(request.as_bytes().to_vec());
    }
    let file = File::open(request).map_err(|error| Failure::Usage(format!("{request}: {error}")))?;
    all(file, request)
}

fn all(from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(MAX_REQUEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
    if bytes.len() as u64 > MAX_REQUEST {
        return Err(Failure::Usage(format!("{name} is larger than 16 MiB")));
    }
    Ok(bytes)
}
