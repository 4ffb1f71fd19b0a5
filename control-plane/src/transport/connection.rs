use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::{accounts::AccountId, clock::EpochMillis};

/// Whom a certificate that the handshake has proven is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certified {
    pub(crate) sensor_id: String,
    /// `None` for the operator's.
    pub(crate) account: Option<AccountId>,
    pub(crate) until: EpochMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// On loopback.
    Plaintext,
    /// `None`: it came without a certificate.
    Tls(Option<Arc<Certified>>),
}

/// What is known of the connection that a call came over.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) security: Security,
    pub(crate) sensor: Option<IpAddr>,
    pub(crate) us: Option<IpAddr>,
}

pub(crate) struct Connection {
    stream: Stream,
    line: Line,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    pub(super) fn plain(stream: TcpStream) -> Self {
        let line = line(&stream, Security::Plaintext);
        Self { stream: Stream::Plain(stream), line }
    }

    /// `None` where it came with a certificate that is no sensor's.
    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Option<Self> {
        let (tcp, session) = stream.get_ref();
        let certified = match session.peer_certificates().and_then(|chain| chain.first()) {
            Some(leaf) => Some(Arc::new(certified(leaf)?)),
            None => None,
        };
        let line = line(tcp, Security::Tls(certified));
        Some(Self { stream: Stream::Tls(Box::new(stream)), line })
    }
}

fn line(stream: &TcpStream, security: Security) -> Line {
    let canonical = |address: SocketAddr| address.ip().to_canonical();
    Line {
        security,
        sensor: stream.peer_addr().ok().map(canonical),
        us: stream.local_addr().ok().map(canonical),
    }
}

fn certified(leaf: &[u8]) -> Option<Certified> {
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let sensor_id = certificate.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
    let account = match certificate.subject().iter_organization().next() {
        Some(account) => Some(AccountId::parse(account.as_str().ok()?).ok()?),
        None => None,
    };
    let until = u64::try_from(certificate.validity().not_after.timestamp()).ok()?;
    Some(Certified { sensor_id, account, until: EpochMillis::from_seconds(until) })
}

impl Connected for Connection {
    type ConnectInfo = Line;

    fn connect_info(&self) -> Line {
        self.line.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
