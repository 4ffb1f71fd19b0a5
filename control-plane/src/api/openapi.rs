//! The OpenAPI 3.1 document of what is served, and a page to try it. Both come from the table that the router is made of, so
//! neither can tell of a call that is not there, nor leave one out.

mod asks;
mod document;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::{MethodRouter, get},
};

pub(super) use self::asks::Asks;
use self::document::Described;
use super::{
    ApiError,
    endpoint::{self, Call, Reply},
};
use crate::{accounts::Planes, store::Role};

/// The calls, each with what it asks for and who may make it.
pub(super) struct Endpoints {
    router: Router<Arc<Planes>>,
    described: Vec<Described>,
}

impl Endpoints {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), described: Vec::new() }
    }

    /// One that needs the store and nothing else.
    pub(super) fn reads<A: Asks>(
        self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        handler: fn(&Call) -> Reply,
    ) -> Self {
        self.add::<A>(name, needs, about, endpoint::reads(needs, handler))
    }

    /// One that also waits.
    pub(super) fn commands<A: Asks, F>(
        self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        handler: fn(Call) -> F,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        self.add::<A>(name, needs, about, endpoint::commands(needs, handler))
    }

    /// One that takes many entries at once.
    pub(super) fn imports<A: Asks, F>(
        self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        handler: fn(Call) -> F,
        most: usize,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let route = endpoint::commands(needs, handler).layer(DefaultBodyLimit::max(most));
        self.add::<A>(name, needs, about, route)
    }

    pub(super) fn add<A: Asks>(
        mut self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        route: MethodRouter<Arc<Planes>>,
    ) -> Self {
        self.router = self.router.route(&format!("/api/{name}"), route);
        self.described.push(Described { name, needs, about, asks: A::schema() });
        self
    }

    /// With the document and the page.
    pub(super) fn router(self) -> Router<Arc<Planes>> {
        let document: &'static str = document::of(self.described).leak();
        let file = |kind: &'static str, text: &'static str| {
            get(async move || {
                ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
            })
            .fallback(async || ApiError::NotFound)
        };
        self.router
            .route("/api/openapi.json", file("application/json", document))
            .route("/api/docs", file("text/html; charset=utf-8", include_str!("openapi/page.html")))
            .route("/api/docs.js", file("text/javascript; charset=utf-8", include_str!("openapi/page.js")))
            .route("/api/docs.css", file("text/css; charset=utf-8", include_str!("openapi/page.css")))
    }
}
