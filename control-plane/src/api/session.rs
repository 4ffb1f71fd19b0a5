use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, ApiError,
    client::{Client, client},
    endpoint::{authenticate, by_session},
    names,
    security::{is_cross_site, is_own_page, session_cookie},
};
use crate::{
    accounts::Planes,
    auth::{self, COOKIE, Caller, SESSION_LIFETIME},
    blocking::blocking,
    store::{Act, Principal, PrincipalKind},
};

#[derive(Deserialize)]
#[serde(untagged)]
enum LogIn {
    Key {
        #[serde(rename = "apiKey")]
        api_key: String,
    },
    Password {
        name: String,
        password: String,
        /// Absent for the operator's.
        account: Option<String>,
    },
}

/// `POST /session`: trades a name and a password, or an API key, for a cookie.
pub(super) async fn log_in(
    State(planes): State<Arc<Planes>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    // A form of a foreign site cannot send this type: nobody is logged in under somebody else's name unawares.
    if !is_json(&headers) {
        return Err(ApiError::invalid("content-type", "has to be application/json"));
    }
    if is_cross_site(&headers) {
        return Err(ApiError::CrossSite);
    }
    let log_in: LogIn = serde_json::from_slice(&body).map_err(|_| {
        ApiError::invalid("body", "has to be {\"name\": \"…\", \"password\": \"…\"} or {\"apiKey\": \"…\"}")
    })?;
    if matches!(log_in, LogIn::Password { .. }) && !planes.setup().takes_passwords() {
        return Err(ApiError::NoPasswords);
    }
    let client = client(peer.ip(), &headers, &planes.setup().trusted_proxies);
    // Failures at an account that is not there are the operator's to see.
    let (api, is_there) = match of_log_in(&planes, &log_in).await? {
        Some(api) => (api, true),
        None => (planes.own().api.clone(), false),
    };
    let name = match &log_in {
        LogIn::Key { .. } => None,
        LogIn::Password { name, .. } => Some(api.at_log_in(name.trim())),
    };
    let attempt = api.attempts.begin(client.address, name.as_deref(), Instant::now())?;
    let caller = match caller(&api, is_there, log_in).await {
        Ok(Some(caller)) => caller,
        Ok(None) => {
            note_failure(&api, client).await?;
            return Err(ApiError::NotLoggedIn);
        }
        Err(error) => {
            attempt.forget();
            return Err(error);
        }
    };
    attempt.succeeded();
    let act = Act { by: caller.by.clone(), from: Some(client.address), action: "logIn".to_owned() };
    let store = api.store.clone();
    let session = blocking(move || auth::open_session(&*store, &act, &caller)).await?;
    let lifetime = i64::try_from(SESSION_LIFETIME.as_secs()).unwrap_or(i64::MAX);
    Ok(with_cookie(session.reveal(), lifetime, client))
}

/// The account that somebody wants to log in to.
async fn of_log_in(planes: &Arc<Planes>, log_in: &LogIn) -> Result<Option<Arc<Api>>, ApiError> {
    let planes = planes.clone();
    let (secret, account) = match log_in {
        LogIn::Key { api_key } => (Some(api_key.trim().to_owned()), String::new()),
        LogIn::Password { account, .. } => (None, account.as_deref().unwrap_or_default().trim().to_owned()),
    };
    let found = blocking(move || match secret {
        Some(secret) => planes.of_secret(&secret),
        None => planes.named(&account),
    });
    Ok(found.await?.map(|plane| plane.api.clone()))
}

/// Where the account is not there, it takes as long to say no.
async fn caller(api: &Arc<Api>, is_there: bool, log_in: LogIn) -> Result<Option<Caller>, ApiError> {
    match log_in {
        LogIn::Key { .. } if !is_there => Ok(None),
        LogIn::Key { api_key } => {
            let store = api.store.clone();
            Ok(blocking(move || auth::by_key(&*store, api_key.trim())).await?)
        }
        LogIn::Password { password, .. } if !is_there => {
            api.passwords.is(password, None).await?;
            Ok(None)
        }
        LogIn::Password { name, password, .. } => {
            Ok(auth::by_password(&api.store, &api.passwords, &name, password).await?)
        }
    }
}

/// The name is not written down: people type passwords into that field.
pub(super) async fn note_failure(api: &Arc<Api>, client: Client) -> Result<(), ApiError> {
    tracing::warn!(from = %client.address, "a log-in failed");
    if !api.failures_noted.may_note(Instant::now()) {
        return Ok(());
    }
    let by = Principal { kind: PrincipalKind::Unknown, id: String::new(), name: "unknown".to_owned() };
    let act = Act { by, from: Some(client.address), action: "failedLogIn".to_owned() };
    let store = api.store.clone();
    Ok(blocking(move || store.note(&act, "session")).await?)
}

#[derive(Serialize, ToSchema)]
pub(super) struct Who {
    name: String,
    role: names::Role,
    kind: names::PrincipalKind,
    /// The id of the account that they are logged in to.
    account: String,
}

/// `GET /session`: who is logged in, and where.
pub(super) async fn who(
    State(planes): State<Arc<Planes>>,
    headers: HeaderMap,
) -> Result<Json<Who>, ApiError> {
    let (api, caller) = match session_cookie(&headers) {
        // Nothing but reading happens here, so the header that commands need is not asked for.
        Some(cookie) if !headers.contains_key("x-api-key") => by_session(&planes, cookie).await?,
        _ => authenticate(&planes, &headers).await?,
    };
    let Principal { kind, name, .. } = caller.by;
    let account = api.account_id.clone();
    Ok(Json(Who { name, role: caller.role.into(), kind: kind.into(), account }))
}

/// `DELETE /session`: ends it here, not only in the browser.
pub(super) async fn log_out(
    State(planes): State<Arc<Planes>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let client = client(peer.ip(), &headers, &planes.setup().trusted_proxies);
    if let Some(cookie) = session_cookie(&headers) {
        if !is_own_page(&headers) {
            return Err(ApiError::CrossSite);
        }
        let planes = planes.clone();
        blocking(move || {
            let Some(plane) = planes.of_secret(&cookie)? else { return Ok(()) };
            let Some(caller) = auth::by_session(&*plane.store, &cookie)? else { return Ok(()) };
            let act = Act { by: caller.by, from: Some(client.address), action: "logOut".to_owned() };
            plane.store.end_session(&act, &auth::digest(&cookie))
        })
        .await?;
    }
    Ok(with_cookie("", 0, client))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    })
}

/// `Secure` where a trusted proxy says that it speaks TLS. The listener itself speaks plaintext, and a browser takes no
/// such cookie from there.
fn with_cookie(value: &str, lifetime_seconds: i64, client: Client) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(value, lifetime_seconds, client))]).into_response()
}

/// Adds the cookie of a new session.
pub(super) fn with_session(response: &mut Response, session: &str, client: Client) {
    let lifetime = i64::try_from(SESSION_LIFETIME.as_secs()).unwrap_or(i64::MAX);
    // Made of hexadecimal digits.
    if let Ok(value) = cookie(session, lifetime, client).parse() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn cookie(value: &str, lifetime_seconds: i64, client: Client) -> String {
    let cookie = Cookie::build((COOKIE, value.to_owned()))
        .http_only(true)
        .secure(client.has_tls)
        .same_site(SameSite::Strict)
        .path("/")
        .max_age(time::Duration::seconds(lifetime_seconds))
        .build();
    cookie.to_string()
}
