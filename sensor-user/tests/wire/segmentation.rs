//! What comes out does not depend on how the bytes were cut, repeated, or in which order they were captured.

mod disorder;
mod talk;

use portcullis_exchange::{Exchange, Timestamp};
use proptest::prelude::*;

use self::{
    disorder::{Disorder, disorder},
    talk::{Talk, talk},
};
use crate::conversation::{replay, summary};

/// As many as a few seconds allow in a debug build; more with `PORTCULLIS_PROPERTY_CASES`.
fn cases() -> u32 {
    std::env::var("PORTCULLIS_PROPERTY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(250)
}

fn without_times(exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let now = Timestamp::default();
    exchanges
        .into_iter()
        .map(|exchange| Exchange { started_at: now, completed_at: now, ..exchange })
        .collect()
}

fn check(talk: &Talk, disorder: &Disorder) -> Result<(), TestCaseError> {
    let expected = without_times(replay(&talk.whole()));
    prop_assert_eq!(expected.len(), talk.exchanges);
    prop_assert!(expected.iter().all(|exchange| exchange.incomplete.is_none()), "{:?}", expected);
    let found = without_times(replay(&disorder.of(talk)));
    // From the first difference on, so that a failure can be read.
    let same = found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
    let in_short = |exchanges: &[Exchange]| exchanges.iter().skip(same).map(summary).collect::<Vec<_>>();
    prop_assert_eq!(in_short(&found), in_short(&expected));
    prop_assert_eq!(found, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_segmentation_reordering_and_duplication_gives_the_same_exchanges(
        talk in talk(),
        disorder in disorder(),
    ) {
        check(&talk, &disorder)?;
    }
}
