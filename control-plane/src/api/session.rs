use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use serde_json::json;

use super::{
    Api, ApiError,
    endpoint::authenticate,
    security::{is_own_page, session_cookie},
};
use crate::{
    auth::{self, COOKIE, SESSION_LIFETIME},
    blocking::blocking,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogIn {
    api_key: String,
}

/// `POST /session`: trades an API key for a cookie.
pub(super) async fn log_in(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    // A form of a foreign site cannot send this type: nobody is logged in under somebody else's key unawares.
    if !is_json(&headers) {
        return Err(ApiError::invalid("content-type", "has to be application/json"));
    }
    let LogIn { api_key } = serde_json::from_slice(&body)
        .map_err(|_| ApiError::invalid("apiKey", "is required: {\"apiKey\": \"…\"}"))?;
    if !api.attempts.allowed(peer.ip(), Instant::now()) {
        return Err(ApiError::TooManyAttempts);
    }
    let store = api.store.clone();
    let opened = blocking(move || {
        let Some(caller) = auth::by_key(&*store, api_key.trim())? else { return Ok(None) };
        auth::open_session(&*store, &caller).map(Some)
    })
    .await?;
    let Some(session) = opened else {
        api.attempts.failed(peer.ip(), Instant::now());
        return Err(ApiError::Unauthenticated);
    };
    let lifetime = i64::try_from(SESSION_LIFETIME.as_secs()).unwrap_or(i64::MAX);
    Ok(with_cookie(session.reveal(), lifetime))
}

/// `GET /session`: who is logged in.
pub(super) async fn who(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let store = api.store.clone();
    let caller = match session_cookie(&headers) {
        // Nothing but reading happens here, so the header that commands need is not asked for.
        Some(cookie) if !headers.contains_key("x-api-key") => {
            blocking(move || auth::by_session(&*store, &cookie)).await?.ok_or(ApiError::Unauthenticated)?
        }
        _ => authenticate(&api, &headers).await?,
    };
    Ok(Json(json!({ "name": caller.name, "role": caller.role.name() })).into_response())
}

/// `DELETE /session`: ends it here, not only in the browser.
pub(super) async fn log_out(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(cookie) = session_cookie(&headers) {
        if !is_own_page(&headers) {
            return Err(ApiError::CrossSite);
        }
        let store = api.store.clone();
        blocking(move || auth::end_session(&*store, &cookie)).await?;
    }
    Ok(with_cookie("", 0))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    })
}

/// Without `Secure`: the listener speaks plaintext on loopback, and a TLS proxy in front may add it.
fn with_cookie(value: &str, lifetime_seconds: i64) -> Response {
    let cookie = Cookie::build((COOKIE, value.to_owned()))
        .http_only(true)
        .same_site(SameSite::Strict)
        .path("/")
        .max_age(time::Duration::seconds(lifetime_seconds))
        .build();
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie.to_string())]).into_response()
}
