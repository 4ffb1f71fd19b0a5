//! The score of a request: what speaks for it is inside the value.

use portcullis_detection::fuzzing::scored;

use crate::request::{is_inside, request};

pub fn run(bytes: &[u8]) {
    let strongest = scored(&request(bytes));
    assert!(strongest.len() <= 3);
    strongest.iter().for_each(|run| is_inside(run, bytes.len()));
}
