//! What comes out does not depend on how the bytes were cut, repeated, or in which order they were captured.
//!
//! Everything is compared: the exchanges with all their fields but the times, and what http counted. Only a RST is left out:
//! it ends a connection where it is captured, whatever comes after it.

mod disorder;
mod http1;
mod http2;
mod talk;
mod view;
mod websocket;

use portcullis_exchange::{Exchange, Timestamp};
use proptest::prelude::*;
use sensor_user::wire::{Wire, WireConfig};

use self::{
    disorder::{Disorder, disorder},
    talk::Talk,
    view::{View, view},
};
use crate::conversation::{Sent, summary};

/// As many as a few seconds allow in a debug build; more with `PORTCULLIS_PROPERTY_CASES`.
fn cases() -> u32 {
    std::env::var("PORTCULLIS_PROPERTY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(250)
}

/// Streams of HTTP/2 complete in the order in which their ends are captured, and two ends that speak at the same time
/// leave open which one that is.
fn comparable(exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let now = Timestamp::default();
    let timeless = |exchange| Exchange { started_at: now, completed_at: now, ..exchange };
    let mut exchanges: Vec<Exchange> = exchanges.into_iter().map(timeless).collect();
    exchanges.sort_by_key(|exchange| exchange.stream);
    exchanges
}

/// The exchanges, and what was counted on the way.
fn read(sent: &[Sent]) -> (Vec<Exchange>, Vec<(&'static str, u64)>) {
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    wire.finish(&mut completed);
    let counters = wire.counters();
    let of_http = counters.iter().filter(|(name, value)| name.starts_with("http_") && *value > 0).collect();
    (comparable(completed), of_http)
}

fn check(talk: Talk, view: &View, disorder: &Disorder) -> Result<(), TestCaseError> {
    let talk = view.of(talk);
    let (expected, counted) = read(&view.plain(&talk));
    if view.is_whole() {
        let marked = expected.iter().filter(|exchange| exchange.incomplete.is_some()).count();
        prop_assert_eq!((expected.len(), marked), (talk.exchanges, talk.incomplete), "{:?}", expected);
    }
    let (found, counted_again) = read(&disorder.of(&talk, view));
    // From the first difference on, so that a failure can be read.
    let same = found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
    let in_short = |exchanges: &[Exchange]| exchanges.iter().skip(same).map(summary).collect::<Vec<_>>();
    prop_assert_eq!(in_short(&found), in_short(&expected));
    prop_assert_eq!(found, expected);
    prop_assert_eq!(view.comparable(counted_again), view.comparable(counted));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn http_1_is_read_the_same_in_any_segments_and_order(
        talk in http1::talk(), view in view(), disorder in disorder(),
    ) {
        check(talk, &view, &disorder)?;
    }

    #[test]
    fn http_2_is_read_the_same_in_any_segments_and_order(
        talk in http2::talk(), view in view(), disorder in disorder(),
    ) {
        check(talk, &view, &disorder)?;
    }

    #[test]
    fn an_upgrade_to_http_2_is_read_the_same_in_any_segments_and_order(
        talk in http2::upgraded_talk(), view in view(), disorder in disorder(),
    ) {
        check(talk, &view, &disorder)?;
    }

    #[test]
    fn websocket_is_read_the_same_in_any_segments_and_order(
        talk in websocket::talk(), view in view(), disorder in disorder(),
    ) {
        check(talk, &view, &disorder)?;
    }
}
