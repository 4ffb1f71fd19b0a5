use serde_json::{Map, Value, json};

use super::sort::DEFAULT_LIMIT;
use crate::clock::EpochMillis;

/// What a documented key holds where the request does not name it.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    Null,
    Zero,
    DefaultLimit,
    Now,
    /// The page prints `"SUCCESS"` for these, whatever was asked.
    Success,
}

/// The documented request keys, then the result.
pub(super) fn reply(raw: &Map<String, Value>, keys: &[(&str, Absent)], result: Value) -> Value {
    let mut reply = Map::new();
    for (key, absent) in keys {
        let given = raw.get(*key).filter(|value| !value.is_null());
        let value = match (absent, given) {
            (Absent::Success, _) => json!("SUCCESS"),
            (_, Some(value)) => value.clone(),
            (Absent::Null, None) => Value::Null,
            (Absent::Zero, None) => json!(0),
            (Absent::DefaultLimit, None) => json!(DEFAULT_LIMIT),
            (Absent::Now, None) => json!(EpochMillis::now().seconds()),
        };
        reply.insert((*key).to_owned(), value);
    }
    if let Value::Object(result) = result {
        reply.extend(result);
    }
    Value::Object(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_keys_come_back_and_absent_ones_have_their_default() {
        let Value::Object(raw) = json!({"skip": 5, "sort": null, "other": 1}) else { panic!("an object") };
        let keys = [
            ("skip", Absent::Zero),
            ("limit", Absent::DefaultLimit),
            ("sort", Absent::Null),
            ("timeline", Absent::Success),
            ("total", Absent::Zero),
        ];
        assert_eq!(
            reply(&raw, &keys, json!({"total": 7})),
            json!({"skip": 5, "limit": 50, "sort": null, "timeline": "SUCCESS", "total": 7})
        );
    }
}
