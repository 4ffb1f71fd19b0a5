//! The connections that sensors come over: TLS 1.3 with certificates of our own authority, and plaintext on loopback.

mod connection;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::TLS13,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;

pub(crate) use self::connection::{Connection, Line, Security};
use crate::authority::{Authority, AuthorityError, ServerCertificate};

const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// Past it further connections wait in the kernel's queue.
const HANDSHAKES: usize = 256;
/// Connections that stand and nobody serves yet.
const WAITING: usize = 16;
/// Failures are told one a minute: anybody who reaches the port can make them.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// RFC 8446, 5.1: the first byte of a TLS connection. HTTP/2 in plaintext begins with `P`.
const HANDSHAKE: u8 = 22;

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "it speaks plaintext, which is for loopback alone: give the sensor --control-plane https://HOST:PORT"
    )]
    Plaintext,
    #[error("it did not finish its handshake within 10 s")]
    Late,
    #[error("the TLS handshake failed: {0}")]
    Handshake(io::Error),
    #[error("its certificate names no sensor")]
    Nameless,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What is needed to take connections.
pub(crate) struct Transport {
    tls: TlsAcceptor,
    plaintext: bool,
    told: Mutex<(Option<Instant>, u64)>,
}

impl Transport {
    /// Plaintext is for those who listen on loopback alone.
    pub(crate) fn new(authority: Arc<Authority>, listens_on: SocketAddr) -> Result<Self, AuthorityError> {
        Ok(Self {
            tls: TlsAcceptor::from(Arc::new(server_config(authority)?)),
            plaintext: listens_on.ip().is_loopback(),
            told: Mutex::default(),
        })
    }

    /// Connections that stand, until the listener or the receiver ends.
    pub(crate) fn incoming(self, listener: TcpListener) -> ReceiverStream<io::Result<Connection>> {
        let (to, connections) = mpsc::channel(WAITING);
        tokio::spawn(Arc::new(self).accept(listener, to));
        ReceiverStream::new(connections)
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, to: mpsc::Sender<io::Result<Connection>>) {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        while let Ok(permit) = handshakes.clone().acquire_owned().await {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = to.closed() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(self.clone().welcome(stream, peer, to.clone(), permit));
                }
                Err(error) => {
                    // Mostly that there are too many open files: others have to end first.
                    tracing::warn!(%error, "a sensor's connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn welcome(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        to: mpsc::Sender<io::Result<Connection>>,
        _permit: OwnedSemaphorePermit,
    ) {
        let outcome = timeout(HANDSHAKE_PATIENCE, self.shake_hands(stream)).await;
        match outcome.unwrap_or(Err(Refusal::Late)) {
            Ok(connection) => {
                // Nobody takes it where the server has ended.
                let _gone = to.send(Ok(connection)).await;
            }
            Err(refusal) => self.tell(peer, &refusal),
        }
    }

    async fn shake_hands(&self, stream: TcpStream) -> Result<Connection, Refusal> {
        stream.set_nodelay(true)?;
        let mut first = [0];
        let is_tls = stream.peek(&mut first).await? == 1 && first == [HANDSHAKE];
        match (is_tls, self.plaintext) {
            (true, _) => {
                let stream = self.tls.accept(stream).await.map_err(Refusal::Handshake)?;
                Connection::tls(stream).ok_or(Refusal::Nameless)
            }
            (false, true) => Ok(Connection::plain(stream)),
            (false, false) => Err(Refusal::Plaintext),
        }
    }

    fn tell(&self, peer: SocketAddr, refusal: &Refusal) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0.is_some_and(|at| at.elapsed() < TOLD_EVERY) {
            told.1 += 1;
            return;
        }
        tracing::warn!(%peer, untold = told.1, "a sensor's connection was refused: {refusal}");
        *told = (Some(Instant::now()), 0);
    }
}

fn server_config(authority: Arc<Authority>) -> Result<ServerConfig, AuthorityError> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone())?;
    // Without a certificate comes who enrols, and `grpc` lets them do no more than that.
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(ServerCertificate::new(authority)?));
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would not look at the certificate again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
