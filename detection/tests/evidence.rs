//! What in an answer shows that an attack worked, and what does not.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

#[path = "support/exchange.rs"]
mod exchange;

use portcullis_detection::{Engine, Evidence, PolicySet};
use portcullis_exchange::{Body, Headers, Request, Response, Timestamp};

use self::exchange::exchange;

struct Asked<'a> {
    method: &'a str,
    target: &'a str,
    body: &'a str,
}

struct Answered<'a> {
    status: u16,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

const HTML: &[(&str, &str)] = &[("content-type", "text/html")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn get(target: &str) -> Asked<'_> {
    Asked { method: "GET", target, body: "" }
}

fn ok<'a>(headers: &'a [(&'a str, &'a str)], body: &'a str) -> Answered<'a> {
    Answered { status: 200, headers, body }
}

fn evidence(asked: &Asked<'_>, answered: &Answered<'_>) -> Option<Evidence> {
    let request = Request {
        method: asked.method.into(),
        target: asked.target.into(),
        headers: Headers::from_pairs([
            ("host", "api.test"),
            ("content-type", "multipart/form-data; boundary=b"),
        ]),
        body: Body::plain(asked.body),
        ..Request::default()
    };
    let response = Response {
        status: answered.status,
        headers: Headers::from_pairs(answered.headers.iter().copied()),
        body: Body::plain(answered.body),
        ..Response::default()
    };
    let tagged = exchange([203, 0, 113, 7], Timestamp::default(), request, Some(response));
    let detections = Engine::new(PolicySet::builtin()).judge(&tagged);
    detections.into_iter().find_map(|detection| detection.successful_exploit)
}

#[track_caller]
fn shows(kind: &str, phrase: &str, asked: &Asked<'_>, answered: &Answered<'_>) {
    let found = evidence(asked, answered).unwrap();
    assert_eq!((found.kind.as_str(), found.at.phrase.as_str()), (kind, phrase), "{found:?}");
    if found.at.location == "response.body" && !answered.body.contains('\\') {
        assert_eq!(answered.body.get(found.at.start..found.at.end), Some(phrase), "offsets of the place");
    }
}

