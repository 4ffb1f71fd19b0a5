//! The console's files, embedded. Built without them, a page that says how to build them.

use axum::{
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../console/dist"]
#[allow_missing = true]
struct Files;

const PLACEHOLDER: &str = include_str!("console/placeholder.html");

/// File names under this folder carry a hash of their content: they never change.
const HASHED: &str = "assets/";

pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    match Files::get(path) {
        Some(file) if !path.is_empty() => answer(path, file),
        // A missing file is missing; any other path is a page of the console, which routes on its own.
        _ if path.starts_with(HASHED) => StatusCode::NOT_FOUND.into_response(),
        _ => match Files::get("index.html") {
            Some(file) => answer("index.html", file),
            None => ([html(), fresh()], PLACEHOLDER).into_response(),
        },
    }
}

fn answer(path: &str, file: rust_embed::EmbeddedFile) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = HeaderValue::from_str(kind.essence_str())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let caching = if path.starts_with(HASHED) {
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"))
    } else {
        fresh()
    };
    let kind = if path.ends_with(".html") { html() } else { (header::CONTENT_TYPE, kind) };
    ([kind, caching], file.data).into_response()
}

fn html() -> (HeaderName, HeaderValue) {
    (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
}

fn fresh() -> (HeaderName, HeaderValue) {
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
}
