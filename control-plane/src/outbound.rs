//! Requests to hosts that people name: where they may go, whom they trust, and how long they may take.

mod address;
pub(crate) mod backoff;

use std::{
    error::Error,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use reqwest::{
    Client, Response, Url,
    header::{HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

pub(crate) use self::address::{Gate, NotPublic};

pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// From the first packet to the end of the answer.
pub(crate) const WHOLE: Duration = Duration::from_secs(10);

/// What the operator of the machine decides about notifications and tickets.
#[derive(Clone, Debug, Default)]
pub struct NotifySettings {
    /// Networks that targets may be in although they are not public.
    pub allowed: Vec<IpNet>,
    /// Certificates that are trusted besides the system's, as PEM.
    pub ca: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("--notify-ca {}: {problem}", path.display())]
    Ca { path: PathBuf, problem: String },
    #[error("TLS for notifications and tickets cannot be set up: {0}")]
    Tls(String),
}

pub(crate) struct Outbound {
    pub(crate) gate: Gate,
    pub(crate) client: Client,
    pub(crate) tls: Arc<ClientConfig>,
}

impl Outbound {
    pub(crate) fn new(settings: NotifySettings) -> Result<Self, OutboundError> {
        let gate = Gate::new(settings.allowed);
        let tls = tls(settings.ca.as_deref())?;
        let client = Client::builder()
            .use_preconfigured_tls(tls.clone())
            .dns_resolver(Arc::new(gate.clone()))
            // A redirect would lead past the check of the address.
            .redirect(Policy::none())
            // So would a proxy of the environment.
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| OutboundError::Tls(error.to_string()))?;
        Ok(Self { gate, client, tls: Arc::new(tls) })
    }
}

/// Whether requests may go there: a public address or one that the operator named; in the clear only to the latter.
pub(crate) fn may_reach(url: &Url, gate: &Gate) -> Result<(), String> {
    let address = host(url).parse::<IpAddr>().ok();
    if let Some(address) = address {
        gate.check(address).map_err(|error: NotPublic| error.to_string())?;
    }
    if url.scheme() == "http" && !address.is_some_and(|address| gate.names(address)) {
        return Err("http:// shows what is sent and the secret to everybody on the way: use https://, or the address of a host \
                    that `control-plane --notify-allow` names"
            .to_owned());
    }
    Ok(())
}

/// Without the brackets that an IPv6 address has in an address.
pub(crate) fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Seconds; a date is left to the back-off.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// All of an answer, or why not.
pub(crate) async fn whole(mut response: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut answer = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| reason(&error.without_url()))? {
        if answer.len() + part.len() > most {
            return Err(format!("answered with more than {} KiB", most >> 10));
        }
        answer.extend_from_slice(&part);
    }
    Ok(answer)
}

/// The last cause says what happened; what is before it says where.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", WHOLE.as_secs());
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig, OutboundError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (trusted, ignored) = roots.add_parsable_certificates(native.certs);
    if trusted == 0 {
        tracing::info!(
            ignored,
            "the system has no certificates to trust; notifications and tickets over TLS need --notify-ca"
        );
    }
    if let Some(path) = ca {
        let bad = |problem: String| OutboundError::Ca { path: path.to_owned(), problem };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
        let mut count = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(bad("has no certificate in PEM".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::Tls(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
