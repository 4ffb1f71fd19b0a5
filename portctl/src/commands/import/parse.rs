use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{
    cli::{ImportFormat, parse_net},
    output::when,
};

/// Makes an entry of a line.
pub(super) struct Parser {
    format: ImportFormat,
    /// Of CSV: what each column holds.
    columns: Vec<Column>,
    is_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Cidr,
    Ttl,
    Reason,
    Other,
}

impl Parser {
    /// As told, else by the file's name, else by its first character.
    pub(super) fn of(format: Option<ImportFormat>, file: &Path, first: &[u8]) -> Self {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let by_look = || match extension.to_ascii_lowercase().as_str() {
            "csv" | "txt" => ImportFormat::Csv,
            "jsonl" | "ndjson" => ImportFormat::Jsonl,
            _ if first.trim_ascii_start().starts_with(b"{") => ImportFormat::Jsonl,
            _ => ImportFormat::Csv,
        };
        let columns = vec![Column::Cidr, Column::Ttl, Column::Reason];
        Self { format: format.unwrap_or_else(by_look), columns, is_first: true }
    }

    /// `None` where there is nothing in it: empty lines, comments, the heading.
    pub(super) fn parse(&mut self, line: &str) -> Result<Option<Value>, String> {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        match self.format {
            ImportFormat::Jsonl => object(line).map(Some),
            ImportFormat::Csv => self.record(line),
        }
    }

    fn record(&mut self, line: &str) -> Result<Option<Value>, String> {
        let fields = fields(line)?;
        if std::mem::take(&mut self.is_first)
            && let Some(columns) = heading(&fields)
        {
            self.columns = columns;
            return Ok(None);
        }
        let mut entry = Map::new();
        for (column, field) in self.columns.iter().zip(&fields).filter(|(_, field)| !field.is_empty()) {
            match column {
                Column::Cidr => drop(entry.insert("cidr".to_owned(), cidr(field)?)),
                Column::Ttl => terms(&mut entry, field)?,
                Column::Reason => drop(entry.insert("reason".to_owned(), json!(field))),
                Column::Other => {}
            }
        }
        if !entry.contains_key("cidr") {
            return Err("names no address and no prefix".to_owned());
        }
        Ok(Some(Value::Object(entry)))
    }
}

/// One CSV record of RFC 4180, on one line.
fn fields(line: &str) -> Result<Vec<String>, String> {
    if !line.contains('"') {
        return Ok(line.split(',').map(|field| field.trim().to_owned()).collect());
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line.as_bytes());
    let record = reader.records().next().transpose().map_err(|error| error.to_string())?;
    Ok(record.iter().flatten().map(str::to_owned).collect())
}

fn heading(fields: &[String]) -> Option<Vec<Column>> {
    let columns: Vec<_> = fields
        .iter()
        .map(|name| match name.to_ascii_lowercase().as_str() {
            "cidr" | "ip" | "address" | "prefix" | "network" => Column::Cidr,
            "ttl" => Column::Ttl,
            "reason" | "comment" | "note" => Column::Reason,
            _ => Column::Other,
        })
        .collect();
    columns.contains(&Column::Cidr).then_some(columns)
}

fn cidr(text: &str) -> Result<Value, String> {
    parse_net(text).map(|net| json!(net.to_string())).map_err(|problem| format!("{text:?} is {problem}"))
}

/// `4h`, seconds, or `permanent`.
fn terms(entry: &mut Map<String, Value>, text: &str) -> Result<(), String> {
    if text.eq_ignore_ascii_case("permanent") {
        entry.insert("permanent".to_owned(), json!(true));
        return Ok(());
    }
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => when::parse_span(text).map_err(|problem| format!("ttl {text:?}: {problem}"))?.as_secs(),
    };
    entry.insert("ttlSeconds".to_owned(), json!(seconds));
    Ok(())
}

/// Also what our own list prints: there the end stands, and not how long it is until then.
fn object(line: &str) -> Result<Value, String> {
    let given: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("no JSON object: {error}"))?;
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let mut entry = Map::new();
    entry.insert("cidr".to_owned(), cidr(text("cidr").ok_or("has no \"cidr\"")?)?);
    for key in ["ttlSeconds", "permanent", "reason"] {
        entry.extend(
            given.get(key).filter(|value| !value.is_null()).map(|value| (key.to_owned(), value.clone())),
        );
    }
    if let Some(ttl) = text("ttl") {
        terms(&mut entry, ttl)?;
    }
    match given.get("expiresAt") {
        Some(Value::Null) => drop(entry.insert("permanent".to_owned(), json!(true))),
        Some(at) => {
            let left = at.as_i64().ok_or("\"expiresAt\" is no time in epoch seconds")? - when::now();
            if left <= 0 {
                return Err("has ended already".to_owned());
            }
            entry.insert("ttlSeconds".to_owned(), json!(left));
        }
        None => {}
    }
    Ok(Value::Object(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(lines: &[&str]) -> Vec<Result<Option<Value>, String>> {
        let mut parser = Parser::of(None, Path::new("-"), b"203.0.113.7");
        lines.iter().map(|line| parser.parse(line)).collect()
    }

    #[test]
    fn csv_is_read_with_and_without_a_heading() {
        let plain =
            csv(&["203.0.113.7,4h,scanner", "# note", "", "2001:db8::/32", "10.0.0.1,permanent,\"a, b\""]);
        assert_eq!(
            plain[0],
            Ok(Some(json!({"cidr": "203.0.113.7/32", "ttlSeconds": 14_400, "reason": "scanner"})))
        );
        assert_eq!((&plain[1], &plain[2]), (&Ok(None), &Ok(None)));
        assert_eq!(plain[3], Ok(Some(json!({"cidr": "2001:db8::/32"}))));
        assert_eq!(plain[4], Ok(Some(json!({"cidr": "10.0.0.1/32", "permanent": true, "reason": "a, b"}))));
        let named = csv(&["\u{feff}Reason;,ttl,Address", "x,60,203.0.113.7"]);
        assert_eq!(named[0], Ok(None));
        assert_eq!(named[1], Ok(Some(json!({"ttlSeconds": 60, "cidr": "203.0.113.7/32"}))));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, word) in [
            ("example.org", "not an address"),
            ("203.0.113.7/24", "write 203.0.113.7 or"),
            ("10.0.0.1,soon", "ttl"),
            (",4h", "names no"),
        ] {
            let problem = csv(&[line]).remove(0).unwrap_err();
            assert!(problem.contains(word), "{line}: {problem}");
        }
    }

    #[test]
    fn json_lines_are_read_and_so_is_our_own_list() {
        let mut parser = Parser::of(None, Path::new("list"), b" {");
        let at = when::now() + 100;
        let listed =
            format!("{{\"cidr\":\"203.0.113.0/24\",\"expiresAt\":{at},\"reason\":\"r\",\"author\":\"a\"}}");
        let entry = parser.parse(&listed).unwrap().unwrap();
        assert!(entry["ttlSeconds"].as_i64().unwrap() >= 98 && entry.get("author").is_none());
        let permanent = parser.parse(r#"{"cidr":"10.0.0.1","expiresAt":null}"#).unwrap().unwrap();
        assert_eq!(permanent, json!({"cidr": "10.0.0.1/32", "permanent": true}));
        for line in ["[1]", "{", r#"{"ip":"10.0.0.1"}"#, r#"{"cidr":"10.0.0.1","expiresAt":5}"#] {
            assert!(parser.parse(line).is_err(), "{line}");
        }
    }
}
