//! The console's files, or the page that says how to build them.

use reqwest::Client;

use crate::harness::Plane;

#[tokio::test]
async fn any_page_of_the_console_is_html_and_a_missing_file_is_missing() {
    let plane = Plane::start().await;
    let get = async |path: &str| Client::new().get(format!("{}{path}", plane.url())).send().await.unwrap();
    for path in ["/", "/actors", "/activity/01990000-0000-7000-8000-000000000000"] {
        let response = get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        assert!(response.text().await.unwrap().contains("Portcullis"));
    }
    assert_eq!(get("/assets/absent.js").await.status(), 404);
    assert_eq!(get("/../Cargo.toml").await.headers()["content-type"], "text/html; charset=utf-8");
    let post = Client::new().post(format!("{}/actors", plane.url())).send().await.unwrap();
    assert_eq!(post.status(), 405);
}

#[tokio::test]
async fn health_is_answered_without_a_key() {
    let plane = Plane::start().await;
    let response = Client::new().get(format!("{}/healthz", plane.url())).send().await.unwrap();
    assert_eq!(response.status(), 200);
}
