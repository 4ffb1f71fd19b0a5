//! The memory promise: who makes room, who is refused, and that what is charged is what is there.

use std::net::SocketAddr;

use portcullis_exchange::{Exchange, Incomplete, Timestamp};
use sensor_user::{
    segment::{Segment, TcpFlags},
    wire::{Wire, WireConfig},
};

use crate::conversation::{Conversation, GET, OK, summary};

fn wire(memory_budget: usize) -> Wire {
    Wire::new(WireConfig { memory_budget, ..WireConfig::default() })
}

/// A segment of the client that has this number.
fn from_client(wire: &mut Wire, number: u32, flags: u8, payload: &[u8], completed: &mut Vec<Exchange>) {
    let [_, high, middle, low] = number.to_be_bytes();
    let segment = Segment {
        time: Timestamp::from_nanos(2_000_000_000),
        source: SocketAddr::from(([10, high, middle, low], 5000)),
        destination: SocketAddr::from(([192, 0, 2, 2], 80)),
        vni: None,
        vlans: sensor_user::segment::Vlans::NONE,
        left_out: sensor_user::segment::LeftOut::NOTHING,
        sequence: 1,
        acknowledgement: 0,
        flags: TcpFlags(flags),
        payload,
        wire_len: u32::try_from(payload.len()).unwrap(),
    };
    wire.segment(&segment, completed);
}

#[test]
fn a_half_open_flow_takes_less_than_two_hundred_bytes() {
    let (mut wire, mut completed) = (wire(64 << 20), Vec::new());
    for number in 0..10_000 {
        from_client(&mut wire, number, TcpFlags::SYN, b"", &mut completed);
    }
    let used = wire.counters().value("flow_memory_bytes");
    assert!(used < 10_000 * 200, "{} bytes a flow", used / 10_000);
}

#[test]
fn a_flood_pushes_out_itself_and_not_the_conversations() {
    for (flags, payload) in [(TcpFlags::SYN, &b""[..]), (TcpFlags::ACK, b"GET /half HTTP/1.1\r\nHost:")] {
        let (mut wire, mut completed) = (wire(1 << 20), Vec::new());
        let conversation = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed();
        let (before, after) = conversation.sent.split_at(5);
        before.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
        for number in 0..50_000 {
            from_client(&mut wire, number, flags, payload, &mut completed);
        }
        after.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
        let whole = completed.iter().filter(|exchange| exchange.incomplete.is_none());
        assert_eq!(whole.map(summary).collect::<Vec<_>>(), ["GET /a \"\" > 200 \"ok\""; 2]);
        let counters = wire.counters();
        assert!(counters.value("flow_memory_peak_bytes") < (1 << 20) + (8 << 10));
        assert!(counters.value("flow_evicted_total") > 40_000);
        assert_eq!(counters.value("flow_evicted_conversing_total"), 0);
    }
}

#[test]
fn conversations_make_room_for_each_other_the_least_recently_used_first() {
    let (mut wire, mut completed) = (wire(256 << 10), Vec::new());
    let mut first =
        Conversation::opened().client(GET).server(OK).client("GET /unanswered HTTP/1.1\r\nHost: x\r\n\r\n");
    first.sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    for port in 1..1000 {
        for sent in &mut first.sent {
            sent.client_port = 41_000 + port;
            sent.feed(&mut wire, &mut completed);
        }
    }
    assert!(wire.counters().value("flow_evicted_conversing_total") > 500);
    let evicted = completed.iter().find(|exchange| exchange.incomplete == Some(Incomplete::Evicted)).unwrap();
    assert_eq!(summary(evicted), "GET /unanswered \"\" > - evicted");
    assert_eq!(evicted.client.port(), 40_000);
}

#[test]
fn an_evicted_flow_gives_its_half_exchange_as_such() {
    let (mut wire, mut completed) = (wire(64 << 10), Vec::new());
    for number in 0..2000 {
        from_client(&mut wire, number, TcpFlags::ACK, b"GET /x HTTP/1.1\r\nHost: x\r\n", &mut completed);
    }
    assert_eq!(completed.len() as u64, wire.counters().value("flow_evicted_unproven_total"));
    assert!(completed.iter().all(|exchange| exchange.incomplete == Some(Incomplete::Evicted)));
}

#[test]
fn while_shedding_unknown_connections_are_refused_as_a_whole_and_known_ones_go_on() {
    let (mut wire, mut completed) = (wire(256 << 20), Vec::new());
    let conversation = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed();
    let (before, after) = conversation.sent.split_at(4);
    before.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    wire.set_shedding(true);
    let request = "GET /shed HTTP/1.1\r\nHost: x\r\n\r\n";
    for number in 0..10 {
        from_client(&mut wire, number, TcpFlags::SYN, b"", &mut completed);
        from_client(&mut wire, number, TcpFlags::ACK, request.as_bytes(), &mut completed);
    }
    after.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    wire.set_shedding(false);
    // The rest of a refused connection is no connection of its own.
    from_client(&mut wire, 9, TcpFlags::ACK, request.as_bytes(), &mut completed);
    let counters = wire.counters();
    // Two flows may share a fingerprint's place: then one of them counts again.
    assert!((10..=20).contains(&counters.value("flow_shed_total")));
    assert_eq!(counters.value("flow_shed_segments_total"), 21);
    assert_eq!(counters.value("flow_opened_total"), 1);
    // A new one on the same ports is.
    from_client(&mut wire, 9, TcpFlags::SYN, b"", &mut completed);
    assert_eq!(wire.counters().value("flow_opened_total"), 2);
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), ["GET /a \"\" > 200 \"ok\""; 2]);
}

#[test]
fn a_connection_that_was_refused_is_read_again_after_ten_seconds() {
    let (mut wire, mut completed) = (wire(1 << 20), Vec::new());
    let mut conversation = Conversation::opened().client(GET).server(OK);
    wire.set_shedding(true);
    conversation.sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    wire.set_shedding(false);
    let known = conversation.sent.len();
    conversation = conversation.client(GET).server(OK).closed();
    for sent in &mut conversation.sent[known..] {
        sent.time += 11_000_000_000;
        sent.feed(&mut wire, &mut completed);
    }
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), ["GET /a \"\" > 200 \"ok\""]);
}
