use serde_json::{Value, json};

use crate::fixture::Server;

const LIST: &str = "/api/fetchSuppressions";
const AT: i64 = 1_795_308_476;

fn suppression(change: Value) -> Value {
    let mut one = json!({
        "id": "x1", "actor": "203.0.113.7", "filterId": "XSS", "method": "GET", "url": "/a", "host": "shop.test",
        "reason": "our scanner", "author": "ada", "createdAt": AT, "expiresAt": AT, "hits": 12, "sensorHits": 10,
        "lastHitAt": AT,
    });
    one.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    one
}

fn settled(applied: u64, more: Value) -> Value {
    let mut reply = json!({
        "revision": 7, "sensors": {"total": 2, "applied": applied}, "refused": [], "behind": [], "tookMs": 3.1,
    });
    reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    reply
}

#[test]
fn the_list_says_what_is_ignored_until_when_and_how_often_it_was_met() {
    let any = json!({"id": "x2", "actor": "", "method": "", "url": "", "expiresAt": null, "hits": 0});
    let rows = [suppression(json!({})), suppression(any)];
    let server = Server::start().answer(LIST, 200, json!({"suppressions": rows, "total": 5, "revision": 7}));
    let run = server.portctl(&["suppress", "list", "--policy", "XSS", "--by-hits", "--limit", "2"]);
    assert_eq!(
        run.data,
        "\
ID  ACTOR        POLICY  ENDPOINT          UNTIL                 HITS  REASON       AUTHOR
x1  203.0.113.7  XSS     GET shop.test /a  2026-11-22 00:47:56Z  12    our scanner  ada
x2  any          XSS     shop.test         lifted                0     our scanner  ada
"
    );
    assert!(run.notes.starts_with("2 of 5: narrow the list"), "{}", run.notes);
    assert_eq!(
        server.seen()[0].body,
        json!({
            "actor": [], "filterId": ["XSS"], "host": [], "searchText": "", "sort": {"hits": -1}, "limit": 2,
        })
    );
}

#[test]
fn what_is_left_out_of_a_new_one_is_left_out_of_the_request() {
    let made = settled(2, json!({"suppression": suppression(json!({}))}));
    let server = Server::start().answer("/api/addSuppression", 200, made.clone());
    let add = ["suppress", "add", "--policy", "XSS", "--url", "/a", "--ttl", "7d", "--reason", "our scanner"];
    let run = server.portctl(&add);
    assert_eq!((run.code, run.notes.as_str()), (0, "x1: revision 7, sensors 2/2\n"));
    assert_eq!(
        server.seen()[0].body,
        json!({"filterId": "XSS", "url": "/a", "ttlSeconds": 604_800, "reason": "our scanner"})
    );
    let run = server.portctl(&["suppress", "add", "--host", "shop.test", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&run.data).unwrap(), made);
}

#[test]
fn an_order_that_a_sensor_has_not_carried_out_is_half_done() {
    let server = Server::start().answer(
        "/api/extendSuppression",
        200,
        settled(1, json!({"suppression": suppression(json!({}))})),
    );
    let run = server.portctl(&["suppress", "extend", "x1", "--permanent"]);
    assert_eq!(run.code, 2);
    assert!(run.notes.contains("applied by 1 of 2 sensors"), "{}", run.notes);
    assert_eq!(server.seen()[0].body, json!({"id": "x1", "permanent": true}));
    assert_eq!(server.portctl(&["suppress", "extend", "x1"]).code, 64);
    assert_eq!(server.portctl(&["suppress", "extend", "x1", "--permanent", "--ttl", "1h"]).code, 64);
}

#[test]
fn several_are_lifted_one_after_the_other() {
    let server = Server::start().answer("/api/removeSuppression", 200, settled(2, json!({}))).answer(
        "/api/removeSuppression",
        422,
        json!({"actionErrors": ["id: there is no such suppression"]}),
    );
    let run = server.portctl(&["suppress", "lift", "x1", "x2"]);
    assert_eq!(run.code, 1);
    assert!(
        run.notes.contains("x1: revision 7") && run.notes.contains("no such suppression"),
        "{}",
        run.notes
    );
    let asked: Vec<_> = server.seen().iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(asked, [json!({"id": "x1"}), json!({"id": "x2"})]);
}
