//! The OpenAPI 3.1 document of what is served, and a page to try it. Both come from the table that the router is made of, so
//! neither can tell of a call that is not there, nor leave one out.

mod answers;
mod asks;
mod document;
mod others;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

pub(super) use self::asks::Asks;
use self::{answers::Answers, document::Described};
use super::{
    ApiError,
    endpoint::{self, Answer, Call},
};
use crate::{accounts::Planes, store::Role};

/// The calls, each with what it asks for, what it answers and who may make it.
pub(super) struct Endpoints {
    router: Router<Arc<Planes>>,
    described: Vec<Described>,
}

impl Endpoints {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), described: Vec::new() }
    }

    /// One that needs the store and nothing else.
    pub(super) fn reads<A: Asks, R: Answer>(
        self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        handler: fn(&Call) -> R,
    ) -> Self {
        self.add::<A>(name, needs, about, endpoint::reads(needs, handler), Answers::json::<R::Body>())
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
        F: Future<Output: Answer> + Send + 'static,
    {
        let route = endpoint::commands(needs, handler);
        self.add::<A>(name, needs, about, route, Answers::json::<<F::Output as Answer>::Body>())
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
        F: Future<Output: Answer> + Send + 'static,
    {
        let route = endpoint::commands(needs, handler).layer(DefaultBodyLimit::max(most));
        self.add::<A>(name, needs, about, route, Answers::json::<<F::Output as Answer>::Body>())
    }

    /// One that sends a file, in one of these types.
    pub(super) fn sends<A: Asks, F>(
        self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        handler: fn(Call) -> F,
        kinds: &'static [&'static str],
    ) -> Self
    where
        F: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        self.add::<A>(name, needs, about, endpoint::answers(needs, handler), Answers::File(kinds))
    }

    fn add<A: Asks>(
        mut self,
        name: &'static str,
        needs: Role,
        about: &'static str,
        route: MethodRouter<Arc<Planes>>,
        answers: Answers,
    ) -> Self {
        self.router = self.router.route(&format!("/api/{name}"), route);
        self.described.push(Described { name, needs, about, asks: A::schema(), answers });
        self
    }

    /// As JSON text.
    pub(super) fn document(&self) -> String {
        document::of(&self.described)
    }

    /// Whatever the document would not tell apart.
    #[cfg(test)]
    fn named_alike(&self) -> Vec<&str> {
        let mut known = std::collections::HashMap::new();
        let all = self.described.iter().flat_map(|call| call.answers.named());
        all.filter(|(name, schema)| **known.entry(name).or_insert(schema) != *schema)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// With the document and the page.
    pub(super) fn router(self) -> Router<Arc<Planes>> {
        let document: &'static str = self.document().leak();
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

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_types_of_replies_have_the_same_name() {
        assert_eq!(super::super::endpoints().named_alike(), [""; 0]);
    }
}
