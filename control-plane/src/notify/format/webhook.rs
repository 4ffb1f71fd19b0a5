use reqwest::header::{HeaderMap, HeaderValue};
use ring::hmac;
use serde_json::json;

use super::{Body, identified, json_headers};
use crate::{clock::EpochMillis, store::Queued};

const ID: &str = "portcullis-delivery";
const SIGNATURE: &str = "portcullis-signature";

pub(super) fn body(secret: &str, queued: &[Queued], now: EpochMillis) -> Body {
    let events: Vec<_> = queued.iter().map(identified).collect();
    let bytes = json!({ "version": 1, "events": events }).to_string().into_bytes();
    let mut headers: HeaderMap = json_headers();
    if let Some(first) = queued.first()
        && let Ok(id) = HeaderValue::from_str(&first.id.to_string())
    {
        headers.insert(ID, id);
    }
    if let Ok(signature) = HeaderValue::from_str(&signature(secret, now.seconds(), &bytes)) {
        headers.insert(SIGNATURE, signature);
    }
    Body::Request { headers, bytes, path: "/" }
}

/// HMAC-SHA256 (RFC 2104) over the time, a full stop and the body. The time in it lets receivers refuse what is old, so that
/// nobody who has seen a request can send it again later.
fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("t={seconds},v1={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value is OpenSSL's: `printf '1754308800.{}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn the_signature_is_what_openssl_says() {
        assert_eq!(
            signature("0123456789abcdef", 1_754_308_800, b"{}"),
            "t=1754308800,v1=15bcbc8a1e1a987bb3b0353972203ddcf739a23abc068e09a03e413717553bb1"
        );
    }
}
