use fastrand::Rng;
use serde_json::json;

use super::{Visit, customer, encoded};

const BROWSERS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "ShopApp/4.2 (Android 15)",
];

/// Words that honest people type, some of which look odd to a careless rule: SQL's own words, signs, a path. No
/// apostrophe: on this API even an honest one breaks the statement.
const SEARCHES: [&str; 8] = [
    "lamp",
    "reading light (warm)",
    "lantern, brass",
    "gifts to select from",
    "candle & holder",
    "50% off or more",
    "table/desk lamps",
    "drop light",
];

/// The next thing some customer does.
pub fn errand(rng: &mut Rng) -> Visit {
    // A customer keeps to one browser.
    let who = rng.u8(10..18);
    let agent = BROWSERS.get(usize::from(who) % BROWSERS.len()).copied().unwrap_or(BROWSERS[0]);
    let visit = |method, target: String, body| Visit {
        actor: customer(who),
        method,
        target,
        body,
        agent,
        attack: None,
    };
    match rng.u8(0..20) {
        0..5 => visit(
            "GET",
            format!("/api/products?search={}", encoded(rng.choice(SEARCHES).unwrap_or("lamp"))),
            None,
        ),
        5..9 => visit("GET", format!("/api/users/{}", rng.u8(1..5)), None),
        9..11 => visit("GET", format!("/api/users?page={}", rng.u8(1..3)), None),
        11..14 => visit(
            "GET",
            format!("/api/orders?status={}", rng.choice(["open", "shipped"]).unwrap_or("open")),
            None,
        ),
        14..16 => visit(
            "POST",
            "/api/orders".to_owned(),
            Some(
                json!({ "product": rng.u8(1..6), "quantity": rng.u8(1..4), "note": "ring twice; then leave it & go" }),
            ),
        ),
        16..18 => visit("GET", format!("/api/invoices?name=2026-000{}.txt", rng.u8(1..6)), None),
        18 => visit("POST", "/api/diagnostics".to_owned(), Some(json!({ "host": "warehouse-2" }))),
        _ => visit("GET", "/api/health".to_owned(), None),
    }
}
