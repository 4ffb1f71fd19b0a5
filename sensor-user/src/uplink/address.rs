use std::net::IpAddr;

use tonic::transport::Uri;

use super::UplinkError;

/// Where the control plane is, and how it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// To loopback alone, with a credential.
    Plaintext,
    /// With certificates.
    Tls,
}

impl Scheme {
    pub(super) fn of(url: &str, address: &Uri) -> Result<Self, UplinkError> {
        let host = address.host().ok_or_else(|| UplinkError::Address(url.to_owned()))?;
        match address.scheme_str() {
            Some("https") => Ok(Self::Tls),
            Some("http") if is_loopback(host) => Ok(Self::Plaintext),
            Some("http") => Err(UplinkError::Plaintext(url.to_owned())),
            _ => Err(UplinkError::Address(url.to_owned())),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaintext_is_for_loopback_alone() {
        let of = |url: &str| Scheme::of(url, &url.parse().unwrap());
        for url in
            ["http://127.0.0.1:9090", "http://127.61.0.1:9", "http://[::1]:9090", "http://localhost:9090"]
        {
            assert!(matches!(of(url), Ok(Scheme::Plaintext)), "{url}");
        }
        for url in ["http://192.0.2.1:9090", "http://localhost.example:9090", "http://[2001:db8::1]:9090"] {
            assert!(matches!(of(url), Err(UplinkError::Plaintext(_))), "{url}");
        }
        assert!(matches!(of("https://192.0.2.1:9090"), Ok(Scheme::Tls)));
        assert!(matches!(of("ftp://127.0.0.1:9090"), Err(UplinkError::Address(_))));
    }
}
