//! The demo's API: a small shop, as one meets it, with three holes.
//!
//! **It is vulnerable on purpose.** `vulnerable.rs` reads any file, runs any SQL and any shell command that a request
//! asks for, so that attacks on it truly succeed and a sensor has something true to find. It therefore serves
//! loopback addresses only, and only inside a network namespace that the testbed made; it gives root away first.

mod confine;
mod shop;
mod store;
mod vulnerable;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::{
    Router,
    routing::{get, post},
};

pub(crate) use confine::NOBODY;
use store::Store;

pub(crate) struct Shop {
    store: Store,
    /// Customers' invoices: what the download endpoint is meant to give.
    invoices: PathBuf,
}

/// Serves until the process is ended. Refuses to where somebody else could reach it.
pub fn serve(listen: SocketAddr, folder: PathBuf) -> anyhow::Result<()> {
    confine::refuse_if_reachable(listen)?;
    confine::give_root_away()?;
    let invoices = write_invoices(folder)?;
    let shop = Shop { store: Store::new()?, invoices };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| listen.to_string())?;
        axum::serve(listener, router(shop)).await.context("serving")
    })
}

fn router(shop: Shop) -> Router {
    Router::new()
        .route("/api/health", get(shop::health))
        .route("/api/users", get(shop::users))
        .route("/api/users/{id}", get(shop::user))
        .route("/api/orders", get(shop::orders).post(shop::place_order))
        .route("/api/login", post(shop::login))
        .route("/api/products", get(vulnerable::search_products))
        .route("/api/invoices", get(vulnerable::download_invoice))
        .route("/api/diagnostics", post(vulnerable::diagnose))
        .fallback(shop::not_found)
        .with_state(Arc::new(shop))
}

fn write_invoices(folder: PathBuf) -> anyhow::Result<PathBuf> {
    fs_err::create_dir_all(&folder)?;
    for number in 1..=5_u32 {
        let text = format!(
            "Invoice 2026-{number:04}\n\n1 x lantern, brass      EUR {}.00\nThank you for your order.\n",
            number * 9
        );
        fs_err::write(folder.join(format!("2026-{number:04}.txt")), text)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::{Request, StatusCode},
    };
    use tower::ServiceExt as _;

    use super::*;

    /// Without a socket: nothing listens in a unit test.
    async fn ask(method: &str, target: &str, body: &str) -> (StatusCode, String) {
        let folder = tempfile::tempdir().unwrap();
        let invoices = write_invoices(folder.path().join("invoices")).unwrap();
        let shop = Shop { store: Store::new().unwrap(), invoices };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let answer = router(shop).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn ordinary_use_works() {
        let (status, body) = ask("GET", "/api/users?page=1", "").await;
        assert!(status == StatusCode::OK && body.contains("\"users\""), "{status} {body}");
        let (status, body) = ask("GET", "/api/products?search=lamp", "").await;
        assert!(status == StatusCode::OK && body.contains("lamp"), "{status} {body}");
        let (status, body) = ask("GET", "/api/invoices?name=2026-0001.txt", "").await;
        assert!(status == StatusCode::OK && body.contains("Thank you"), "{status} {body}");
        let (status, _) = ask("POST", "/api/orders", r#"{"product": 2, "quantity": 1}"#).await;
        assert_eq!(status, StatusCode::CREATED);
        let (status, body) = ask("POST", "/api/diagnostics", r#"{"host": "warehouse-2"}"#).await;
        assert!(status == StatusCode::OK && body.contains("checking warehouse-2"), "{status} {body}");
        let (status, _) = ask("POST", "/api/login", r#"{"username": "ada", "password": "wrong"}"#).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn the_three_holes_are_open() {
        let (_, body) = ask("GET", "/api/invoices?name=../../../../../../../../etc/passwd", "").await;
        assert!(body.contains("root:x:0:0:"), "{body}");
        let injection =
            "/api/products?search=x'%20UNION%20SELECT%20id,%20email,%20password_hash%20FROM%20users--";
        let (_, body) = ask("GET", injection, "").await;
        assert!(body.contains("$2b$"), "{body}");
        let (_, body) = ask("POST", "/api/diagnostics", r#"{"host": "x; id"}"#).await;
        assert!(body.contains("uid="), "{body}");
    }
}
