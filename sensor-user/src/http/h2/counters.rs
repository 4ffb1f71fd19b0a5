use crate::counters::Counters;

#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http) struct Http2Counters {
    pub(in crate::http) flows: u64,
    /// Of those, the ones whose beginning was not captured.
    pub(in crate::http) joined: u64,
    /// Of those, the ones that began as HTTP/1.1.
    pub(in crate::http) upgrades: u64,
    pub(super) streams: u64,
    /// RST_STREAM, which a rapid reset attack (CVE-2023-44487) sends by the thousand.
    pub(super) resets: u64,
    pub(super) goaways: u64,
    /// Streams given up because a connection had too many open, or held too much.
    pub(super) evicted_streams: u64,
    /// PUSH_PROMISE: nobody asked for it, so it is no exchange.
    pub(super) pushes: u64,
    /// Frames that RFC 9113 forbids where they came.
    pub(super) protocol_errors: u64,
    pub(super) malformed_blocks: u64,
    /// Header blocks past our limit, as a CONTINUATION flood (CVE-2024-27316) makes them.
    pub(super) oversized_blocks: u64,
    pub(super) unknown_entries: u64,
    /// Bytes of DATA on streams that are not open, or whose head was not captured.
    pub(super) stray_bytes: u64,
    pub(super) grpc_calls: u64,
}

impl Http2Counters {
    pub(in crate::http) fn named(&self) -> Counters {
        Counters::from_iter([
            ("http_http2_flows_total", self.flows),
            ("http_http2_joined_flows_total", self.joined),
            ("http_http2_upgraded_flows_total", self.upgrades),
            ("http_http2_streams_total", self.streams),
            ("http_http2_resets_total", self.resets),
            ("http_http2_goaways_total", self.goaways),
            ("http_http2_evicted_streams_total", self.evicted_streams),
            ("http_http2_pushes_total", self.pushes),
            ("http_http2_protocol_errors_total", self.protocol_errors),
            ("http_http2_malformed_header_blocks_total", self.malformed_blocks),
            ("http_http2_oversized_header_blocks_total", self.oversized_blocks),
            ("http_http2_unknown_table_entries_total", self.unknown_entries),
            ("http_http2_stray_data_bytes_total", self.stray_bytes),
            ("http_grpc_calls_total", self.grpc_calls),
        ])
    }
}
