use portcullis_exchange::Request;
use proptest::prelude::*;

use super::*;
use crate::{
    exchange::exchange,
    policy::{DistinctSource, GroupBy},
};

fn rule(match_count: u32, seconds: u64, distinct: Option<u32>) -> AggregationRule {
    let distinct = distinct.map(|count| Distinct { count, source: DistinctSource::Url, key: String::new() });
    AggregationRule {
        name: String::new(),
        match_count,
        window: Duration::from_secs(seconds),
        group_by: vec![GroupBy::Actor],
        distinct,
    }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_nanos(1_000_000_000_000_000 + millis * 1_000_000)
}

fn fires(window: &mut Window, rule: &AggregationRule, millis: u64, identifier: Option<u64>) -> Option<u64> {
    let moment = Moment { at: at(millis), identifier };
    window
        .note(moment, rule, &exchange([203, 0, 113, 7], Timestamp::default(), Request::default(), None))
        .map(|filled| filled.match_count)
}

#[test]
fn a_late_match_completes_a_window_that_the_newest_is_not_part_of() {
    let (rule, mut window) = (rule(3, 60, None), Window::default());
    for millis in [0, 30_000, 65_000] {
        assert_eq!(fires(&mut window, &rule, millis, None), None);
    }
    assert_eq!(fires(&mut window, &rule, 58_000, None), Some(3));
}

#[test]
fn a_hundred_thousand_matches_take_little_memory_and_none_is_counted_twice() {
    let (rule, mut window) = (rule(100_000, 60, None), Window::default());
    for millis in 0..99_999 {
        assert_eq!(fires(&mut window, &rule, millis / 2, None), None);
    }
    assert!(window.moments.capacity() * size_of::<Moments>() <= 32 << 10);
    assert_eq!(fires(&mut window, &rule, 50_000, None), Some(100_000));
}

#[test]
fn different_values_are_counted_past_what_is_kept_one_by_one() {
    let hash = |value: u64| RandomState::with_seeds(1, 2, 3, 4).hash_one(value);
    let (rule, mut window) = (rule(1, 60, Some(50_000)), Window::default());
    let first = (0..100_000).find(|value| fires(&mut window, &rule, 0, Some(hash(*value))).is_some());
    assert!((45_000..55_000).contains(&first.unwrap_or_default()), "{first:?}");
    let same = (0..100_000).find(|_| fires(&mut window, &rule, 1, Some(hash(7))).is_some());
    assert_eq!(same, None);
}

proptest! {
    /// Against the plain definition: some stretch of the window's length holds the count, wherever the match that
    /// completed it came in the order.
    #[test]
    fn a_rule_fires_with_the_match_that_completes_any_window(
        steps in prop::collection::vec((0_u64..20_000, 0_u64..9_000), 1..60),
        count in 2_u32..8,
    ) {
        let rule = rule(count, 60, None);
        let mut window = Window::default();
        let (mut now, mut known) = (20_000, Vec::<u64>::new());
        for (step, late) in steps {
            now += step;
            let moment = now - late;
            known.push(moment);
            let holds = known.iter().any(|start| {
                let inside = |at: &&u64| (*start..*start + 60_000).contains(*at);
                known.iter().filter(inside).count() >= count as usize && inside(&&moment)
            });
            prop_assert_eq!(fires(&mut window, &rule, moment, None).is_some(), holds);
            if holds {
                break;
            }
        }
    }
}
