use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::store::{Role, StoreError};

/// Why a request was not served. People read these: each says what to do.
#[derive(Debug)]
pub(crate) enum ApiError {
    Unauthenticated,
    /// A session without the header that no foreign site can send.
    CrossSite,
    Forbidden {
        has: Role,
        needs: Role,
    },
    NotFound,
    TooLarge,
    TooManyAttempts,
    /// `<field>: <what is wrong>`, one line each.
    Invalid(Vec<String>),
    Store(StoreError),
}

impl ApiError {
    pub(super) fn invalid(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![format!("{field}: {problem}")])
    }

    pub(super) fn body(errors: &[String]) -> Json<Value> {
        Json(json!({ "actionErrors": errors }))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(message) => Self::Invalid(vec![message]),
            other => Self::Store(other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, errors) = match self {
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                vec!["no valid API key: send it as the header x-api-key or as a bearer token, or log in to the console".into()],
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                vec!["a session needs the header x-portcullis-request: 1 with every request".into()],
            ),
            Self::Forbidden { has, needs } => (
                StatusCode::FORBIDDEN,
                vec![format!(
                    "this needs a key of the role {}, and this one is {}",
                    needs.name(),
                    has.name()
                )],
            ),
            Self::NotFound => {
                (StatusCode::NOT_FOUND, vec!["there is no such endpoint, or not for this method".into()])
            }
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, vec!["the request's body is larger than it may be (1 MiB; imports 8 MiB): send it in parts".into()])
            }
            Self::TooManyAttempts => (
                StatusCode::TOO_MANY_REQUESTS,
                vec!["too many failed log-ins from this address: try again in a minute".into()],
            ),
            Self::Invalid(errors) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
            Self::Store(error) => {
                tracing::error!(%error, "a request failed");
                // What the database says may name rows and paths: that is for the log.
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    vec!["the store failed; the control plane's log says why".into()],
                )
            }
        };
        (status, Self::body(&errors)).into_response()
    }
}
