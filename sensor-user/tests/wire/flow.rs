use sensor_user::{
    segment::TcpFlags,
    wire::{Wire, WireConfig},
};

use crate::conversation::{Conversation, GET, OK, Sent, replay, summary};

fn summaries(sent: &[Sent]) -> Vec<String> {
    replay(sent).iter().map(summary).collect()
}

#[test]
fn a_keep_alive_probe_of_an_old_byte_changes_nothing() {
    let mut conversation = Conversation::opened().client(GET).server(OK);
    let mut probe = conversation.sent[3].clone();
    probe.sequence = probe.sequence.wrapping_add(u32::try_from(GET.len()).unwrap() - 1);
    probe.payload = b"x".to_vec();
    conversation.sent.push(probe);
    let conversation = conversation.client(GET).server(OK).closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"ok\""; 2]);
}

#[test]
fn what_came_first_wins_an_overlap_and_a_conflict_is_counted() {
    let conversation =
        Conversation::opened().client("GET /").client("good HTTP/1.1\r\n\r\n").server(OK).closed();
    let mut sent = conversation.sent;
    let mut other = sent[4].clone();
    other.payload = b"evil HTTP/1.1\r\n\r\n".to_vec();
    // The second piece first, then again with other bytes, then what comes before it.
    sent.swap(3, 4);
    sent.insert(4, other);
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    sent.iter().for_each(|segment| segment.feed(&mut wire, &mut completed));
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), ["GET /good \"\" > 200 \"ok\""]);
    assert_eq!(wire.counters().value("flow_overlap_conflicts_total"), 1);
}

#[test]
fn the_same_ports_again_are_another_connection() {
    let first = Conversation::opened().client(GET).server(OK).closed();
    let mut second = Conversation::opened().client(GET).server(OK).closed();
    for sent in &mut second.sent {
        let (from, to) = if sent.is_client { (500_000, 900_000) } else { (900_000, 500_000) };
        sent.sequence = sent.sequence.wrapping_add(from);
        sent.acknowledgement = sent.acknowledgement.wrapping_add(to);
    }
    let sent = [first.sent, second.sent].concat();
    assert_eq!(summaries(&sent), ["GET /a \"\" > 200 \"ok\""; 2]);
}

#[test]
fn a_forged_syn_or_reset_does_not_blind() {
    let conversation = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed();
    let mut sent = conversation.sent;
    let mut syn = sent[0].clone();
    syn.sequence = syn.sequence.wrapping_add(0x4000_0000);
    let mut reset = sent[3].clone();
    reset.sequence = reset.sequence.wrapping_add(10_000_000);
    reset.flags = TcpFlags::RST;
    reset.payload.clear();
    sent.insert(5, syn);
    sent.insert(5, reset);
    assert_eq!(summaries(&sent), ["GET /a \"\" > 200 \"ok\""; 2]);
}

#[test]
fn a_reset_that_the_receiver_ignored_ends_only_what_was_under_way() {
    let mut conversation = Conversation::opened().client(GET).server(OK);
    conversation.push(true, TcpFlags::RST, b"");
    let conversation = conversation.client(GET).server(OK).closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"ok\""; 2]);
}

#[test]
fn an_answer_captured_before_its_question_waits_for_it() {
    let conversation = Conversation::opened().client(GET).server(OK).closed();
    let mut sent = conversation.sent;
    sent.swap(3, 4);
    assert_eq!(summaries(&sent), ["GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn one_direction_alone_gives_its_half() {
    let conversation = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed();
    let (client, server): (Vec<_>, Vec<_>) = conversation.sent.into_iter().partition(|sent| sent.is_client);
    assert_eq!(summaries(&client), ["GET /a \"\" > - no-response"; 2]);
    assert_eq!(summaries(&server), ["- > 200 \"ok\" no-request"; 2]);
}

#[test]
fn a_capture_that_begins_inside_a_body_resumes_at_the_next_message() {
    let conversation =
        Conversation::midstream().server("rest of a body that was under way").client(GET).server(OK).closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn one_byte_segments_behind_a_hole_stay_within_the_bound() {
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    let mut conversation = Conversation::opened().client_lost(1);
    for _ in 0..100_000 {
        conversation = conversation.client("x").client_lost(1);
    }
    for sent in &conversation.sent {
        sent.feed(&mut wire, &mut completed);
    }
    let peak = wire.counters().value("flow_memory_peak_bytes");
    assert!(peak < 2 << 20, "{peak} bytes");
    assert!(wire.counters().value("flow_gaps_total") > 0);
}

#[test]
fn the_least_recently_used_flow_is_evicted_and_counted() {
    let mut wire = Wire::new(WireConfig { memory_budget: 200 << 10, ..WireConfig::default() });
    let mut completed = Vec::new();
    for port in 0..1000_u16 {
        let segment = sensor_user::segment::Segment {
            time: portcullis_exchange::Timestamp::from_nanos(1),
            source: ([192, 0, 2, 1], 1000 + port).into(),
            destination: ([192, 0, 2, 2], 80).into(),
            vni: None,
            vlans: sensor_user::segment::Vlans::NONE,
            left_out: sensor_user::segment::LeftOut::NOTHING,
            sequence: 1,
            acknowledgement: 0,
            flags: TcpFlags(TcpFlags::SYN),
            payload: b"",
            wire_len: 0,
        };
        wire.segment(&segment, &mut completed);
    }
    let counters = wire.counters();
    assert!(counters.value("flow_memory_peak_bytes") < 204 << 10);
    assert_eq!(counters.value("flow_evicted_total") + counters.value("flow_open"), 1000);
}

#[test]
fn answers_sent_again_in_one_piece_before_their_originals_still_follow_their_questions() {
    let conversation =
        Conversation::opened().client(GET).server(OK).client(GET).server(OK).client(GET).server(OK).closed();
    let mut sent = conversation.sent;
    let again =
        Sent { payload: [OK, OK].concat().into_bytes(), sequence: sent[4].sequence, ..sent[6].clone() };
    let (first_answer, second_answer) = (sent.remove(4), sent.remove(5));
    sent.splice(5..5, [again, first_answer, second_answer]);
    assert_eq!(summaries(&sent), ["GET /a \"\" > 200 \"ok\""; 3]);
}

#[test]
fn an_answer_captured_a_batch_before_its_question_waits_for_it() {
    let body = "x".repeat(30_000);
    let head = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut conversation = Conversation::opened().client(head);
    for piece in body.as_bytes().chunks(600) {
        conversation = conversation.client(piece);
    }
    let question = conversation.sent.len();
    let answers = conversation.server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok").server("ay").closed();
    // All of the server's segments first, then fifty of the client's: each brings the answer nearer.
    let mut sent = answers.sent;
    let late: Vec<Sent> = sent.drain(3..question).collect();
    sent.splice(5..5, late);
    assert_eq!(summaries(&sent), [format!("POST /a {body:?} > 200 \"okay\"")]);
}

#[test]
fn a_fin_from_before_what_was_received_does_not_end_a_direction() {
    let mut conversation = Conversation::opened().client(GET).server("HTTP/1.1 200 OK\r\n\r\none ");
    let mut forged = conversation.sent[4].clone();
    forged.flags |= TcpFlags::FIN;
    forged.payload.clear();
    conversation.sent.push(forged);
    let conversation = conversation.server("two").closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"one two\""]);
}
