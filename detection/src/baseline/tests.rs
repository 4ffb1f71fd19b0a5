use super::*;

#[test]
fn spans_are_said_as_people_say_them() {
    assert_eq!((span(61).as_str(), span(119).as_str(), span(180).as_str()), ("61 min", "119 min", "3 h"));
}
