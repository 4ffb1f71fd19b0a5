//! TLS towards the control plane: its authority is known by a fingerprint, and this sensor by its certificate.

use std::{error::Error, io, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use portcullis_proto::authority::{CONTROL_PLANE_NAME, Fingerprint};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName,
    RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    version::TLS13,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use super::identity::Certificate;

/// A server that says nothing for so long has nothing against us.
const FIRST_WORD: Duration = Duration::from_secs(2);

/// What is wrong with one side's certificate, as far as it can be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TlsProblem {
    /// The control plane's is signed by another authority.
    OtherAuthority,
    /// By this node's clock, the control plane's is over, or not valid yet.
    Clock(String),
    /// The control plane says that ours is over.
    Expired,
    /// The control plane does not take ours.
    Refused,
    Other(String),
}

/// Settings for an authority of this fingerprint, and with a certificate where there is one.
pub(super) fn settings(
    authority: Fingerprint,
    own: Option<&Certificate>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(PinnedAuthority { authority, provider: provider.clone() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match own {
        Some(own) => {
            let key = PrivateKeyDer::try_from(own.key.clone())
                .map_err(|problem| rustls::Error::General(problem.to_owned()))?;
            config.with_client_auth_cert(vec![CertificateDer::from(own.leaf.clone())], key)?
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

pub(super) async fn connect(
    endpoint: &Endpoint,
    settings: ClientConfig,
) -> Result<Channel, tonic::transport::Error> {
    let tls = TlsConnector::from(Arc::new(settings));
    endpoint
        .connect_with_connector(service_fn(move |address: Uri| {
            let tls = tls.clone();
            async move {
                let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
                let stream = TcpStream::connect((host, address.port_u16().unwrap_or(443))).await?;
                stream.set_nodelay(true)?;
                let name = ServerName::try_from(CONTROL_PLANE_NAME).map_err(io::Error::other)?;
                let mut stream = BufReader::new(tls.connect(name, stream).await?);
                // In TLS 1.3 a client is through before its certificate is looked at: the refusal is what comes first
                // then, and HTTP/2 would lose it. Where all is well, that is the server's SETTINGS.
                if let Ok(first) = timeout(FIRST_WORD, stream.fill_buf()).await {
                    first?;
                }
                Ok::<_, io::Error>(TokioIo::new(stream))
            }
        }))
        .await
}

/// What of TLS there is in a chain of causes.
pub(super) fn problem(error: &(dyn Error + 'static)) -> Option<TlsProblem> {
    let mut cause = Some(error);
    while let Some(this) = cause {
        let inner = this.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let found =
            inner.and_then(|inner| inner.downcast_ref()).or_else(|| this.downcast_ref::<rustls::Error>());
        if let Some(found) = found {
            return Some(of(found));
        }
        // HTTP/2 keeps no more than the text of what its connection failed with.
        let text = this.to_string();
        if let Some(alert) =
            ALERTS.into_iter().find(|alert| text.contains(&rustls::Error::AlertReceived(*alert).to_string()))
        {
            return Some(of_alert(alert));
        }
        cause = this.source();
    }
    None
}

/// With which a server refuses a certificate: RFC 8446, 6.2.
const ALERTS: [AlertDescription; 8] = [
    AlertDescription::CertificateExpired,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
    AlertDescription::DecryptError,
];

fn of_alert(alert: AlertDescription) -> TlsProblem {
    match alert {
        AlertDescription::CertificateExpired => TlsProblem::Expired,
        _ => TlsProblem::Refused,
    }
}

fn of(error: &rustls::Error) -> TlsProblem {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature) => TlsProblem::OtherAuthority,
        rustls::Error::InvalidCertificate(
            problem @ (Expired | NotValidYet | ExpiredContext { .. } | NotValidYetContext { .. }),
        ) => TlsProblem::Clock(problem.to_string()),
        rustls::Error::AlertReceived(alert) if ALERTS.contains(alert) => of_alert(*alert),
        other => TlsProblem::Other(other.to_string()),
    }
}

/// Takes what the authority of this fingerprint has signed: the control plane sends the authority's certificate along.
#[derive(Debug)]
struct PinnedAuthority {
    authority: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let authority = chain
            .iter()
            .find(|certificate| Fingerprint::of(certificate) == self.authority)
            .ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(roots.into(), self.provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?
            .verify_server_cert(leaf, chain, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}
