//! The demo's API: a small shop, as one meets it, with nine holes, and the same again without.
//!
//! **It is vulnerable on purpose.** `vulnerable/` reads any file, runs any SQL and any shell command that a request
//! asks for, so that attacks on it truly succeed and a sensor has something true to find. It therefore serves
//! loopback addresses only, and only inside a network namespace that the testbed made; it gives root away first.

mod confine;
mod hardened;
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
        .route("/api/greeting", get(vulnerable::greet))
        .route("/api/leave", get(vulnerable::leave))
        .route("/api/cards", post(vulnerable::print_card))
        .route("/api/import", post(vulnerable::import))
        .route("/api/preview", get(vulnerable::preview))
        .route("/api/track", get(vulnerable::track))
        .nest("/api/hardened", hardened())
        .fallback(shop::not_found)
        .with_state(Arc::new(shop))
}

/// Each hole's endpoint, without the hole.
fn hardened() -> Router<Arc<Shop>> {
    Router::new()
        .route("/products", get(hardened::search_products))
        .route("/invoices", get(hardened::download_invoice))
        .route("/diagnostics", post(hardened::diagnose))
        .route("/greeting", get(hardened::greet))
        .route("/leave", get(hardened::leave))
        .route("/cards", post(hardened::print_card))
        .route("/import", post(hardened::import))
        .route("/preview", get(hardened::preview))
        .route("/track", get(hardened::track))
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
mod tests;