#[test]
fn a_digest_that_was_asked_for_is_evidence_and_one_that_was_sent_is_not() {
    let asked = get("/items?id=1%20and%20updatexml(1,concat(0x7e,md5(8888)),1)");
    shows(
        "value-computed",
        "ddba60ad01834735",
        &asked,
        &ok(JSON, r#"{"e":"~cf79ae6addba60ad018347359bd144d2"}"#),
    );
    let echoed =
        get("/items?id=1%20and%20updatexml(1,concat(0x7e,md5(8888)),1)&h=cf79ae6addba60ad018347359bd144d2");
    assert_eq!(evidence(&echoed, &ok(JSON, r#"{"h":"cf79ae6addba60ad018347359bd144d2"}"#)), None);
}

#[test]
fn an_evaluated_template_is_evidence_and_a_repeated_one_is_not() {
    let asked = get("/hello?name=%7B%7B1234*5678%7D%7D");
    shows("template-evaluated", "7006652", &asked, &ok(HTML, "<p>Hello 7006652!</p>"));
    assert_eq!(evidence(&asked, &ok(HTML, "<p>Hello {{1234*5678}}!</p>")), None);
    assert_eq!(evidence(&asked, &ok(HTML, "<p>Order 170066529</p>")), None, "a part of another number");
    let small = get("/hello?name=%7B%7B7*7%7D%7D");
    shows("template-evaluated", "49", &small, &ok(HTML, "<p>49</p>"));
    assert_eq!(evidence(&small, &ok(JSON, r#"{"count":49,"page":1}"#)), None, "one number of many");
}

#[test]
fn marks_around_what_was_selected_are_evidence() {
    let asked =
        get("/items?id=1%20UNION%20ALL%20SELECT%20CONCAT(0x717a6b7071,(SELECT%20user()),0x7178706b71)--%20-");
    shows(
        "value-computed",
        "qzkpqshop@10.0.0.9qxpkq",
        &asked,
        &ok(JSON, r#"[{"name":"qzkpqshop@10.0.0.9qxpkq"}]"#),
    );
}

#[test]
fn a_printed_marker_is_evidence_unless_the_command_came_back_with_it() {
    let asked = get("/ping?host=127.0.0.1;echo%20k3y77q9z");
    shows("value-computed", "k3y77q9z", &asked, &ok(HTML, "PING\nk3y77q9z\n"));
    assert_eq!(evidence(&asked, &ok(HTML, "bad host: 127.0.0.1;echo k3y77q9z")), None);
}

#[test]
fn a_file_inside_a_json_string_is_evidence() {
    let asked = get("/files?name=../../../../etc/passwd");
    let body = r#"{"content":"daemons\nroot:x:0:0:root:/root:/bin/bash\n"}"#;
    assert_eq!(evidence(&asked, &ok(JSON, body)).unwrap().kind, "file-contents");
}

#[test]
fn a_weak_probe_counts_only_with_its_evidence() {
    let asked = get("/assets/etc/passwd");
    shows("file-contents", "root:x:0:0:root:/", &asked, &ok(HTML, "root:x:0:0:root:/root:/bin/bash"));
    assert_eq!(evidence(&asked, &ok(HTML, "<h1>How users are stored</h1>")), None);
}

#[test]
fn what_the_request_says_itself_is_no_evidence() {
    let asked = Asked {
        method: "POST",
        target: "/notes?file=../../etc/passwd",
        body: r#"{"text":"root:x:0:0:root:/root:/bin/bash"}"#,
    };
    assert_eq!(evidence(&asked, &ok(JSON, r#"{"text":"root:x:0:0:root:/root:/bin/bash"}"#)), None);
}

#[test]
fn markup_counts_where_a_browser_renders_it() {
    let asked = get("/search?q=%3Cimg%20src=x%20onerror=alert(document.domain)%3E");
    let body = "<p>Nothing for <img src=x onerror=alert(document.domain)></p>";
    assert_eq!(evidence(&asked, &ok(HTML, body)).unwrap().kind, "script-reflected");
    assert_eq!(evidence(&asked, &ok(JSON, body)), None);
    let escaped = "<p>Nothing for &lt;img src=x onerror=alert(document.domain)&gt;</p>";
    assert_eq!(evidence(&asked, &ok(HTML, escaped)), None);
}

#[test]
fn a_redirect_to_the_host_that_was_sent_is_evidence() {
    let asked = get("/go?url=//evil.test/%2e%2e");
    let to = |target| Answered { status: 302, headers: target, body: "" };
    assert_eq!(
        evidence(&asked, &to(&[("location", "//evil.test/%2e%2e")])).unwrap().kind,
        "redirect-followed"
    );
    assert_eq!(evidence(&asked, &to(&[("location", "/login?next=//evil.test/")])), None);
}

#[test]
fn an_injected_header_needs_its_name_and_its_value() {
    let asked = get("/go?to=%0d%0aSet-Cookie:%20pwned=1");
    let with = |cookie| Answered { status: 302, headers: cookie, body: "" };
    assert_eq!(evidence(&asked, &with(&[("set-cookie", "pwned=1")])).unwrap().kind, "header-injected");
    assert_eq!(evidence(&asked, &with(&[("set-cookie", "sid=77")])), None);
}

#[test]
fn a_stored_file_is_named_by_an_answer_that_refuses_nothing() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.php\"\r\n\r\n<?php system($_GET['c']); ?>\r\n--b--\r\n";
    let asked = Asked { method: "POST", target: "/upload", body };
    let stored = ok(JSON, r#"{"url":"/media/2026/a.php"}"#);
    assert_eq!(evidence(&asked, &stored).unwrap().kind, "file-stored");
    assert_eq!(evidence(&asked, &ok(JSON, r#"{"message":"a.php is not allowed"}"#)), None);
}

#[test]
fn a_refusal_shows_nothing() {
    for target in ["/files?name=../../../../etc/passwd", "/ping?host=;id", "/items?id=1%27%20OR%201=1--"] {
        for (status, body) in
            [(403, r#"{"error":"forbidden"}"#), (200, r#"{"items":[],"total":0}"#), (500, "")]
        {
            assert_eq!(evidence(&get(target), &Answered { status, headers: JSON, body }), None, "{target}");
        }
    }
}
