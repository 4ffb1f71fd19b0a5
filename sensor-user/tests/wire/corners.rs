//! Corners of TCP, one a test.

use sensor_user::{
    segment::TcpFlags,
    wire::{Wire, WireConfig},
};

use crate::conversation::{Conversation, GET, OK, Sent, replay, summary};

const WHOLE: &str = "GET /a \"\" > 200 \"ok\"";

fn summaries(sent: &[Sent]) -> Vec<String> {
    replay(sent).iter().map(summary).collect()
}

/// The same segments with other sequence numbers.
fn moved(mut sent: Vec<Sent>, by: u32) -> Vec<Sent> {
    for sent in &mut sent {
        sent.sequence = sent.sequence.wrapping_add(by);
        sent.acknowledgement = sent.acknowledgement.wrapping_add(by);
    }
    sent
}

#[test]
fn sequence_numbers_may_wrap_anywhere() {
    let sent = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed().sent;
    for by in 0..200 {
        assert_eq!(summaries(&moved(sent.clone(), by)), [WHOLE; 2], "moved by {by}");
    }
}

#[test]
fn a_keep_alive_probe_without_a_byte_changes_nothing() {
    let conversation = Conversation::opened().client(GET).server(OK);
    let mut sent = conversation.client(GET).server(OK).closed().sent;
    let probe = Sent { sequence: sent[5].sequence.wrapping_sub(1), payload: Vec::new(), ..sent[5].clone() };
    sent.insert(5, probe);
    assert_eq!(summaries(&sent), [WHOLE; 2]);
}

#[test]
fn a_zero_window_probe_gives_its_byte_once() {
    let mut sent = Conversation::opened().client(GET).server(OK).closed().sent;
    let probe = Sent { payload: sent[3].payload[..1].to_vec(), ..sent[3].clone() };
    sent.splice(3..3, [probe.clone(), probe]);
    assert_eq!(summaries(&sent), [WHOLE]);
}

#[test]
fn a_retransmission_that_goes_on_past_its_original_gives_only_the_rest() {
    let mut sent = Conversation::opened()
        .client("GET /a HT")
        .client("TP/1.1\r\nHost: x\r\n\r\n")
        .server(OK)
        .closed()
        .sent;
    sent[4] = Sent { payload: GET.into(), ..sent[3].clone() };
    assert_eq!(summaries(&sent), [WHOLE]);
}

#[test]
fn bytes_cut_by_the_snap_length_are_a_gap_of_their_length() {
    let body = "x".repeat(900);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n";
    let mut sent = Conversation::opened()
        .client(GET)
        .server(format!("{head}{body}"))
        .client(GET)
        .server(OK)
        .closed()
        .sent;
    sent[4].payload.truncate(head.len() + 4);
    sent[4].cut = 896;
    assert_eq!(summaries(&sent), ["GET /a \"\" > 200 \"xxxx\" gap", WHOLE]);
}

#[test]
fn segments_larger_than_a_packet_are_taken_whole() {
    let body = "x".repeat(300_000);
    let head = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    let conversation =
        Conversation::opened().client(format!("{head}{body}")).server(OK).client(GET).server(OK).closed();
    let exchanges = conversation.exchanges();
    let lengths: Vec<u64> =
        exchanges.iter().map(|exchange| exchange.request.as_ref().unwrap().body.transferred_len).collect();
    assert_eq!(lengths, [300_000, 0]);
    assert!(exchanges.iter().all(|exchange| exchange.incomplete.is_none()));
}

#[test]
fn data_in_the_syn_is_read() {
    let mut conversation = Conversation::midstream();
    conversation.push(true, TcpFlags::SYN, GET.as_bytes());
    conversation.push(false, TcpFlags::SYN | TcpFlags::ACK, b"");
    assert_eq!(conversation.server(OK).closed().summary(), [WHOLE]);
}

#[test]
fn urgent_data_is_read_in_its_place() {
    const URG: u8 = 0x20;
    let mut conversation = Conversation::opened();
    conversation.push(true, TcpFlags::ACK | URG, GET.as_bytes());
    assert_eq!(conversation.server(OK).closed().summary(), [WHOLE]);
}

