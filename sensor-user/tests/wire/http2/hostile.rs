use proptest::prelude::*;
use sensor_user::wire::{Wire, WireConfig};

use super::frames::*;
use crate::conversation::{Conversation, replay, summary};

fn peak(conversation: &Conversation) -> u64 {
    conversation.counters().value("flow_memory_peak_bytes")
}

#[test]
fn a_flood_of_continuation_is_bounded_and_told() {
    let mut conversation = Conversation::opened().client(hello()).client(frame(
        HEADERS,
        END_STREAM,
        1,
        &request_block("GET", "/"),
    ));
    let piece = frame(CONTINUATION, 0, 1, &indexed("x", &"y".repeat(16_000)));
    for _ in 0..500 {
        conversation = conversation.client(&piece);
    }
    let conversation = conversation
        .client(frame(CONTINUATION, END_HEADERS, 1, &[]))
        .client(get(3, "/after"))
        .server([ok(1, "1"), ok(3, "3")].concat())
        .closed();
    assert!(peak(&conversation) < 2 << 20, "{}", peak(&conversation));
    assert_eq!(conversation.counters().value("http_http2_oversized_header_blocks_total"), 1);
    assert_eq!(conversation.summary(), ["GET / \"\" > 200 \"1\"", "GET /after \"\" > 200 \"3\""]);
}

#[test]
fn a_small_block_that_unfolds_to_a_large_list_is_bounded() {
    let fill = indexed("x", &"y".repeat(4000));
    let bomb = [&request_block("GET", "/")[..], &fill, &vec![0xbe; 16_000]].concat();
    let conversation = Conversation::opened()
        .client(hello())
        .client(frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb))
        .server(ok(1, ""))
        .closed();
    assert!(peak(&conversation) < 1 << 20, "{}", peak(&conversation));
    let facts: Vec<_> = conversation.exchanges()[0].facts.iter().map(|fact| fact.name()).collect();
    assert_eq!(facts, ["oversized-header-block"]);
}

#[test]
fn a_storm_of_resets_is_counted_and_leaves_nothing_behind() {
    let mut conversation = Conversation::opened().client(hello());
    for n in 0..5000 {
        let stream = 2 * n + 1;
        conversation =
            conversation.client([get(stream, "/"), frame(RST_STREAM, 0, stream, &[0; 4])].concat());
    }
    assert!(peak(&conversation) < 64 << 10, "{}", peak(&conversation));
    let counters = conversation.counters();
    assert_eq!(counters.value("http_http2_resets_total"), 5000);
    assert_eq!(conversation.summary(), vec!["GET / \"\" > - reset"; 5000]);
}

#[test]
fn streams_that_never_end_are_given_up_oldest_first() {
    let mut conversation = Conversation::opened().client(hello()).server(settings());
    for n in 0..3000 {
        conversation =
            conversation.client(frame(HEADERS, END_HEADERS, 2 * n + 1, &request_block("POST", "/")));
    }
    let conversation = conversation.client(data(5999, END_STREAM, "x")).server(ok(5999, "y"));
    assert!(peak(&conversation) < 16 << 20, "{}", peak(&conversation));
    assert_eq!(conversation.counters().value("http_http2_evicted_streams_total"), 3000 - 1024);
    assert!(conversation.summary().contains(&"POST / \"x\" > 200 \"y\"".to_owned()));
}

#[test]
fn header_blocks_that_hpack_forbids_are_told_and_the_next_stream_is_read() {
    let broken = [&request_block("GET", "/")[..], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat();
    let conversation = Conversation::opened()
        .client(hello())
        .client(frame(HEADERS, END_HEADERS | END_STREAM, 1, &broken))
        .client(get(3, "/b"))
        .server([ok(1, "a"), ok(3, "b")].concat())
        .closed();
    assert_eq!(conversation.summary(), ["GET / \"\" > 200 \"a\"", "GET /b \"\" > 200 \"b\""]);
    assert_eq!(conversation.counters().value("http_http2_malformed_header_blocks_total"), 1);
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let block = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(request_block("GET", "/")),
        Just(block(&[(":status", "200")])),
        Just([&[0x3f, 0xe1, 0x7f][..], &indexed("x", "y"), &[0xbe, 0xc5]].concat()),
    ];
    let usual = (0_u8..12, any::<u8>(), 0_u32..9, block)
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload));
    prop_oneof![8 => usual, 1 => proptest::collection::vec(any::<u8>(), 0..60), 1 => Just(hello())]
}

proptest! {
    #[test]
    fn no_frames_make_the_wire_panic_or_pass_its_budget_or_depend_on_their_cuts(
        sent in proptest::collection::vec((any::<bool>(), any_frame()), 0..60),
        cut in 1_usize..50,
    ) {
        let whole = sent.iter().fold(Conversation::opened().client(hello()), |conversation, (is_client, bytes)| {
            if *is_client { conversation.client(bytes) } else { conversation.server(bytes) }
        });
        let pieces = sent.iter().fold(Conversation::opened().client(hello()), |conversation, (is_client, bytes)| {
            bytes.chunks(cut).fold(conversation, |conversation, piece| {
                if *is_client { conversation.client(piece) } else { conversation.server(piece) }
            })
        });
        prop_assert_eq!(pieces.summary(), whole.summary());
        let budget = 64 << 10;
        let mut wire = Wire::new(WireConfig { memory_budget: budget, ..WireConfig::default() });
        let mut completed = Vec::new();
        for segment in &pieces.sent {
            segment.feed(&mut wire, &mut completed);
            prop_assert!(wire.counters().value("flow_memory_bytes") <= budget as u64);
        }
        wire.finish(&mut completed);
        prop_assert_eq!(wire.counters().value("flow_memory_bytes"), 0);
    }

    #[test]
    fn no_loss_makes_the_wire_panic_or_pair_across_streams(
        lost in proptest::collection::vec((0_usize..40, 1_usize..4), 0..6),
    ) {
        let mut conversation = Conversation::opened().client(hello()).server(settings());
        for n in 0..12_u32 {
            let (stream, name) = (2 * n + 1, format!("/{n}"));
            conversation = conversation.client(get(stream, &name));
            conversation = conversation.server(headers(stream, 0, &[(":status", "200")])).server(data(stream, 1, &name));
        }
        let mut sent = conversation.closed().sent;
        for (at, len) in lost {
            let start = (at + 3).min(sent.len());
            sent.drain(start..(start + len).min(sent.len()));
        }
        for exchange in replay(&sent) {
            let body = exchange.response.as_ref().map(|response| response.body.bytes.clone()).unwrap_or_default();
            let target = exchange.request.as_ref().map(|request| request.target.clone()).unwrap_or_default();
            prop_assert!(body.is_empty() || target.is_empty() || body == target, "{}", summary(&exchange));
        }
    }
}
