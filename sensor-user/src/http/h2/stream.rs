use portcullis_exchange::{
    Body, Exchange, Fact, Facts, Grpc, Headers, Incomplete, Protocol, Request, Response, Timestamp,
};

use super::{
    block::{Block, Pseudo},
    grpc::{self, Messages},
};
use crate::http::{body::BodyCollector, decode::Coding, h1::framing};

/// An open stream: the exchange it carries, as far as it has come.
pub(super) struct Stream {
    pub(super) exchange: Exchange,
    pub(super) request: Half,
    pub(super) response: Half,
    /// An extended CONNECT for WebSocket (RFC 8441).
    pub(super) is_websocket: bool,
}

/// One direction of a stream.
#[derive(Default)]
pub(super) struct Half {
    /// Its sender said END_STREAM.
    pub(super) is_whole: bool,
    /// Bytes were lost, its end perhaps among them.
    pub(super) has_gap: bool,
    body: Option<BodyCollector>,
    /// `content-length`.
    declared: Option<u64>,
    carried: u64,
    messages: Option<Box<Messages>>,
}

impl Stream {
    /// A stream of which nothing is known yet but whose it is.
    pub(super) fn new(exchange: Exchange) -> Self {
        Self {
            exchange: Exchange { protocol: Protocol::Http2, ..exchange },
            request: Half::default(),
            response: Half::default(),
            is_websocket: false,
        }
    }

    /// The HTTP/1.1 request that asked for the upgrade, which is stream 1 and over.
    pub(super) fn upgraded(exchange: Exchange) -> Self {
        let mut this = Self::new(Exchange { stream: Some(1), ..exchange });
        this.request.is_whole = true;
        this
    }

    pub(super) fn has_request(&self) -> bool {
        self.exchange.request.is_some()
    }

    pub(super) fn has_response(&self) -> bool {
        self.exchange.response.is_some()
    }

    /// CONNECT (RFC 9113 section 8.5), answered by success: what follows is no message.
    pub(super) fn opens_tunnel(&self) -> bool {
        let is_connect = self.exchange.request.as_ref().is_some_and(|request| request.method == "CONNECT");
        let is_success =
            self.exchange.response.as_ref().is_some_and(|response| matches!(response.status, 200..=299));
        is_connect && is_success
    }

    /// Nothing more comes that belongs to it. A direction that lost bytes may have lost its end with them.
    pub(super) fn is_over(&self) -> bool {
        self.response.is_whole && (self.request.is_whole || self.request.has_gap || !self.has_request())
    }

    /// Takes a request's head; gives the protocol that an extended CONNECT asks for (RFC 8441).
    pub(super) fn begin_request(&mut self, block: Block, keep: usize) -> Option<Vec<u8>> {
        let is_known = block.unknown == 0;
        let (pseudo, headers, mut facts) = block.into_request();
        if is_known && !pseudo.is_whole_request() {
            facts.insert(Fact::MalformedPseudoField);
        }
        let Pseudo { method, authority, path, protocol, .. } = pseudo;
        let is_connect = method.as_deref() == Some(b"CONNECT");
        let is_grpc = grpc::is_grpc(&headers);
        self.request.begin(&headers, keep, is_grpc, &mut facts);
        let request = Request {
            method: method.map(|method| String::from_utf8_lossy(&method).into_owned()).unwrap_or_default(),
            target: path.or(authority.filter(|_| is_connect)).unwrap_or_default(),
            headers,
            ..Request::default()
        };
        if is_grpc {
            self.exchange.grpc.get_or_insert_with(|| Box::new(grpc::call(&request.target)));
        }
        self.note(facts);
        self.exchange.request = Some(request);
        protocol
    }

    pub(super) fn begin_response(&mut self, block: Block, keep: usize) {
        if block.unknown == 0 && (block.pseudo.is_request() || !block.pseudo.is_response()) {
            self.exchange.facts.insert(Fact::MalformedPseudoField);
        }
        let status = block.pseudo.status_code();
        let has_unknown = block.unknown > 0;
        let (headers, mut facts) = block.into_fields();
        let may_be_grpc =
            has_unknown && self.exchange.grpc.is_some() && headers.get("content-type").is_none();
        let is_grpc = may_be_grpc || grpc::is_grpc(&headers);
        self.response.begin(&headers, keep, is_grpc, &mut facts);
        if is_grpc {
            let call = self.exchange.grpc.get_or_insert_default();
            grpc::note_status(call, &headers);
        }
        self.note(facts);
        self.exchange.response = Some(Response { status, headers, ..Response::default() });
    }

    pub(super) fn trailers(&mut self, is_client: bool, block: Block) {
        if block.pseudo.is_request() || block.pseudo.is_response() {
            self.exchange.facts.insert(Fact::MalformedPseudoField);
        }
        let (fields, facts) = block.into_fields();
        self.note(facts);
        if let Some(call) = self.exchange.grpc.as_mut().filter(|_| !is_client) {
            grpc::note_status(call, &fields);
        }
        let slot = if is_client {
            self.exchange.request.as_mut().map(|request| &mut request.trailers)
        } else {
            self.exchange.response.as_mut().map(|response| &mut response.trailers)
        };
        if let Some(slot) = slot {
            *slot = fields;
        }
    }

    /// Whether the direction's head was seen, so that DATA has a place.
    pub(super) fn data(&mut self, is_client: bool, bytes: &[u8]) -> bool {
        self.half(is_client).push(bytes)
    }

