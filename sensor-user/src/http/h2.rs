//! HTTP/2 in cleartext (RFC 9113): frames of both directions, header blocks by our own HPACK, paired by stream.

mod block;
mod connection;
mod counters;
mod frame;
mod grpc;
mod header_block;
mod hpack;
mod join;
mod payload;
mod reader;
mod settings;
mod stream;
mod streams;

pub(super) use connection::Http2;
pub(super) use counters::Http2Counters;
pub(super) use join::{Look, is_settings, look, look_from_start};
pub(super) use reader::PREFACE;
