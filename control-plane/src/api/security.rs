use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;

use crate::auth::COOKIE;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Everything the console needs comes from here, and nothing may frame it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// Headers that every answer carries.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_data = path.starts_with("/api/") || path == "/session" || path == "/metrics";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_data {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

pub(super) fn session_cookie(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}

/// Whether a request with the session's cookie comes from a page of ours. A foreign site can make a browser send the
/// cookie, but not this header: that takes CORS, which is never granted.
pub(super) fn is_own_page(headers: &HeaderMap) -> bool {
    headers.get("x-portcullis-request").is_some_and(|value| value == "1") && !is_cross_site(headers)
}

/// What a browser says of where a request comes from (Fetch Metadata; on plain HTTP beyond loopback `Origin` alone).
/// Programs that are no browsers say neither.
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(&FETCH_SITE), text(&header::ORIGIN)) {
        (Some(site), _) => site != "same-origin" && site != "none",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none_or(|host| text(&header::HOST).is_none_or(|own| !own.eq_ignore_ascii_case(host)))
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cross_site(given: &[(&'static str, &'static str)]) -> bool {
        let pairs = given
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_cross_site(&pairs.collect())
    }

    #[test]
    fn a_browser_is_believed_about_where_a_request_comes_from() {
        assert!(!cross_site(&[]));
        assert!(!cross_site(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://behind.a.proxy"),
            ("host", "us")
        ]));
        assert!(!cross_site(&[("sec-fetch-site", "none")]));
        for site in ["cross-site", "same-site", ""] {
            let headers = [("sec-fetch-site", site), ("origin", "http://us:8080"), ("host", "us:8080")];
            let headers: HeaderMap = headers
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
                .into_iter()
                .collect();
            assert!(is_cross_site(&headers), "{site}");
        }
        assert!(!cross_site(&[("origin", "http://us:8080"), ("host", "us:8080")]));
        for origin in ["http://evil.test", "http://us:8081", "null", "us:8080"] {
            let headers = [("origin", origin), ("host", "us:8080")];
            let headers: HeaderMap = headers
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
                .into_iter()
                .collect();
            assert!(is_cross_site(&headers), "{origin}");
        }
    }
}
