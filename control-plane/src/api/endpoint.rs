use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, MatchedPath, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Api, ApiError,
    client::client,
    security::{is_own_page, session_cookie},
};
use crate::{
    accounts::Planes,
    auth::{self, Caller},
    blocking::blocking,
    store::{Act, Role, Store, StoreError},
};

/// One authenticated request.
pub(super) struct Call {
    /// The caller's account, and no other.
    pub(super) api: Arc<Api>,
    pub(super) planes: Arc<Planes>,
    /// The endpoint's.
    name: String,
    pub(super) caller: Caller,
    /// Where the request came from: the caller, or a proxy of theirs that is not trusted.
    pub(super) from: IpAddr,
    /// The body as sent, whose documented keys the reply echoes.
    pub(super) raw: Map<String, Value>,
}

impl Call {
    /// Those keys of the request that `T` knows. Several types may each take their part.
    pub(super) fn keys<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        typed(&self.raw)
    }

    /// This request, as a change that it makes is told in the audit log.
    pub(super) fn act(&self) -> Act {
        Act { by: self.caller.by.clone(), from: Some(self.from), action: self.name.clone() }
    }
}

pub(super) type Reply<T> = Result<T, ApiError>;

/// What an endpoint's function returns: a reply that the document describes, or why there is none.
pub(super) trait Answer: Send + 'static {
    type Body: Serialize + ToSchema + Send + 'static;

    fn reply(self) -> Reply<Self::Body>;
}

impl<T: Serialize + ToSchema + Send + 'static> Answer for Reply<T> {
    type Body = T;

    fn reply(self) -> Self {
        self
    }
}

/// An endpoint that needs the store and nothing else; it runs where waiting for the disk harms nobody.
pub(super) fn reads<R: Answer>(needs: Role, handler: fn(&Call) -> R) -> MethodRouter<Arc<Planes>> {
    commands(needs, move |call: Call| blocking(move || handler(&call).reply()))
}

/// An endpoint that also waits, for sensors or for its turn.
pub(super) fn commands<H, F>(needs: Role, handler: H) -> MethodRouter<Arc<Planes>>
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output: Answer> + Send,
{
    answers(needs, move |call| {
        let reply = handler(call);
        async { Ok(Json(reply.await.reply()?).into_response()) }
    })
}

/// An endpoint whose answer is no JSON object.
pub(super) fn answers<H, F>(needs: Role, handler: H) -> MethodRouter<Arc<Planes>>
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, ApiError>> + Send,
{
    post(
        async move |State(planes): State<Arc<Planes>>,
                    ConnectInfo(peer): ConnectInfo<SocketAddr>,
                    path: MatchedPath,
                    headers: HeaderMap,
                    body: Result<Bytes, BytesRejection>| {
            let name = path.as_str().rsplit('/').next().unwrap_or_default();
            handler(admit(planes, needs, name, peer, &headers, body).await?).await
        },
    )
    .fallback(async || ApiError::NotFound)
}

async fn admit(
    planes: Arc<Planes>,
    needs: Role,
    name: &str,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Call, ApiError> {
    let (api, caller) = authenticate(&planes, headers).await?;
    if caller.role < needs {
        return Err(ApiError::Forbidden { has: caller.role, needs });
    }
    let raw = object(&body.map_err(|_| ApiError::TooLarge)?)?;
    let from = client(peer.ip(), headers, &planes.setup().trusted_proxies).address;
    Ok(Call { api, planes, name: name.to_owned(), caller, from, raw })
}

/// By API key (in a header of its own, or as the bearer token that a Prometheus sends), or by the console's session with
/// the header that no foreign site can send.
///
/// Here alone is decided which account a request belongs to: that whose store knows the secret.
pub(super) async fn authenticate(
    planes: &Arc<Planes>,
    headers: &HeaderMap,
) -> Result<(Arc<Api>, Caller), ApiError> {
    if let Some(key) = api_key(headers)? {
        return known(planes, key, |store, key| auth::by_key(store, key)).await;
    }
    let cookie = session_cookie(headers).ok_or(ApiError::Unauthenticated)?;
    if !is_own_page(headers) {
        return Err(ApiError::CrossSite);
    }
    by_session(planes, cookie).await
}

/// Whose session this is.
pub(super) async fn by_session(planes: &Arc<Planes>, cookie: String) -> Result<(Arc<Api>, Caller), ApiError> {
    known(planes, cookie, |store, cookie| auth::by_session(store, cookie)).await
}

async fn known(
    planes: &Arc<Planes>,
    secret: String,
    look_up: fn(&dyn Store, &str) -> Result<Option<Caller>, StoreError>,
) -> Result<(Arc<Api>, Caller), ApiError> {
    let planes = planes.clone();
    let found = blocking(move || {
        let Some(plane) = planes.of_secret(&secret)? else { return Ok::<_, StoreError>(None) };
        Ok(look_up(&*plane.store, &secret)?.map(|caller| (plane.api.clone(), caller)))
    });
    found.await?.ok_or(ApiError::Unauthenticated)
}

fn api_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let text = |value: &HeaderValue| value.to_str().map(str::trim).map(str::to_owned);
    if let Some(key) = headers.get("x-api-key") {
        return text(key).map(Some).map_err(|_| ApiError::Unauthenticated);
    }
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| text(value).ok());
    Ok(authorization.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
    }))
}

/// An empty body is an empty object.
fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::invalid("body", "has to be a JSON object")),
        Err(error) => Err(ApiError::invalid("body", format_args!("is no JSON: {error}"))),
    }
}

fn typed<T: DeserializeOwned>(raw: &Map<String, Value>) -> Result<T, ApiError> {
    // `null` is how scripts that echo our own replies say «absent».
    let given =
        raw.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone()));
    serde_path_to_error::deserialize(Value::Object(given.collect())).map_err(|error| {
        let problem = error.inner().to_string();
        match problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            Some(field) => ApiError::invalid(field, "is required"),
            None => ApiError::invalid(&error.path().to_string(), problem),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Example {
        start_ts: u64,
        #[serde(default)]
        names: Vec<String>,
    }

    fn parse(body: &str) -> Result<Example, Vec<String>> {
        object(body.as_bytes()).and_then(|raw| typed(&raw)).map_err(|error| match error {
            ApiError::Invalid(errors) => errors,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn an_error_names_the_field() {
        assert_eq!(parse("{}").unwrap_err(), ["startTs: is required"]);
        assert!(parse(r#"{"startTs": -1}"#).unwrap_err()[0].starts_with("startTs: "));
        assert!(parse(r#"{"startTs": 1, "names": ["a", 7]}"#).unwrap_err()[0].starts_with("names[1]: "));
        assert!(parse("[]").unwrap_err()[0].starts_with("body: "));
        assert!(parse("{").unwrap_err()[0].starts_with("body: "));
    }

    #[test]
    fn unknown_keys_are_ignored_and_null_is_absent() {
        let example = parse(r#"{"startTs": 1, "names": null, "other": {}}"#).unwrap();
        assert_eq!((example.start_ts, example.names.len()), (1, 0));
    }
}
