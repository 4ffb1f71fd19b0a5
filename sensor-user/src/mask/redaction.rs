//! What people want hidden besides what is hidden anyway.

use std::{borrow::Cow, collections::BTreeSet};

use portcullis_proto::v1;
use regex::bytes::{Regex, RegexBuilder};

use super::{HIDDEN, form, json, multipart};

/// Of compiled expressions together.
const MAX_COMPILED: usize = 1 << 20;

#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// In lower case.
    headers: BTreeSet<String>,
    /// Letters and digits alone, in lower case: `account_no` and `accountNo` are one name.
    fields: BTreeSet<String>,
    patterns: Vec<Regex>,
}

impl Redaction {
    pub fn new(headers: &[String], fields: &[String], patterns: &[String]) -> Result<Self, String> {
        let compile = |text: &String| {
            let built = RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
            built.map_err(|error| format!("the pattern {text:?} cannot be used: {error}"))
        };
        Ok(Self {
            headers: headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
            fields: fields
                .iter()
                .map(|name| plain(name.as_bytes()))
                .filter(|name| !name.is_empty())
                .collect(),
            patterns: patterns.iter().map(compile).collect::<Result<_, _>>()?,
        })
    }

    /// An event as it may leave the node.
    pub fn apply(&self, mut event: v1::ThreatEvent) -> v1::ThreatEvent {
        if self.headers.is_empty() && self.fields.is_empty() && self.patterns.is_empty() {
            return event;
        }
        event.url = self.text(&event.url);
        event.matched.iter_mut().for_each(|found| self.found(found));
        if let Some(at) = event.successful_exploit.as_mut().and_then(|evidence| evidence.at.as_mut()) {
            self.found(at);
        }
        event.samples.iter_mut().for_each(|sample| self.sample(sample));
        event
    }

    fn sample(&self, sample: &mut v1::Sample) {
        if let Some((path, query)) = sample.path.split_once('?') {
            let query = form::mask(query.as_bytes(), |name| self.is_field(name));
            sample.path = format!("{path}?{}", String::from_utf8_lossy(&query));
        }
        sample.path = self.text(&sample.path);
        sample.request_payload = self.body(&sample.request_headers, &sample.request_payload);
        sample.response_payload = self.body(&sample.response_headers, &sample.response_payload);
        for header in sample.request_headers.iter_mut().chain(&mut sample.response_headers) {
            header.value = match self.headers.contains(&header.name.to_ascii_lowercase()) {
                true => HIDDEN.to_owned(),
                false => self.text(&header.value),
            };
        }
    }

    fn body(&self, headers: &[v1::Header], body: &[u8]) -> Vec<u8> {
        let named = |part: &str| {
            let types = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("content-type"));
            types.into_iter().any(|header| header.value.to_ascii_lowercase().contains(part))
        };
        let is_field = |name: &[u8]| self.is_field(name);
        let masked = match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => json::mask(body, is_field),
            _ if named("multipart/") => multipart::mask(body, is_field),
            _ if named("x-www-form-urlencoded") => form::mask(body, is_field),
            _ => body.to_vec(),
        };
        self.bytes(&masked).into_owned()
    }

    /// Hidden whole where its place is one of these.
    fn found(&self, found: &mut v1::Match) {
        let header = found.location.to_ascii_lowercase();
        let header = header.split_once(".header.").map(|(_, name)| name);
        let is_header = header.is_some_and(|name| self.headers.contains(name));
        let is_field = found.location.split(['.', '[', ']']).any(|part| self.is_field(part.as_bytes()));
        found.phrase = if is_header || is_field { HIDDEN.to_owned() } else { self.text(&found.phrase) };
    }

    fn is_field(&self, name: &[u8]) -> bool {
        !self.fields.is_empty() && self.fields.contains(&plain(name))
    }

    fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    fn bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        self.patterns.iter().fold(Cow::Borrowed(text), |text, pattern| match pattern.is_match(&text) {
            true => Cow::Owned(pattern.replace_all(&text, HIDDEN.as_bytes()).into_owned()),
            false => text,
        })
    }
}

fn plain(name: &[u8]) -> String {
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    letters.map(|byte| byte.to_ascii_lowercase() as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_headers_fields_and_patterns_are_hidden_in_every_place_of_an_event() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let redaction =
            Redaction::new(&words(&["X-Tenant"]), &words(&["account_no"]), &words(&["EMP-[0-9]+"])).unwrap();
        let header = |name: &str, value: &str| v1::Header { name: name.into(), value: value.into() };
        let sample = v1::Sample {
            path: "/staff/EMP-77?accountNo=12&x=1".into(),
            request_headers: vec![header("x-tenant", "acme"), header("x-note", "by EMP-5")],
            request_payload: br#"{"account_no": 12, "name": "ann"}"#.to_vec(),
            response_headers: vec![header("Content-Type", "application/x-www-form-urlencoded")],
            response_payload: b"accountNo=9&b=1".to_vec(),
            ..v1::Sample::default()
        };
        let found = |location: &str, phrase: &str| v1::Match {
            location: location.into(),
            phrase: phrase.into(),
            ..v1::Match::default()
        };
        let event = redaction.apply(v1::ThreatEvent {
            url: "/staff/EMP-77".into(),
            matched: vec![
                found("request.body.account_no", "12"),
                found("request.header.x-tenant", "acme"),
                found("query.x", "1 EMP-3"),
            ],
            samples: vec![sample],
            ..v1::ThreatEvent::default()
        });
        assert_eq!(event.url, "/staff/***");
        let phrases: Vec<_> = event.matched.iter().map(|found| found.phrase.as_str()).collect();
        assert_eq!(phrases, ["***", "***", "1 ***"]);
        let sample = &event.samples[0];
        assert_eq!(sample.path, "/staff/***?accountNo=***&x=1");
        assert_eq!(sample.request_payload, br#"{"account_no": "***", "name": "ann"}"#);
        assert_eq!(sample.response_payload, b"accountNo=***&b=1");
        let values: Vec<_> = sample.request_headers.iter().map(|header| header.value.as_str()).collect();
        assert_eq!(values, ["***", "by ***"]);
    }

    #[test]
    fn a_pattern_that_cannot_be_used_is_named() {
        let error = Redaction::new(&[], &[], &["(".to_owned()]).unwrap_err();
        assert!(error.starts_with("the pattern \"(\" cannot be used"), "{error}");
    }
}
