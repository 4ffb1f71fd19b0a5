//! How many records a JSON text brings: the objects of its longest list.

use crate::policy::{Comparison, Order};

/// Lists inside of more others are not counted.
const MAX_DEPTH: usize = 32;

/// Whether there are so many.
pub(super) fn are(comparisons: &[Comparison], json: &[u8]) -> bool {
    // There are no more records than opening braces, which are counted several times as fast.
    let braces = memchr::memchr_iter(b'{', json).count();
    let is_more =
        |comparison: &&Comparison| matches!(comparison.order, Order::Greater | Order::GreaterOrEqual);
    if comparisons.iter().filter(is_more).any(|comparison| !comparison.holds(braces as f64)) {
        return false;
    }
    let records = records(json);
    comparisons.iter().all(|comparison| comparison.holds(records as f64))
}

fn records(json: &[u8]) -> usize {
    // By depth: the objects of a list so far, or `None` inside of an object.
    let mut open: Vec<Option<usize>> = Vec::new();
    let (mut deeper, mut most) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => {
                if *byte == b'{'
                    && deeper == 0
                    && let Some(Some(count)) = open.last_mut()
                {
                    *count += 1;
                    most = most.max(*count);
                }
                if open.len() < MAX_DEPTH {
                    open.push((*byte == b'[').then_some(0));
                } else {
                    deeper += 1;
                }
            }
            b'}' | b']' if deeper > 0 => deeper -= 1,
            b'}' | b']' => drop(open.pop()),
            _ => {}
        }
    }
    most
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(at) = memchr::memchr2(b'"', b'\\', bytes.as_slice()) {
        let ends = bytes.as_slice().get(at) == Some(&b'"');
        // What is escaped goes with its backslash.
        let skipped = if ends { at } else { at + 1 };
        bytes.nth(skipped);
        if ends {
            return;
        }
    }
    *bytes = [].iter();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_the_objects_of_the_longest_list() {
        for (json, count) in [
            ("", 0),
            ("{}", 0),
            ("[1, 2, 3]", 0),
            ("[{}, {}]", 2),
            (r#"{"a": [{"b": [{}, {}, {}]}, {"b": [{}]}], "c": {}}"#, 3),
            (r#"["[{},{}]", "\"[{},{}]", {}]"#, 1),
            (r#"[{"a": "\\"}, {}]"#, 2),
            (r#"[{}, {"cut"#, 2),
            ("}}]][{}", 1),
        ] {
            assert_eq!(records(json.as_bytes()), count, "{json}");
        }
        let deep = format!("{}{}{}", "[".repeat(100), "{},{}", "]".repeat(100));
        assert_eq!(records(format!("[{{}},{deep},{{}},{{}}]").as_bytes()), 3, "too deep is left out");
    }
}
