//! Our own certificate authority: it signs for this control plane and for the sensors that enrolled, and for nobody else.

mod file;
mod server_certificate;

use std::{io, path::PathBuf, time::Duration};

use portcullis_proto::authority::{CONTROL_PLANE_NAME, Fingerprint};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

pub(crate) use self::server_certificate::ServerCertificate;
use crate::accounts::AccountId;

const AUTHORITY_LIFETIME: Duration = Duration::from_secs(20 * 365 * 86_400);
/// A clock may be set back, and those of nodes go behind.
const CLOCKS_DIFFER: Duration = Duration::from_secs(86_400);
/// A request for one P-256 key takes 300 bytes.
const MAX_REQUEST: usize = 8 << 10;

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{}: {source}; the certificate authority is kept there", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(
        "{} is damaged ({why}): put it back from a backup, or remove it, and every sensor has to enrol again",
        path.display()
    )]
    Damaged { path: PathBuf, why: String },
    #[error("a certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the certificate request is not one: {0}")]
    Request(String),
    #[error("no randomness: {0}")]
    Random(getrandom::Error),
}

/// The key and its certificate.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A certificate with which a sensor of this name and account may come in for so long. Of the request only the key
    /// counts.
    pub(crate) fn certify_sensor(
        &self,
        request: &[u8],
        sensor_id: &str,
        account: Option<&AccountId>,
        lifetime: Duration,
    ) -> Result<Vec<u8>, AuthorityError> {
        if request.is_empty() || request.len() > MAX_REQUEST {
            return Err(AuthorityError::Request(format!("{} bytes", request.len())));
        }
        let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
            .map_err(|error| AuthorityError::Request(error.to_string()))?;
        let mut params = leaf(sensor_id, lifetime)?;
        if let Some(account) = account {
            params.distinguished_name.push(DnType::OrganizationName, account.as_str());
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Ok(params.signed_by(&request.public_key, &self.issuer)?.der().to_vec())
    }

    fn certify_server(&self, key: &KeyPair, lifetime: Duration) -> Result<Certificate, AuthorityError> {
        let mut params = leaf(CONTROL_PLANE_NAME, lifetime)?;
        params.subject_alt_names = CertificateParams::new([CONTROL_PLANE_NAME.to_owned()])?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok(params.signed_by(key, &self.issuer)?)
    }

    fn generate() -> Result<(KeyPair, Certificate), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = params("Portcullis sensors", AUTHORITY_LIFETIME)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        Ok((key, certificate))
    }

    fn from_parts(
        key: &PrivatePkcs8KeyDer<'_>,
        certificate: CertificateDer<'static>,
    ) -> Result<Self, AuthorityError> {
        let key = KeyPair::try_from(key)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { issuer, certificate })
    }
}

fn leaf(name: &str, lifetime: Duration) -> Result<CertificateParams, AuthorityError> {
    let mut params = params(name, lifetime)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn params(name: &str, lifetime: Duration) -> Result<CertificateParams, AuthorityError> {
    let now = OffsetDateTime::now_utc();
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(AuthorityError::Random)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = now - CLOCKS_DIFFER;
    params.not_after = now + lifetime;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_request_only_the_key_counts() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut wanted = CertificateParams::new(["another.example".to_owned()]).unwrap();
        wanted.distinguished_name.push(DnType::CommonName, "another-sensor");
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let request = wanted.serialize_request(&key).unwrap();
        let made = authority.certify_sensor(request.der(), "s-1", None, Duration::from_secs(60)).unwrap();
        let (_, certificate) = x509_parser::parse_x509_certificate(&made).unwrap();
        assert_eq!(certificate.subject().to_string(), "CN=s-1");
        assert!(!certificate.is_ca());
        assert!(certificate.subject_alternative_name().unwrap().is_none());
        assert!(certificate.verify_signature(None).is_err(), "it is not its own authority");
    }

    #[test]
    fn what_is_no_request_is_refused_and_never_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        for bad in [&b""[..], b"\x30\x82", &[0x30; 9000]] {
            let outcome = authority.certify_sensor(bad, "s-1", None, Duration::from_secs(60));
            assert!(matches!(outcome, Err(AuthorityError::Request(_))));
        }
    }
}
