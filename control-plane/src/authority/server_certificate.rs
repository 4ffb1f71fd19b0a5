use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rcgen::KeyPair;
use rustls::{
    crypto::ring::sign::any_supported_type,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{Authority, AuthorityError};

const LIFETIME: Duration = Duration::from_secs(30 * 86_400);
const RENEWED_AFTER: Duration = Duration::from_secs(20 * 86_400);

/// What this control plane shows to sensors. It lives in memory: a new start makes a new one, and so does every
/// handshake that finds it past two thirds of its life.
pub(crate) struct ServerCertificate {
    authority: Arc<Authority>,
    current: Mutex<(Arc<CertifiedKey>, SystemTime)>,
}

impl ServerCertificate {
    pub(crate) fn new(authority: Arc<Authority>) -> Result<Self, AuthorityError> {
        let current = Mutex::new((issue(&authority)?, SystemTime::now()));
        Ok(Self { authority, current })
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes a new one, too.
        if current.1.elapsed().map_or(true, |age| age > RENEWED_AFTER) {
            match issue(&self.authority) {
                Ok(issued) => *current = (issued, SystemTime::now()),
                Err(error) => tracing::error!(%error, "the control plane's certificate could not be renewed"),
            }
        }
        Some(current.0.clone())
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServerCertificate")
    }
}

/// With the authority's own: a sensor that enrols knows its fingerprint and nothing more.
fn issue(authority: &Authority) -> Result<Arc<CertifiedKey>, AuthorityError> {
    let key = KeyPair::generate()?;
    let leaf = authority.certify_server(&key, LIFETIME)?;
    let key = any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))?;
    Ok(Arc::new(CertifiedKey::new(vec![leaf.into(), authority.certificate().clone()], key)))
}
