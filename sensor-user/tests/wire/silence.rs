//! Connections on which nothing is said for minutes or hours.

use sensor_user::wire::{Wire, WireConfig};

use crate::conversation::{Conversation, GET, OK, Sent, replay, summary};

const WHOLE: &str = "GET /a \"\" > 200 \"ok\"";
const SECOND: u64 = 1_000_000_000;

/// From this segment on, all is captured so much later.
fn paused(mut sent: Vec<Sent>, at: usize, seconds: u64) -> Vec<Sent> {
    sent[at..].iter_mut().for_each(|sent| sent.time += seconds * SECOND);
    sent
}

fn summaries(sent: &[Sent]) -> Vec<String> {
    replay(sent).iter().map(summary).collect()
}

#[test]
fn what_is_sent_again_after_minutes_is_no_new_request() {
    let mut sent = Conversation::midstream().client(GET).sent;
    sent.push(Sent { time: sent[0].time + 300 * SECOND, ..sent[0].clone() });
    assert_eq!(summaries(&sent), ["GET /a \"\" > - no-response"]);
}

#[test]
fn an_unanswered_request_is_told_after_two_minutes() {
    let mut sent = Conversation::opened().client(GET).sent;
    let other = Sent { client_port: 41_000, time: sent[0].time + 130 * SECOND, ..sent[0].clone() };
    sent.push(other);
    let (mut wire, mut completed) = (Wire::new(WireConfig::default()), Vec::new());
    sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), ["GET /a \"\" > - no-response"]);
}

#[test]
fn a_connection_goes_on_after_an_hour_as_after_a_second() {
    // The answer of which only the end of the connection is the end shows that the reader knows its place.
    let bare = "HTTP/1.1 200 OK\r\n\r\none";
    let talk = Conversation::opened().client(GET).server(OK).client(GET).server(bare);
    let sent = talk.server_flags(1).client_flags(1).sent;
    assert_eq!(summaries(&paused(sent, 5, 3600)), [WHOLE, "GET /a \"\" > 200 \"one\""]);
}

#[test]
fn half_a_request_line_waits_for_its_other_half() {
    let sent = Conversation::opened().client("GET /a HT").client("TP/1.1\r\n\r\n").server(OK).closed().sent;
    assert_eq!(summaries(&paused(sent, 4, 3600)), [WHOLE]);
}

#[test]
fn an_answer_that_comes_too_late_answers_no_later_request() {
    let other = GET.replace("/a", "/b");
    let sent = Conversation::opened().client(GET).server(OK).client(&other).server(OK).closed().sent;
    let sent = paused(sent, 4, 600);
    assert_eq!(
        summaries(&sent),
        ["GET /a \"\" > - no-response", "- > 200 \"ok\" no-request", "GET /b \"\" > 200 \"ok\""]
    );
}

#[test]
fn silent_connections_make_room_before_all_others() {
    let mut wire = Wire::new(WireConfig { memory_budget: 64 << 10, ..WireConfig::default() });
    let mut completed = Vec::new();
    let talk = |port: u16, at: u64| {
        let mut sent = Conversation::opened().client(GET).server(OK).sent;
        sent.iter_mut().for_each(|sent| (sent.client_port, sent.time) = (port, sent.time + at * SECOND));
        sent
    };
    for port in 0..100 {
        talk(port, 0).iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    }
    for port in 100..1000 {
        talk(port, 200).iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    }
    let counters = wire.counters();
    assert_eq!(completed.len(), 1000);
    assert_eq!(counters.value("flow_idle_total"), counters.value("flow_evicted_silent_total"));
    assert!(counters.value("flow_idle_total") > 0);
}