#[test]
fn a_client_that_is_done_sending_still_gets_its_answer() {
    let conversation = Conversation::opened().client(GET).client_flags(TcpFlags::FIN);
    let conversation =
        conversation.server("HTTP/1.0 200 OK\r\n\r\no").server("k").server_flags(TcpFlags::FIN);
    assert_eq!(conversation.summary(), [WHOLE]);
}

#[test]
fn a_capture_may_begin_with_either_side() {
    let client_first = Conversation::midstream().client(GET).server(OK).client(GET).server(OK).closed();
    assert_eq!(client_first.summary(), [WHOLE; 2]);
    let server_first = Conversation::midstream().server(OK).client(GET).server(OK).closed();
    assert_eq!(server_first.summary(), ["- > 200 \"ok\" no-request", WHOLE]);
}

#[test]
fn a_reset_ends_what_is_under_way() {
    let mut conversation =
        Conversation::opened().client(GET).server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
    conversation.push(false, TcpFlags::RST, b"");
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    conversation.sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), ["GET /a \"\" > 200 \"ok\" cut-off"]);
}

#[test]
fn a_reset_far_outside_the_window_is_counted_and_ignored() {
    let mut sent = Conversation::opened().client(GET).server(OK).closed().sent;
    let sequence = sent[3].sequence.wrapping_add(50_000_000);
    sent.insert(4, Sent { sequence, flags: TcpFlags::RST, payload: Vec::new(), ..sent[3].clone() });
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), [WHOLE]);
    assert_eq!(wire.counters().value("flow_forged_resets_total"), 1);
}

#[test]
fn a_connection_that_a_forged_reset_ended_is_read_again_also_where_its_next_bytes_were_lost() {
    let mut conversation = Conversation::opened().client(GET).server(OK);
    conversation.push(true, TcpFlags::RST, b"");
    let conversation = conversation.client_lost(100).server_lost(100).client(GET).server(OK).closed();
    assert_eq!(conversation.summary(), [WHOLE; 2]);
}

#[test]
fn ports_used_again_after_the_end_are_another_connection_also_with_the_same_numbers() {
    let sent = Conversation::opened().client(GET).server(OK).closed().sent;
    assert_eq!(summaries(&[sent.clone(), sent].concat()), [WHOLE; 2]);
}

#[test]
fn ports_used_again_without_an_end_are_another_connection_once_the_server_says_so() {
    let first = Conversation::opened().client(GET).server(OK).sent;
    let second = moved(Conversation::opened().client(GET).server(OK).closed().sent, 0x2000_0000);
    assert_eq!(summaries(&[first, second].concat()), [WHOLE; 2]);
}

#[test]
fn handshakes_sent_again_change_nothing() {
    let mut sent = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed().sent;
    let handshake = sent[..2].to_vec();
    sent.splice(5..5, handshake.clone());
    sent.splice(2..2, handshake);
    assert_eq!(summaries(&sent), [WHOLE; 2]);
}

#[test]
fn one_direction_alone_with_its_syn_and_first_bytes_sent_again_is_one_connection() {
    let mut sent: Vec<Sent> =
        Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed().sent;
    sent.retain(|sent| sent.is_client);
    let again = [sent[0].clone(), sent[2].clone()];
    sent.splice(3..3, again);
    assert_eq!(summaries(&sent), ["GET /a \"\" > - no-response"; 2]);
}

#[test]
fn a_handshake_captured_after_the_first_request_changes_nothing() {
    let mut sent = Conversation::opened().client(GET).server(OK).client(GET).server(OK).closed().sent;
    sent[..4].rotate_right(1);
    assert_eq!(summaries(&sent), [WHOLE; 2]);
}

#[test]
fn requests_pipelined_before_anything_of_the_server_was_captured_get_their_own_answers() {
    let requests = GET.replace("/a", "/first") + GET;
    let answers = OK.replace("ok", "1.") + OK;
    let conversation = Conversation::midstream().client(requests).server(answers).closed();
    assert_eq!(conversation.summary(), ["GET /first \"\" > 200 \"1.\"", WHOLE]);
}

#[test]
fn of_a_client_heard_alone_a_request_is_given_out_once_its_answer_was_received() {
    let mut sent = Conversation::midstream().client(GET).server(OK).client(GET.repeat(2)).server(OK).sent;
    sent.retain(|sent| sent.is_client);
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    assert_eq!(completed.iter().map(summary).collect::<Vec<_>>(), ["GET /a \"\" > - no-response"]);
}
