//! Parts of a `multipart/form-data` body (RFC 7578).

use std::ops::Range;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PartRanges {
    pub(crate) name: Range<usize>,
    pub(crate) filename: Option<Range<usize>>,
    pub(crate) body: Range<usize>,
}

/// The boundary parameter of the content type.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let at = content_type.to_ascii_lowercase().find("boundary=")?;
    let value = content_type.get(at + 9..)?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split([';', ',', ' ']).next(),
    }
    .filter(|boundary| !boundary.is_empty())
}

/// Walks the parts; `visit` returns whether to go on.
pub(crate) fn walk(bytes: &[u8], boundary: &str, visit: &mut dyn FnMut(PartRanges) -> bool) {
    let delimiter = format!("--{boundary}");
    let mut starts = memchr::memmem::find_iter(bytes, delimiter.as_bytes()).map(|at| at + delimiter.len());
    let Some(mut start) = starts.next() else { return };
    loop {
        let next = starts.next();
        let end = next.map_or(bytes.len(), |next| next - delimiter.len());
        if !bytes.get(start..end).is_some_and(|part| part.starts_with(b"--"))
            && !visit(part(bytes, start..end))
        {
            return;
        }
        match next {
            Some(next) => start = next,
            None => return,
        }
    }
}

fn part(bytes: &[u8], range: Range<usize>) -> PartRanges {
    let whole = bytes.get(range.clone()).unwrap_or_default();
    let head_end = [&b"\r\n\r\n"[..], b"\n\n"]
        .into_iter()
        .filter_map(|gap| memchr::memmem::find(whole, gap).map(|at| (at, gap.len())))
        .min();
    let (head, body_start) =
        head_end.map_or((whole, whole.len()), |(at, gap)| (whole.get(..at).unwrap_or_default(), at + gap));
    let body = whole.get(body_start..).unwrap_or_default();
    let trimmed = body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n")).unwrap_or(body);
    PartRanges {
        name: parameter(head, b" name=").map_or(range.start..range.start, |name| shift(name, range.start)),
        filename: parameter(head, b"filename=").map(|name| shift(name, range.start)),
        body: range.start + body_start..range.start + body_start + trimmed.len(),
    }
}

fn shift(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

fn parameter(head: &[u8], name: &[u8]) -> Option<Range<usize>> {
    let lower = head.to_ascii_lowercase();
    let start = memchr::memmem::find(&lower, name)? + name.len();
    let rest = head.get(start..)?;
    let (start, close): (usize, &[u8]) =
        if rest.first() == Some(&b'"') { (start + 1, b"\"\n") } else { (start, b";\r\n") };
    let rest = head.get(start..)?;
    let length = rest.iter().position(|byte| close.contains(byte)).unwrap_or(rest.len());
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_file_names_and_bodies_are_found() {
        let body = b"--xx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.php\"\r\n\r\nhello\r\n--xx--\r\n";
        let mut parts = Vec::new();
        walk(body, "xx", &mut |part| {
            parts.push(part);
            true
        });
        let text = |range: Range<usize>| std::str::from_utf8(&body[range]).unwrap();
        assert_eq!(parts.len(), 1);
        let PartRanges { name, filename, body: content } = parts.remove(0);
        assert_eq!((text(name), filename.map(text), text(content)), ("f", Some("a.php"), "hello"));
    }
}
