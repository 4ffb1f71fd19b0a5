//! The two pages of a log-in by an OpenID Connect provider: there and back.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Json,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    client::client,
    session::{note_failure, with_session},
};
use crate::{
    accounts::Planes,
    auth::{self, Caller, Password},
    blocking::blocking,
    clock::EpochMillis,
    oidc::{Oidc, OidcError},
    store::{Act, ExternalUser, Principal, PrincipalKind, UserError},
};

/// Ties a log-in to the browser that began it.
const COOKIE: &str = "portcullis_oidc";
const PATH: &str = "/session/oidc";

/// How one may log in. An API key always does.
#[derive(Serialize, ToSchema)]
pub(super) struct Ways {
    /// Whether by a name and a password.
    password: bool,
    /// By an identity provider, where there is one.
    oidc: Option<ProviderWay>,
}

#[derive(Serialize, ToSchema)]
struct ProviderWay {
    /// What the log-in page calls it.
    name: String,
    /// Where the way there begins.
    path: &'static str,
}

/// `GET /session/ways`. Needs no log-in.
pub(super) async fn ways(State(planes): State<Arc<Planes>>) -> Json<Ways> {
    let setup = planes.setup();
    let oidc = setup.oidc.as_ref().map(|oidc| ProviderWay { name: oidc.name().to_owned(), path: PATH });
    Json(Ways { password: setup.takes_passwords(), oidc })
}

/// `GET /session/oidc`: leads to the provider.
pub(super) async fn begin(
    State(planes): State<Arc<Planes>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let client = client(peer.ip(), &headers, &planes.setup().trusted_proxies);
    let api = &planes.own().api;
    let began = async {
        let oidc = configured(&planes)?;
        // Each asks the provider and is remembered for a while. Who comes back gets theirs back.
        drop(api.attempts.begin(client.address, None, Instant::now())?);
        Ok::<_, Failure>(oidc.begin().await?)
    };
    match began.await {
        Ok(begun) => {
            let cookie = Cookie::build((COOKIE, begun.browser))
                .http_only(true)
                .secure(client.has_tls)
                // The way back comes from the provider's site.
                .same_site(SameSite::Lax)
                .path(PATH)
                .max_age(time::Duration::minutes(10))
                .build();
            ([(header::SET_COOKIE, cookie.to_string())], Redirect::to(&begun.url)).into_response()
        }
        Err(failure) => failure.into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Back {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// `GET /session/oidc/callback`: comes from the provider, and opens a session.
pub(super) async fn finish(
    State(planes): State<Arc<Planes>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Response {
    let client = client(peer.ip(), &headers, &planes.setup().trusted_proxies);
    // Whom the provider vouches for is let into the operator's account.
    let api = planes.own().api.clone();
    let entered = async {
        let oidc = configured(&planes)?;
        let browser = CookieJar::from_headers(&headers).get(COOKIE).map(|cookie| cookie.value().to_owned());
        if let Some(error) = back.error {
            let why = back.error_description.unwrap_or_default();
            return Err(OidcError::Refused(format!("{error} {why}")).into());
        }
        let (Some(state), Some(code), Some(browser)) = (back.state, back.code, browser) else {
            return Err(OidcError::Unknown.into());
        };
        let identity = oidc.finish(&state, code, &browser).await?;
        let by = Principal {
            kind: PrincipalKind::User,
            id: identity.subject.clone(),
            name: identity.name.clone(),
        };
        let act = Act { by, from: Some(client.address), action: "logInExternal".to_owned() };
        // Of a secret that nobody knows: no password lets them in.
        let nobodys = auth::Secret::generate(auth::SecretKind::Session, None)?.reveal().to_owned();
        let nobodys = Password::new(nobodys, &identity.name).map_err(OidcError::Name)?;
        let password = api.passwords.hash(nobodys).await?;
        let user =
            ExternalUser { subject: identity.subject, name: identity.name, role: identity.role, password };
        let store = api.store.clone();
        let session = blocking(move || {
            let user = store.external_user(&act, user, EpochMillis::now())?;
            let caller = Caller::from(user);
            let act = Act { by: caller.by.clone(), action: "logIn".to_owned(), ..act };
            Ok::<_, UserError>(auth::open_session(&*store, &act, &caller)?)
        });
        Ok::<_, Failure>(session.await?)
    };
    match entered.await {
        Ok(session) => {
            let mut response = page(StatusCode::OK, "You are logged in.", true);
            with_session(&mut response, session.reveal(), client);
            response
        }
        Err(failure) => {
            if let Err(error) = note_failure(&api, client).await {
                return error.into_response();
            }
            failure.into_response()
        }
    }
}

fn configured(planes: &Planes) -> Result<&Oidc, Failure> {
    planes.setup().oidc.as_deref().ok_or(Failure::Api(ApiError::NotFound))
}

/// Told as a page: a browser came here by itself.
enum Failure {
    Oidc(OidcError),
    User(UserError),
    Api(ApiError),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Oidc(error) => {
                tracing::warn!(%error, "a log-in by the identity provider failed");
                let status = match error {
                    OidcError::Provider(_) => StatusCode::BAD_GATEWAY,
                    OidcError::Busy => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::FORBIDDEN,
                };
                page(status, &error.to_string(), false)
            }
            Self::User(UserError::Store(error)) => ApiError::from(error).into_response(),
            Self::User(error) => page(StatusCode::FORBIDDEN, &error.to_string(), false),
            Self::Api(error) => error.into_response(),
        }
    }
}

macro_rules! from {
    ($($error:ty => $kind:ident($into:expr)),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let into = $into;
                Self::$kind(into(error))
            }
        })+
    };
}

from!(
    OidcError => Oidc(std::convert::identity),
    UserError => User(std::convert::identity),
    ApiError => Api(std::convert::identity),
    auth::Wait => Api(ApiError::from),
    auth::PasswordError => Api(ApiError::from),
    crate::store::StoreError => Api(ApiError::from),
);

/// The session's cookie is for pages of ours alone (`SameSite=Strict`): a redirect that began at the provider would not
/// carry it, and a page that leads on does.
fn page(status: StatusCode, told: &str, leads_on: bool) -> Response {
    let refresh = if leads_on { "<meta http-equiv=\"refresh\" content=\"0;url=/\">" } else { "" };
    let told = told.replace('&', "&amp;").replace('<', "&lt;");
    let text = format!(
        "<!doctype html><meta charset=\"utf-8\">{refresh}<title>Portcullis</title><p>{told}</p><p><a href=\"/\">Portcullis</a></p>"
    );
    (status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response()
}
