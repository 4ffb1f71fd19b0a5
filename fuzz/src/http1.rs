//! Four cuts, then `CLIENT\0SERVER\0CLIENT\0…`: the exchanges of a connection do not depend on where segments cut its
//! bytes, nor on the order in which they are captured.

use sensor_user::wire::WireConfig;

use crate::{
    connection::{Cuts, exchanges, turns},
    input::Input,
};

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let cuts = Cuts(input.part(4));
    let turns = turns(input.0);
    let whole = exchanges(&turns, &Cuts::NONE, WireConfig::default());
    let cut = exchanges(&turns, &cuts, WireConfig::default());
    assert_eq!(cut, whole);
}
