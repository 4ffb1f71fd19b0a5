use std::ops::Range;

/// Start tags of HTML in lower-case bytes, read the forgiving way browsers do.
pub(super) struct Tags<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Tag<'a> {
    name: &'a [u8],
    inner: &'a [u8],
    range: Range<usize>,
    /// Whether a `>` closed it.
    closed: bool,
}

/// Elements that run or load something by being there.
const RUNNING: [&[u8]; 9] = [
    b"script",
    b"applet",
    b"isindex",
    b"xss",
    b"set",
    b"animate",
    b"animatetransform",
    b"handler",
    b"bgsound",
];
/// Elements that are dangerous with an address or content of their own.
const LOADING: [&[u8]; 13] = [
    b"iframe",
    b"frame",
    b"frameset",
    b"object",
    b"embed",
    b"base",
    b"link",
    b"meta",
    b"form",
    b"portal",
    b"layer",
    b"image",
    b"ilayer",
];

impl<'a> Tags<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The first tag that runs script.
    pub(super) fn dangerous(mut self) -> Option<Range<usize>> {
        while let Some(tag) = self.next() {
            if tag.is_dangerous() {
                return Some(tag.range);
            }
        }
        None
    }

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let open = self.at + memchr::memchr(b'<', self.bytes.get(self.at..)?)?;
            self.at = open + 1;
            let rest = self.bytes.get(open + 1..)?;
            // Some filters drop NUL and white space here, and the markup comes alive behind them.
            let skipped =
                rest.iter().take(8).take_while(|byte| matches!(byte, 0 | b'%' | b'<' | b'\\')).count();
            let rest = rest.get(skipped..).unwrap_or_default();
            if !rest.first().is_some_and(|byte| byte.is_ascii_alphabetic()) {
                continue;
            }
            let name_length = rest
                .iter()
                .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_')))
                .unwrap_or(rest.len());
            let end = tag_end(rest);
            let closed = rest.get(end) == Some(&b'>');
            let (name, inner) = (rest.get(..name_length)?, rest.get(name_length..end.max(name_length))?);
            return Some(Tag { name, inner, range: open..open + 1 + skipped + end.max(name_length), closed });
        }
    }
}

/// Up to the closing bracket outside of quotes, or the next opening bracket; bounded, because a tag is short.
fn tag_end(rest: &[u8]) -> usize {
    const MAX_TAG: usize = 2048;
    let rest = rest.get(..rest.len().min(MAX_TAG)).unwrap_or_default();
    rest.iter().position(|byte| matches!(byte, b'>')).unwrap_or(rest.len())
}

impl Tag<'_> {
    fn is_dangerous(&self) -> bool {
        let name = self.name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        if RUNNING.contains(&name) && (self.closed || !self.inner.is_empty()) {
            return true;
        }
        let inner: Vec<u8> = self.inner.iter().copied().filter(|byte| !matches!(byte, 0..=13)).collect();
        let has = |needle: &[u8]| memchr::memmem::find(&inner, needle).is_some();
        if [
            "javascript:",
            "vbscript:",
            "data:text/html",
            "data:image/svg",
            "srcdoc=",
            "expression(",
            "-moz-binding",
            "livescript:",
            "feed:javascript",
        ]
        .iter()
        .any(|needle| has(needle.as_bytes()))
        {
            return true;
        }
        if handler(self.inner) {
            return true;
        }
        if LOADING.contains(&name) {
            return match name {
                b"image" => has(b"xlink:href"),
                b"meta" => has(b"refresh") || has(b"set-cookie"),
                b"link" => has(b"stylesheet") && (has(b"href=http") || has(b"href=//")) || has(b"rel=import"),
                b"form" => has(b"formaction"),
                _ => has(b"src") || has(b"data=") || has(b"href=") || has(b"code"),
            };
        }
        false
    }
}

/// `on…=` as an attribute name of its own: event handlers are spelled that way, all of them.
fn handler(inner: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) =
        inner.get(from..).and_then(|rest| memchr::memmem::find(rest, b"on")).map(|at| at + from)
    {
        let before = at.checked_sub(1).and_then(|index| inner.get(index));
        let starts = before.is_none_or(|byte| {
            byte.is_ascii_whitespace()
                || matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'>' | b';' | b'+')
                || *byte >= 0x80
        });
        let rest = inner.get(at + 2..).unwrap_or_default();
        let letters = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        let after = rest.get(letters..).unwrap_or_default();
        let gap = after.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'/').count();
        if starts && (3..=26).contains(&letters) && after.get(gap) == Some(&b'=') {
            return true;
        }
        from = at + 2;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(html: &str) -> bool {
        Tags::of(html.to_lowercase().as_bytes()).dangerous().is_some()
    }

    #[test]
    fn markup_that_runs_script_is_found() {
        for html in [
            "<script>x</script>",
            "<img src=x onerror=y>",
            "<svg/onload=y>",
            "<a href='java\tscript:y'>",
            "<iframe src=//x>",
            "<details open ontoggle = y>",
        ] {
            assert!(runs(html), "{html}");
        }
    }

    #[test]
    fn markup_that_runs_nothing_is_not() {
        for html in [
            "<b>bold</b>",
            "<a href=\"/x?one=1\">one</a>",
            "a < b and c > d",
            "<p class=\"onion\">",
            "<3 on=fire",
        ] {
            assert!(!runs(html), "{html}");
        }
    }
}