    pub(super) fn gap(&mut self, is_client: bool, missing: u64) {
        let is_begun = if is_client { self.has_request() } else { self.has_response() };
        let half = self.half(is_client);
        half.gap(missing);
        if is_begun && !half.is_whole {
            self.mark(Incomplete::Gap);
        }
    }

    /// Frames were lost, this stream's perhaps among them.
    pub(super) fn lose(&mut self, is_client: bool) {
        let is_begun = if is_client { self.has_request() } else { self.has_response() };
        let half = self.half(is_client);
        if is_begun && !half.is_whole {
            half.lose();
            self.mark(Incomplete::Gap);
        }
    }

    pub(super) fn end(&mut self, is_client: bool) {
        self.half(is_client).is_whole = true;
    }

    /// The direction's sender says no more.
    pub(super) fn close(&mut self, is_client: bool) {
        let is_begun = if is_client { self.has_request() } else { self.has_response() };
        let half = self.half(is_client);
        if is_begun && !std::mem::replace(&mut half.is_whole, true) {
            self.mark(Incomplete::CutOff);
        }
    }

    pub(super) fn mark(&mut self, incomplete: Incomplete) {
        self.exchange.incomplete.get_or_insert(incomplete);
    }

    pub(super) fn finish(self, time: Timestamp) -> Exchange {
        let Self { mut exchange, request, response, .. } = self;
        exchange.completed_at = exchange.completed_at.max(time);
        // The length that the answer to HEAD, and 304, name is not theirs (RFC 9110 section 8.6).
        let is_without_body = exchange.request.as_ref().is_some_and(|request| request.method == "HEAD")
            || exchange.response.as_ref().is_some_and(|response| response.status == 304);
        if request.differs() || (response.differs() && !is_without_body) {
            exchange.facts.insert(Fact::ContentLengthDiffersFromData);
        }
        let (sent, received) = (request.finish(), response.finish());
        if let Some(call) = &mut exchange.grpc {
            let call: &mut Grpc = call;
            call.sent = sent.1.map(|messages| messages.finish()).unwrap_or_default();
            call.received = received.1.map(|messages| messages.finish()).unwrap_or_default();
        }
        if let (Some(request), Some(body)) = (&mut exchange.request, sent.0) {
            request.body = body;
        }
        if let (Some(response), Some(body)) = (&mut exchange.response, received.0) {
            response.body = body;
        }
        if exchange.request.is_none() {
            exchange.incomplete.get_or_insert(Incomplete::NoRequest);
        }
        exchange
    }

    pub(super) fn memory(&self) -> usize {
        let request = self.exchange.request.as_ref().map_or(0, |request| {
            let fields = request.headers.memory() + request.trailers.memory();
            fields + request.method.capacity() + request.target.capacity() + request.body.bytes.capacity()
        });
        let response = self
            .exchange
            .response
            .as_ref()
            .map_or(0, |response| response.headers.memory() + response.trailers.memory());
        let call = self.exchange.grpc.as_ref().map_or(0, |call| {
            let names = call.service.capacity() + call.method.capacity();
            size_of::<Grpc>() + names + call.message.as_ref().map_or(0, String::capacity)
        });
        size_of::<Self>() + request + response + call + self.request.memory() + self.response.memory()
    }

    fn half(&mut self, is_client: bool) -> &mut Half {
        if is_client { &mut self.request } else { &mut self.response }
    }

    fn note(&mut self, facts: Facts) {
        facts.iter().for_each(|fact| self.exchange.facts.insert(fact));
    }
}

impl Half {
    fn begin(&mut self, headers: &Headers, keep: usize, is_grpc: bool, facts: &mut Facts) {
        self.declared = framing::content_length(headers, facts);
        self.body = Some(BodyCollector::new(&codings(headers), keep));
        self.messages = is_grpc.then(Box::default);
    }

    fn push(&mut self, bytes: &[u8]) -> bool {
        let Some(body) = &mut self.body else { return false };
        self.carried += bytes.len() as u64;
        body.push(bytes);
        if let Some(messages) = &mut self.messages {
            messages.push(bytes);
        }
        true
    }

    fn gap(&mut self, missing: u64) {
        self.carried += missing;
        if let Some(body) = &mut self.body {
            body.gap(missing);
        }
        if let Some(messages) = &mut self.messages {
            messages.gap(missing);
        }
    }

    fn lose(&mut self) {
        self.has_gap = true;
        self.declared = None;
        if let Some(body) = &mut self.body {
            body.gap(0);
        }
        if let Some(messages) = &mut self.messages {
            messages.lose();
        }
    }

    fn differs(&self) -> bool {
        let differs =
            |declared| if self.is_whole { declared != self.carried } else { declared < self.carried };
        self.declared.is_some_and(differs)
    }

    fn finish(self) -> (Option<Body>, Option<Messages>) {
        (self.body.map(BodyCollector::finish), self.messages.map(|messages| *messages))
    }

    fn memory(&self) -> usize {
        let messages = self.messages.as_ref().map_or(0, |_| size_of::<Messages>() + MESSAGE_LENGTHS);
        self.body.as_ref().map_or(0, BodyCollector::memory) + messages
    }
}

/// Heap of the message lengths that are kept.
const MESSAGE_LENGTHS: usize = portcullis_exchange::GrpcMessages::MAX_LENGTHS * size_of::<u32>();

/// Transfer codings do not exist in HTTP/2.
fn codings(headers: &Headers) -> Vec<Coding> {
    let members = headers.all("content-encoding").flat_map(|value| value.split(|byte| *byte == b','));
    members.filter_map(|coding| Coding::named(coding.trim_ascii())).collect()
}
