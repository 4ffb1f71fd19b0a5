//! An exchange as the JSON string that `fetchAggregateMaliciousRequests` shows.

use portcullis_proto::v1::{Header, Sample};
use serde_json::{Map, Value, json};

use super::text_format::{grouped, status, vni};

pub(super) fn sample(sample: &Sample, account_id: &str) -> String {
    json!({
        "method": sample.method,
        "path": sample.path,
        "requestHeaders": headers(&sample.request_headers),
        "requestPayload": String::from_utf8_lossy(&sample.request_payload),
        "responseHeaders": headers(&sample.response_headers),
        "responsePayload": String::from_utf8_lossy(&sample.response_payload),
        "ip": sample.source_ip,
        "destIp": sample.destination_ip,
        "statusCode": sample.status_code,
        "status": status(sample),
        "time": sample.time_ms / 1000,
        "type": sample.protocol,
        "source": "OTHER",
        "akto_vxlan_id": vni(sample),
        "akto_account_id": account_id,
    })
    .to_string()
}

/// A JSON string, too; a repeated field is joined as RFC 9110 section 5.2 has it, cookies as RFC 6265 does.
fn headers(headers: &[Header]) -> String {
    let joined: Map<String, Value> = grouped(headers)
        .into_iter()
        .map(|(name, values)| {
            let separator = if name == "cookie" { "; " } else { ", " };
            (name, values.join(separator).into())
        })
        .collect();
    Value::Object(joined).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_a_json_string_inside_the_json_string() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let exchange = Sample {
            method: "GET".into(),
            request_headers: vec![header("Cookie", "a=1"), header("cookie", "b=2"), header("Via", "x")],
            status_code: 404,
            reason: "Not Found".into(),
            vni: Some(7),
            time_ms: 1_754_321_618_123,
            ..Sample::default()
        };
        let orig: Value = serde_json::from_str(&sample(&exchange, "1000000")).unwrap();
        let headers: Value = serde_json::from_str(orig["requestHeaders"].as_str().unwrap()).unwrap();
        assert_eq!(headers, json!({"cookie": "a=1; b=2", "via": "x"}));
        assert_eq!(
            (orig["status"].as_str(), orig["time"].as_u64()),
            (Some("404 Not Found"), Some(1_754_321_618))
        );
        assert_eq!(orig["akto_vxlan_id"], "7");
    }
}
