//! An exchange in protobuf text format: the shape `payload` has had for the scripts that read it.

use std::{collections::BTreeMap, fmt::Write};

use portcullis_proto::v1::{Header, Sample};

/// Fields in the page's order; empty ones are left out, as the format does.
pub(super) fn sample(sample: &Sample, account_id: &str) -> String {
    let mut out = String::new();
    text(&mut out, "", "method", sample.method.as_bytes());
    text(&mut out, "", "path", sample.path.as_bytes());
    text(&mut out, "", "type", sample.protocol.as_bytes());
    headers(&mut out, "request_headers", &sample.request_headers);
    text(&mut out, "", "request_payload", &sample.request_payload);
    number(&mut out, "status_code", u64::from(sample.status_code));
    text(&mut out, "", "status", status(sample).as_bytes());
    headers(&mut out, "response_headers", &sample.response_headers);
    text(&mut out, "", "response_payload", &sample.response_payload);
    number(&mut out, "time", sample.time_ms / 1000);
    text(&mut out, "", "akto_account_id", account_id.as_bytes());
    text(&mut out, "", "ip", sample.source_ip.as_bytes());
    text(&mut out, "", "akto_vxlan_id", vni(sample).as_bytes());
    out
}

/// `200 OK`; empty where no response was seen.
pub(super) fn status(sample: &Sample) -> String {
    if sample.status_code == 0 {
        return String::new();
    }
    format!("{} {}", sample.status_code, sample.reason).trim_end().to_owned()
}

/// `0` where the packets came in no tunnel.
pub(super) fn vni(sample: &Sample) -> String {
    sample.vni.unwrap_or(0).to_string()
}

/// A map from the lower-case name to its values, in the order of names.
pub(super) fn grouped(headers: &[Header]) -> BTreeMap<String, Vec<&str>> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for header in headers {
        groups.entry(header.name.to_ascii_lowercase()).or_default().push(&header.value);
    }
    groups
}

fn headers(out: &mut String, field: &str, headers: &[Header]) {
    for (name, values) in grouped(headers) {
        line(out, format_args!("{field} {{"));
        text(out, "  ", "key", name.as_bytes());
        line(out, format_args!("  value {{"));
        for value in values {
            line(out, format_args!("    values: \"{}\"", escaped(value.as_bytes())));
        }
        line(out, format_args!("  }}"));
        line(out, format_args!("}}"));
    }
}

fn text(out: &mut String, indent: &str, field: &str, value: &[u8]) {
    if !value.is_empty() {
        line(out, format_args!("{indent}{field}: \"{}\"", escaped(value)));
    }
}

fn number(out: &mut String, field: &str, value: u64) {
    if value != 0 {
        line(out, format_args!("{field}: {value}"));
    }
}

fn line(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _infallible = writeln!(out, "{line}");
}

/// Everything but printable ASCII is a letter or an octal escape, so that any bytes survive.
fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'"' => out.push_str("\\\""),
            b'\'' => out.push_str("\\'"),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(*byte)),
            other => {
                let _infallible = write!(out, "\\{other:03o}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_reads_as_on_the_page() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let exchange = Sample {
            time_ms: 1_753_648_085_999,
            source_ip: "20.65.193.78".into(),
            protocol: "HTTP/1.1".into(),
            method: "GET".into(),
            path: "/portal/redlion".into(),
            request_headers: vec![header("Host", "34.54.187.118"), header("Accept", "*/*")],
            status_code: 200,
            reason: "OK".into(),
            response_headers: vec![header("etag", "W/\"7c3\""), header("feature-policy", "payment 'self'")],
            response_payload: "<!--\n é".into(),
            ..Sample::default()
        };
        let expected = r#"method: "GET"
path: "/portal/redlion"
type: "HTTP/1.1"
request_headers {
  key: "accept"
  value {
    values: "*/*"
  }
}
request_headers {
  key: "host"
  value {
    values: "34.54.187.118"
  }
}
status_code: 200
status: "200 OK"
response_headers {
  key: "etag"
  value {
    values: "W/\"7c3\""
  }
}
response_headers {
  key: "feature-policy"
  value {
    values: "payment \'self\'"
  }
}
response_payload: "<!--\n \303\251"
time: 1753648085
akto_account_id: "1000000"
ip: "20.65.193.78"
akto_vxlan_id: "0"
"#;
        assert_eq!(sample(&exchange, "1000000"), expected);
    }

    #[test]
    fn a_repeated_field_has_all_its_values_under_one_key() {
        let pairs = [("Set-Cookie", "a=1"), ("set-cookie", "b=2")];
        let response_headers =
            pairs.map(|(name, value)| Header { name: name.into(), value: value.into() }).to_vec();
        let shown = sample(&Sample { response_headers, ..Sample::default() }, "");
        assert!(shown.contains("    values: \"a=1\"\n    values: \"b=2\"\n"), "{shown}");
        assert_eq!(shown.matches("response_headers {").count(), 1);
    }
}
