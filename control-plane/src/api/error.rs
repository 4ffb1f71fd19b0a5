use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    auth::{PasswordError, Wait},
    store::{Role, StoreError, UserError},
};

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
    /// What is about all accounts, asked by one that is not the operator's.
    OperatorOnly,
    NotFound,
    TooLarge,
    /// A wrong name, password or key at the log-in.
    NotLoggedIn,
    /// A name and a password where nobody logs in with these.
    NoPasswords,
    TooManyAttempts(Wait),
    /// Checking passwords takes memory: only some at a time.
    Busy,
    /// Another backup is being made.
    BackupUnderWay,
    /// Hashing a password failed, which it never should.
    Password(PasswordError),
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

impl From<Wait> for ApiError {
    fn from(wait: Wait) -> Self {
        Self::TooManyAttempts(wait)
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Store(error) => error.into(),
            error @ PasswordError::Hash(_) => Self::Password(error),
        }
    }
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Store(error) => error.into(),
            refused => Self::invalid("name", refused),
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
            Self::OperatorOnly => (
                StatusCode::FORBIDDEN,
                vec!["this is for admins of the operator's account".into()],
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                vec!["a session needs the header x-portcullis-request: 1 with every request, and a page of the console that sends it".into()],
            ),
            Self::Forbidden { has, needs } => (
                StatusCode::FORBIDDEN,
                vec![format!(
                    "this needs the role {}, and yours is {}",
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
            Self::NotLoggedIn => (
                StatusCode::UNAUTHORIZED,
                vec!["the name, the password or the API key is wrong, or may not be used any more".into()],
            ),
            Self::NoPasswords => (
                StatusCode::FORBIDDEN,
                vec!["nobody logs in with a password here (--no-password-log-in): log in by the identity provider, or with an API key".into()],
            ),
            Self::TooManyAttempts(Wait(wait)) => {
                let seconds = wait.as_secs().max(1);
                let errors = [format!(
                    "too many failed log-ins from this address or for this name: try again in {seconds} s"
                )];
                let after = [(header::RETRY_AFTER, seconds.to_string())];
                return (StatusCode::TOO_MANY_REQUESTS, after, Self::body(&errors)).into_response();
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                vec!["too many passwords are being checked: try again in a moment".into()],
            ),
            Self::BackupUnderWay => (
                StatusCode::SERVICE_UNAVAILABLE,
                vec!["another backup is being made: try again when it is done".into()],
            ),
            Self::Password(error) => {
                tracing::error!(%error, "a password could not be hashed or checked");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    vec!["the password could not be checked; the control plane's log says why".into()],
                )
            }
            Self::Invalid(errors) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
            Self::Store(error) if error.is_for_want_of_room() => {
                tracing::error!(%error, "a request failed");
                (StatusCode::SERVICE_UNAVAILABLE, vec![error.to_string()])
            }
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
