use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use portcullis_detection::{Engine, Example, PolicySet};
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

/// What is asked of a hole, and of its endpoint without one.
struct Try {
    policy: &'static str,
    evidence: &'static str,
    method: &'static str,
    /// Below `/api`. `FOLDER` is the test's own, in which it made `etc/passwd`.
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const fn get(policy: &'static str, evidence: &'static str, target: &'static str) -> Try {
    Try { policy, evidence, method: "GET", target, headers: &[], body: "" }
}

const fn post(policy: &'static str, evidence: &'static str, target: &'static str, body: &'static str) -> Try {
    let headers = &[("content-type", "application/json")];
    Try { policy, evidence, method: "POST", target, headers, body }
}

const TRIES: [Try; 21] = [
    get("SQLInjection", "value-computed", "/products?search=x'%20UNION%20SELECT%201,%208123*9371,%203--%20"),
    get(
        "SQLInjection",
        "database-dump",
        "/products?search=x'%20UNION%20SELECT%20id,%20email,%20password_hash%20FROM%20users--%20",
    ),
    get("SQLInjection", "sql-error", "/products?search=x'%20UNION%20SELECT%201--%20"),
    get("LocalFileInclusionLFIRFI", "file-contents", "/invoices?name=../etc/passwd"),
    get(
        "LocalFileInclusionLFIRFI",
        "file-contents",
        "/invoices?name=..%2f..%2f..%2f..%2f..%2f..%2f..FOLDER/etc/passwd",
    ),
    post("OSCommandInjection", "command-output", "/diagnostics", r#"{"host": "x; id"}"#),
    post("OSCommandInjection", "command-output", "/diagnostics", r#"{"host": "x && cat FOLDER/etc/passwd"}"#),
    post("OSCommandInjection", "command-output", "/diagnostics", r#"{"host": "$(uname -a)"}"#),
    post("TemplateInjection", "template-evaluated", "/cards", r#"{"text": "Dear {{1337*7331}}"}"#),
    post("TemplateInjection", "template-evaluated", "/cards", r#"{"text": "{{ 913 * 871 * 17 }}"}"#),
    Try {
        headers: &[("content-type", "application/xml")],
        ..post(
            "XXE",
            "file-contents",
            "/import",
            r#"<?xml version="1.0"?><!DOCTYPE o [<!ENTITY f SYSTEM "file://FOLDER/etc/passwd">]><order><note>&f;</note></order>"#,
        )
    },
    Try {
        headers: &[("content-type", "text/xml")],
        ..post(
            "XXE",
            "file-contents",
            "/import",
            "<!DOCTYPE r [<!ENTITY x SYSTEM 'file://FOLDER/etc/passwd'>]><r><note>a &x; b</note></r>",
        )
    },
    get("LocalFileInclusionLFIRFI", "file-contents", "/preview?url=file://FOLDER/etc/passwd"),
    get("LocalFileInclusionLFIRFI", "file-contents", "/preview?url=file%3A%2F%2FFOLDER%2Fetc%2Fpasswd"),
    Try {
        headers: &[("x-client", "${jndi:ldap://127.0.0.1:1389/Basic/TomcatEcho}"), ("cmd", "id")],
        ..get("Log4Shell", "command-output", "/track")
    },
    Try {
        headers: &[("x-client", "${jndi:${lower:l}dap://127.0.0.1/a}"), ("cmd", "uname -a")],
        ..get("Log4Shell", "command-output", "/track")
    },
    get("XSS", "script-reflected", "/greeting?name=%3Cscript%3Ealert(document.domain)%3C/script%3E"),
    get("XSS", "script-reflected", "/greeting?name=%3Cimg%20src=x%20onerror=alert(1)%3E"),
    get("XSS", "script-reflected", "/greeting?name=%3Csvg/onload=confirm(1)%3E"),
    get("OpenRedirect", "redirect-followed", "/leave?to=https://shop.example@evil.example/login"),
    get("OpenRedirect", "redirect-followed", "/leave?to=//evil.example/"),
];

/// What each policy that matches says of it: the kind of evidence, if there is any.
async fn judged(engine: &Engine, below: &str, one: &Try) -> Vec<(String, Option<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    let invoices = write_invoices(folder.path().join("invoices")).unwrap();
    fs_err::create_dir(folder.path().join("etc")).unwrap();
    let accounts = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n";
    fs_err::write(folder.path().join("etc/passwd"), accounts).unwrap();
    let target = format!("{below}{}", one.target.replace("FOLDER", here));
    let body = one.body.replace("FOLDER", here);
    let mut request = Request::builder().method(one.method).uri(&target).header("host", "shop.example");
    let mut text = format!("{} {target}\nhost: shop.example\n", one.method);
    for (name, value) in one.headers {
        request = request.header(*name, *value);
        text.push_str(&format!("{name}: {value}\n"));
    }
    let shop = Shop { store: Store::new().unwrap(), invoices };
    let answer = router(shop).oneshot(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
    text.push_str(&format!("\n{body}\n\nHTTP/1.1 {} -\n", answer.status().as_u16()));
    for (name, value) in answer.headers() {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    let answered = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = [text.as_bytes(), b"\n", &answered].concat();
    let exchange = Example::parse(&text).unwrap().exchange;
    let told = engine.judge(&exchange).into_iter();
    told.map(|found| (found.policy_id.to_string(), found.successful_exploit.map(|proof| proof.kind)))
        .collect()
}

#[tokio::test]
async fn every_hole_is_open_and_each_success_is_claimed_with_evidence() {
    let engine = Engine::new(PolicySet::builtin());
    let mut missed = Vec::new();
    for one in &TRIES {
        let told = judged(&engine, "/api", one).await;
        if !told.contains(&(one.policy.to_owned(), Some(one.evidence.to_owned()))) {
            missed.push(format!("{} {} {}: {told:?}", one.policy, one.target, one.body));
        }
    }
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), TRIES.len());
}

#[tokio::test]
async fn without_the_hole_each_attack_is_seen_and_no_success_is_claimed() {
    let engine = Engine::new(PolicySet::builtin());
    for one in &TRIES {
        let told = judged(&engine, "/api/hardened", one).await;
        assert!(told.iter().all(|(_, proof)| proof.is_none()), "{} {}: {told:?}", one.target, one.body);
        assert!(told.iter().any(|(policy, _)| policy == one.policy), "{} {}: {told:?}", one.target, one.body);
    }
}

#[tokio::test]
async fn endpoints_without_holes_serve_ordinary_use() {
    for (method, target, sent, says) in [
        ("GET", "/api/hardened/products?search=lamp", "", "desk lamp"),
        ("GET", "/api/hardened/invoices?name=2026-0001.txt", "", "Thank you"),
        ("POST", "/api/hardened/diagnostics", r#"{"host": "warehouse-2"}"#, "checking warehouse-2"),
        ("GET", "/api/hardened/greeting?name=Ada", "", "Welcome, Ada!"),
        ("POST", "/api/hardened/cards", r#"{"text": "Dear Ada"}"#, "Dear Ada"),
        ("POST", "/api/hardened/import", "<order><note>n</note></order>", "imported"),
        ("POST", "/api/import", "<order><note>n</note></order>", "imported"),
        ("POST", "/api/cards", r#"{"text": "from {{ shop }}"}"#, "from Lanterns & Lamps"),
        ("GET", "/api/hardened/track", "", "tracked"),
    ] {
        let (status, body) = ask(method, target, sent).await;
        assert!(status == StatusCode::OK && body.contains(says), "{target}: {status} {body}");
    }
}
