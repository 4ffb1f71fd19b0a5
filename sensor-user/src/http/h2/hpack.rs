//! HPACK (RFC 7541), the receiving half, also where the beginning of a connection was not captured.

mod decoder;
mod dynamic_table;
mod huffman;
mod integer;
mod static_table;

pub(super) use decoder::{Decoder, Fault, Field};
