//! The endpoints that are as they should be.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::Shop;

const PER_PAGE: i64 = 3;

pub(super) async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

#[derive(Deserialize)]
pub(super) struct Page {
    page: Option<i64>,
}

pub(super) async fn users(State(shop): State<Arc<Shop>>, Query(at): Query<Page>) -> Response {
    let page = at.page.unwrap_or(1).clamp(1, 1000);
    let sql = "SELECT id, username, email FROM users ORDER BY id LIMIT ?1 OFFSET ?2";
    match shop.store.rows(sql, &[&PER_PAGE, &((page - 1) * PER_PAGE)]) {
        Ok(users) => Json(json!({ "users": users, "page": page })).into_response(),
        Err(_) => broken(),
    }
}

pub(super) async fn user(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<i64>() else { return missing() };
    match shop.store.rows("SELECT id, username, email FROM users WHERE id = ?1", &[&id]) {
        Ok(users) => match users.into_iter().next() {
            Some(user) => Json(user).into_response(),
            None => missing(),
        },
        Err(_) => broken(),
    }
}

#[derive(Deserialize)]
pub(super) struct OrderFilter {
    status: Option<String>,
}

pub(super) async fn orders(State(shop): State<Arc<Shop>>, Query(filter): Query<OrderFilter>) -> Response {
    let sql = "SELECT orders.id, products.name AS product, quantity, status
               FROM orders JOIN products ON products.id = orders.product
               WHERE ?1 IS NULL OR status = ?1 ORDER BY orders.id LIMIT 20";
    match shop.store.rows(sql, &[&filter.status]) {
        Ok(orders) => Json(json!({ "orders": orders })).into_response(),
        Err(_) => broken(),
    }
}

#[derive(Deserialize)]
pub(super) struct Order {
    product: i64,
    quantity: i64,
}

pub(super) async fn place_order(State(shop): State<Arc<Shop>>, Json(order): Json<Order>) -> Response {
    match shop.store.place_order(order.product, order.quantity) {
        Ok(id) => (StatusCode::CREATED, Json(json!({ "id": id, "status": "open" }))).into_response(),
        Err(_) => broken(),
    }
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// Nobody's password is stored, so nobody gets in: the demo needs log-ins that fail.
pub(super) async fn login(Json(credentials): Json<Credentials>) -> Response {
    let known = !credentials.username.is_empty() && !credentials.password.is_empty();
    let message = if known { "wrong user name or password" } else { "user name and password are needed" };
    (StatusCode::UNAUTHORIZED, Json(json!({ "error": message }))).into_response()
}

pub(super) async fn not_found() -> Response {
    missing()
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))).into_response()
}

fn broken() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "internal error" }))).into_response()
}
