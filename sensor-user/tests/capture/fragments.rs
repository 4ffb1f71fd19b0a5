use sensor_user::capture::decode::LinkType;

use crate::frame::*;

/// A fragment: identification, where it begins, whether more follow, its bytes.
type Part<'a> = (u16, usize, bool, &'a [u8]);

/// What the parts of a fragmented IPv4 packet give, each being told as long as it ends.
fn payloads(bench: &mut Bench, parts: &[Part<'_>]) -> Vec<Vec<u8>> {
    let packets =
        parts.iter().map(|(id, offset, more, bytes)| ipv4_fragment(TCP, *id, *offset, *more, bytes));
    packets.flat_map(|packet| bench.show(LinkType::RAW, &packet)).map(|seen| seen.payload).collect()
}

#[test]
fn fragments_in_any_order_make_the_segment() {
    let whole = tcp(REQUEST);
    let (a, b, c) = (&whole[..8], &whole[8..32], &whole[32..]);
    let parts = [(1, 0, true, a), (1, 8, true, b), (1, 32, false, c)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut bench = Bench::new();
        assert_eq!(payloads(&mut bench, &order.map(|at| parts[at])), [REQUEST], "{order:?}");
        assert_eq!(bench.counters().value("capture_fragments_reassembled_total"), 1);
    }
}

#[test]
fn packets_with_other_identifications_do_not_mix() {
    let whole = tcp(REQUEST);
    let (start, end) = whole.split_at(16);
    let parts = [(1, 0, true, start), (2, 16, false, end), (2, 0, true, start), (1, 16, false, end)];
    assert_eq!(payloads(&mut Bench::new(), &parts), [REQUEST, REQUEST]);
}

#[test]
fn a_fragment_within_what_is_there_is_ignored_whatever_it_says() {
    let whole = tcp(REQUEST);
    let (start, end) = whole.split_at(32);
    let forged = [0xff; 8];
    let parts =
        [(1, 0, true, start), (1, 8, true, forged.as_slice()), (1, 0, true, start), (1, 32, false, end)];
    let mut bench = Bench::new();
    assert_eq!(payloads(&mut bench, &parts), [REQUEST]);
    assert_eq!(bench.counters().value("capture_fragments_duplicate_total"), 2);
}

#[test]
fn a_partial_overlap_drops_the_packet_as_receivers_do() {
    let whole = tcp(REQUEST);
    let parts = [(1, 0, true, &whole[..24]), (1, 16, true, &whole[16..40]), (1, 40, false, &whole[40..])];
    let mut bench = Bench::new();
    assert_eq!(payloads(&mut bench, &parts), Vec::<Vec<u8>>::new());
    assert_eq!(bench.counters().value("capture_fragments_overlapping_total"), 2);
}

#[test]
fn a_last_fragment_before_the_end_or_after_it_drops_the_packet() {
    let whole = tcp(REQUEST);
    let early = [(1, 40, true, &whole[40..48]), (1, 8, false, &whole[8..40]), (1, 0, true, &whole[..8])];
    let late = [(1, 40, false, &whole[40..48]), (1, 48, true, &whole[..8]), (1, 0, true, &whole[..40])];
    let twice = [(1, 8, false, &whole[8..24]), (1, 24, false, &whole[24..])];
    for parts in [early.as_slice(), &late, &twice] {
        assert_eq!(payloads(&mut Bench::new(), parts), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn what_a_middle_fragment_has_past_eight_bytes_is_left_off() {
    let whole = tcp(REQUEST);
    let odd = [&whole[..24], b"xyz"].concat();
    let parts = [(1, 0, true, odd.as_slice()), (1, 24, false, &whole[24..])];
    assert_eq!(payloads(&mut Bench::new(), &parts), [REQUEST]);
}

#[test]
fn fragments_that_come_too_late_are_counted() {
    let whole = tcp(REQUEST);
    let (start, end) = whole.split_at(16);
    let mut bench = Bench::new();
    payloads(&mut bench, &[(1, 0, true, start)]);
    bench.second += 40;
    assert_eq!(payloads(&mut bench, &[(1, 16, false, end)]), Vec::<Vec<u8>>::new());
    assert_eq!(bench.counters().value("capture_fragments_late_dropped_total"), 1);
}

#[test]
fn a_fragment_cut_by_the_snap_length_is_of_no_use() {
    let packet = ipv4_fragment(TCP, 1, 0, true, &tcp(REQUEST)[..16]);
    let mut bench = Bench::new();
    bench.show_cut(LinkType::RAW, &packet[..30], packet.len());
    assert_eq!(bench.counters().value("capture_fragments_dropped_total"), 1);
}

#[test]
fn packets_that_are_never_whole_push_out_the_least_recently_used() {
    let whole = tcp(REQUEST);
    let (start, end) = whole.split_at(16);
    let mut bench = Bench::new();
    let hour = bench.second;
    for id in 0..60_000 {
        bench.second = hour;
        payloads(&mut bench, &[(id, 0, true, start)]);
    }
    let evicted = bench.counters().value("capture_fragments_evicted_total");
    // 4 MiB, and at least 336 bytes charged for each.
    assert!((47_000..60_000).contains(&evicted), "{evicted}");
    bench.second = hour;
    assert_eq!(payloads(&mut bench, &[(59_999, 16, false, end)]), [REQUEST]);
    assert_eq!(payloads(&mut bench, &[(1, 16, false, end)]), Vec::<Vec<u8>>::new());
}

#[test]
fn ipv6_fragments_name_their_protocol_in_the_first() {
    let whole = [[TCP, 0, 1, 4, 0, 0, 0, 0].to_vec(), tcp(REQUEST)].concat();
    let (start, end) = whole.split_at(16);
    let mut bench = Bench::new();
    // The last one lies about it; destination options stand before TCP, inside the fragments.
    assert_eq!(bench.show(LinkType::RAW, &ipv6_fragment(60, 9, 0, true, start)), []);
    assert_eq!(bench.show(LinkType::RAW, &ipv6_fragment(UDP, 9, 16, false, end))[0].payload, REQUEST);
}

#[test]
fn an_ipv6_fragment_of_odd_length_is_refused_as_receivers_do() {
    let mut bench = Bench::new();
    bench.show(LinkType::RAW, &ipv6_fragment(TCP, 9, 0, true, &tcp(REQUEST)[..17]));
    assert_eq!(bench.counters().value("capture_fragments_dropped_total"), 1);
}

#[test]
fn fragments_inside_a_tunnel_and_a_tunnel_inside_fragments_are_put_together() {
    let vxlan = |inner: &[u8]| udp(4789, &[&[0x08, 0, 0, 0, 0, 0, 1, 0], inner].concat());
    let whole = tcp(REQUEST);
    let mut bench = Bench::new();
    let inner = [(0, true, &whole[..16]), (16, false, &whole[16..])]
        .map(|(offset, more, part)| ethernet(IPV4, &ipv4_fragment(TCP, 1, offset, more, part)))
        .map(|frame| ipv4(UDP, &vxlan(&frame)));
    assert_eq!(bench.show(LinkType::RAW, &inner[0]), []);
    let seen = bench.show(LinkType::RAW, &inner[1]);
    assert_eq!((seen[0].payload.as_slice(), seen[0].vni), (REQUEST, Some(1)));

    let outer = vxlan(&request_frame());
    assert_eq!(bench.show(LinkType::RAW, &ipv4_fragment(UDP, 2, 0, true, &outer[..48])), []);
    let seen = bench.show(LinkType::RAW, &ipv4_fragment(UDP, 2, 48, false, &outer[48..]));
    assert_eq!((seen[0].payload.as_slice(), seen[0].vni), (REQUEST, Some(1)));
}
