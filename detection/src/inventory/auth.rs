use portcullis_exchange::Request;

use crate::view::{Place, Views};

/// How a request says who it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuthKind {
    None,
    /// A JSON web token (RFC 7519) as bearer token (RFC 6750).
    BearerJwt,
    BearerOpaque,
    /// RFC 7617.
    Basic,
    ApiKeyHeader,
    ApiKeyQuery,
    Cookie,
    /// Any other `Authorization` scheme.
    Other,
}

impl AuthKind {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::BearerJwt,
        Self::BearerOpaque,
        Self::Basic,
        Self::ApiKeyHeader,
        Self::ApiKeyQuery,
        Self::Cookie,
        Self::Other,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BearerJwt => "bearer-jwt",
            Self::BearerOpaque => "bearer-opaque",
            Self::Basic => "basic",
            Self::ApiKeyHeader => "api-key-header",
            Self::ApiKeyQuery => "api-key-query",
            Self::Cookie => "cookie",
            Self::Other => "other",
        }
    }
}

/// Of several, the one that stands first here.
pub(crate) fn auth_of(request: &Request, views: &Views<'_>) -> AuthKind {
    if let Some(value) = request.headers.get("authorization") {
        return of_authorization(value.trim_ascii());
    }
    let names_key = |name: &[u8]| {
        [&b"x-api-key"[..], b"api-key", b"apikey", b"x-auth-token", b"x-access-token"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    if request.headers.iter().any(|(name, value)| names_key(name) && !value.trim_ascii().is_empty()) {
        return AuthKind::ApiKeyHeader;
    }
    let has = |place: Place, names: fn(&str) -> bool| {
        views.fields.iter().any(|field| field.place == place && !field.is_name && names(&field.name))
    };
    if has(Place::Query, is_key) {
        return AuthKind::ApiKeyQuery;
    }
    if has(Place::Cookie, is_session) { AuthKind::Cookie } else { AuthKind::None }
}

fn of_authorization(value: &[u8]) -> AuthKind {
    let is_scheme = |scheme: &[u8]| {
        value.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
            && value.get(scheme.len()) == Some(&b' ')
    };
    if is_scheme(b"basic") {
        return AuthKind::Basic;
    }
    if !is_scheme(b"bearer") {
        return if value.is_empty() { AuthKind::None } else { AuthKind::Other };
    }
    let token = value.get(7..).unwrap_or_default().trim_ascii();
    let dots = token.iter().filter(|byte| **byte == b'.').count();
    if dots == 2 && token.starts_with(b"ey") { AuthKind::BearerJwt } else { AuthKind::BearerOpaque }
}

fn is_key(name: &str) -> bool {
    ["api_key", "apikey", "api-key", "access_token", "auth_token", "key", "token"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn is_session(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["sess", "sid", "auth", "token", "jwt"].iter().any(|part| name.contains(part))
}
