//! The way from TCP segments to exchanges: one behaviour a test, its bytes beside it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod budget;
mod conversation;
mod corners;
mod flow;
mod heads;
mod hostile;
mod http;
mod http2;
mod http_corners;
mod left_out;
mod segmentation;
mod silence;
mod tunnels;
mod websocket;
