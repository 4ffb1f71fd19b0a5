/// The gRPC call that an HTTP/2 stream carries (the `PROTOCOL-HTTP2` document of gRPC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grpc {
    /// `package.Service` of the path `/package.Service/Method`.
    pub service: String,
    pub method: String,
    /// `grpc-status` of the trailers, or of the only header block where there are none; `None` where it was not seen.
    pub status: Option<u32>,
    /// `grpc-message`, percent-decoded.
    pub message: Option<String>,
    pub sent: GrpcMessages,
    pub received: GrpcMessages,
}

/// The length-prefixed messages of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrpcMessages {
    pub count: u64,
    /// Sum of the lengths as their prefixes say them, compressed where a message was compressed.
    pub bytes: u64,
    /// How many carried the compressed flag.
    pub compressed: u64,
    /// The lengths of the first [`GrpcMessages::MAX_LENGTHS`] messages.
    pub lengths: Vec<u32>,
    /// The last message is not whole, or the bytes are no length-prefixed messages.
    pub is_broken: bool,
}

impl GrpcMessages {
    /// A stream of messages may never end; past these they are only counted.
    pub const MAX_LENGTHS: usize = 16;
}
