use std::{io, sync::Arc};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{CONNECT, Gate, Outcome, WHOLE};

/// A collector that goes on holding its side open has the messages all the same.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(2);

/// Syslog has no acknowledgement: what counts as delivered is what the other side's TCP has taken, up to the orderly end of the
/// connection. That is why each attempt has a connection of its own.
pub(super) async fn send(
    gate: &Gate,
    host: &str,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    frames: &[u8],
) -> Outcome {
    let whole = async {
        let stream = connect(gate, host, port).await?;
        match tls {
            None => hand_over(stream, frames).await,
            Some(config) => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                hand_over(TlsConnector::from(config).connect(name, stream).await?, frames).await
            }
        }
    };
    match timeout(WHOLE, whole).await {
        Ok(Ok(())) => Outcome::Delivered("handed over".to_owned()),
        Ok(Err(error)) => Outcome::failed(error),
        Err(_) => Outcome::failed(format_args!("not handed over within {} s", WHOLE.as_secs())),
    }
}

async fn connect(gate: &Gate, host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in gate.resolve(host, port).await? {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "no connection within 5 s"),
        }
    }
    Err(last)
}

async fn hand_over(mut stream: impl AsyncRead + AsyncWrite + Unpin, frames: &[u8]) -> io::Result<()> {
    stream.write_all(frames).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    // A reset shows here, where writing alone would have gone well. What the other side says is nothing to us.
    let mut said = [0; 256];
    let end = async {
        loop {
            match stream.read(&mut said).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // Many close a TLS connection without saying so.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    timeout(CLOSING, end).await.unwrap_or(Ok(()))
}
