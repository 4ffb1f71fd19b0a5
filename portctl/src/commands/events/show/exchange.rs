//! One exchange as text: start lines, headers, bodies; indented, so that no body can pass for a heading.

use serde_json::{Map, Value};

use super::mark::{self, Place};
use crate::{
    output::{Terminal, escape, terminal::Tone, when},
    reply::{Exchange, Match},
};

/// How much of a body is shown unless all of it is asked for.
const EXCERPT: usize = 4096;
/// What stands before the first match in an excerpt.
const LEAD: usize = 1024;

pub(super) fn render(
    exchange: &Exchange,
    ts: i64,
    count: &str,
    matched: &[Match],
    full: bool,
    terminal: Terminal,
) -> String {
    let printer = Printer { matched, full, terminal };
    let heading = |name: &str| terminal.paint(Tone::Heading, name);
    let target = printer.line(Place::Target, &exchange.path);
    let request_headers = headers(&exchange.request_headers);
    let response_headers = headers(&exchange.response_headers);
    let mut text = format!("\n{}\n", heading(&format!("Request (sample {count}, {})", when::stamp(ts))));
    text.push_str(&format!(
        "  {} {target} {}\n",
        escape::line(&exchange.method),
        escape::line(&exchange.protocol)
    ));
    text.push_str(&printer.headers(&request_headers, Place::RequestHeader));
    text.push_str(&printer.body(Place::RequestBody, &exchange.request_payload));
    text.push_str(&format!("\n{}\n", heading("Response")));
    if exchange.status.is_empty() && exchange.response_payload.is_empty() {
        text.push_str("  (none seen)\n");
        return text;
    }
    text.push_str(&format!("  {} {}\n", escape::line(&exchange.protocol), escape::line(&exchange.status)));
    text.push_str(&printer.headers(&response_headers, Place::ResponseHeader));
    text.push_str(&printer.body(Place::ResponseBody, &exchange.response_payload));
    text
}

struct Printer<'a> {
    matched: &'a [Match],
    full: bool,
    terminal: Terminal,
}

impl Printer<'_> {
    fn line(&self, place: Place<'_>, text: &str) -> String {
        let ranges = mark::ranges(place, text, self.matched);
        mark::paint(text, &ranges, self.terminal, escape::line)
    }

    fn headers<'n>(&self, headers: &'n [(String, String)], place: impl Fn(&'n str) -> Place<'n>) -> String {
        let line = |(name, value): &'n (String, String)| {
            format!("  {}: {}\n", escape::line(name), self.line(place(name), value))
        };
        headers.iter().map(line).collect()
    }

    fn body(&self, place: Place<'_>, body: &str) -> String {
        if body.is_empty() {
            return String::new();
        }
        let ranges = mark::ranges(place, body, self.matched);
        let first = ranges.first().map_or(0, |range| range.start);
        let (start, end) = if self.full { (0, body.len()) } else { window(body, first) };
        let ranges: Vec<_> = ranges
            .iter()
            .filter(|range| range.start >= start && range.end <= end)
            .map(|range| range.start - start..range.end - start)
            .collect();
        let shown = body.get(start..end).unwrap_or_default();
        let painted = mark::paint(shown, &ranges, self.terminal, escape::block);
        let mut text = "\n".to_owned();
        if start > 0 {
            text.push_str(&self.left_out(start));
        }
        text.extend(painted.lines().map(|line| format!("  {line}\n")));
        if end < body.len() {
            text.push_str(&self.left_out(body.len() - end));
        }
        text
    }

    fn left_out(&self, bytes: usize) -> String {
        let note = format!("[{bytes} bytes left out; --full shows them]");
        format!("  {}\n", self.terminal.paint(Tone::Faint, &note))
    }
}

/// The part of `body` that is shown where its first match begins at `first`.
fn window(body: &str, first: usize) -> (usize, usize) {
    let start = if first + LEAD > EXCERPT { first.saturating_sub(LEAD) } else { 0 };
    (body.floor_char_boundary(start), body.ceil_char_boundary(start.saturating_add(EXCERPT).min(body.len())))
}

/// Headers as name and value, repeated ones once each.
fn headers(text: &str) -> Vec<(String, String)> {
    if text.is_empty() {
        return Vec::new();
    }
    let Ok(headers) = serde_json::from_str::<Map<String, Value>>(text) else {
        return vec![("(headers)".to_owned(), text.to_owned())];
    };
    let mut list = Vec::new();
    for (name, value) in headers {
        match value {
            Value::Array(values) => list.extend(values.iter().map(|value| (name.clone(), plain(value)))),
            value => list.push((name, plain(&value))),
        }
    }
    list
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> Exchange {
        Exchange {
            method: "POST".into(),
            path: "/download?file=../../etc/passwd".into(),
            protocol: "HTTP/1.1".into(),
            request_headers: r#"{"host":"shop.test","accept":["a","b"]}"#.into(),
            request_payload: "x=\u{1b}[31m".into(),
            response_headers: r#"{"content-type":"text/plain"}"#.into(),
            response_payload: "root:x:0:0\nResponse\n".into(),
            status: "200 OK".into(),
        }
    }

    fn place(location: &str, start: usize, end: usize, phrase: &str) -> Match {
        Match { location: location.into(), start, end, phrase: phrase.into(), detector: "path".into() }
    }

    #[test]
    fn an_exchange_reads_like_http_with_its_matches_marked() {
        let matched =
            [place("query.file", 0, 16, "../../etc/passwd"), place("response.body", 0, 10, "root:x:0:0")];
        let text = render(&exchange(), 1_795_308_476, "1 of 1", &matched, false, Terminal::default());
        assert_eq!(
            text,
            "\nRequest (sample 1 of 1, 2026-11-22 00:47:56Z)\n\
             \x20 POST /download?file=«../../etc/passwd» HTTP/1.1\n\
             \x20 host: shop.test\n\
             \x20 accept: a\n\
             \x20 accept: b\n\
             \n\
             \x20 x=\\x1b[31m\n\
             \nResponse\n\
             \x20 HTTP/1.1 200 OK\n\
             \x20 content-type: text/plain\n\
             \n\
             \x20 «root:x:0:0»\n\
             \x20 Response\n"
        );
    }

    #[test]
    fn a_long_body_is_cut_around_its_first_match() {
        let body = format!("{}NEEDLE{}", "é".repeat(5000), "z".repeat(9000));
        let exchange = Exchange { response_payload: body, ..exchange() };
        let matched = [place("response.body", 10_000, 10_006, "NEEDLE")];
        let cut = render(&exchange, 1, "1 of 1", &matched, false, Terminal::default());
        assert!(cut.contains("«NEEDLE»") && cut.contains("bytes left out; --full"), "{cut}");
        assert!(cut.len() < 8000);
        let full = render(&exchange, 1, "1 of 1", &matched, true, Terminal::default());
        assert!(full.contains("«NEEDLE»") && !full.contains("left out"));
    }
}
