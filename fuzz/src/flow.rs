//! Reassembly, as a sequence of operations. The first byte says which promise is tried, the rest are the operations.

mod anything;
mod in_turns;
mod out_of_order;
mod recorder;

use crate::input::Input;

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    match input.byte() % 3 {
        0 => anything::run(input),
        1 => out_of_order::run(input),
        _ => in_turns::run(input),
    }
}
