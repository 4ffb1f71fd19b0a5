//! The control plane's address, checked once.

use std::fmt;

use reqwest::Url;

use crate::failure::Failure;

#[derive(Clone, Debug)]
pub(crate) struct Server(Url);

impl Server {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let refuse = |why: &str| {
            Failure::Usage(format!(
                "--server (or PORTCTL_SERVER) {why}; give a URL such as http://127.0.0.1:8080"
            ))
        };
        let url = Url::parse(text).map_err(|error| refuse(&format!("is not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(refuse("is neither http nor https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("holds a name or a password, which `ps` would show"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("holds a query or a fragment"));
        }
        Ok(Self(url))
    }

    /// The address below which the control plane may live (`https://ops.test/portcullis/`), with `segments` added.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// `127.0.0.1:8080`: host and port.
    pub(super) fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host_str() {
            Some("localhost") => true,
            // An IPv6 host stands in brackets (RFC 3986 §3.2.2).
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback()),
            None => false,
        }
    }

    /// The key would cross a network in the clear.
    pub(crate) fn exposes_key(&self) -> bool {
        self.0.scheme() == "http" && !self.is_loopback()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_hang_below_the_given_path() {
        let server = Server::parse("https://ops.test/portcullis/").unwrap();
        assert_eq!(
            server.url(&["api", "fetchSensors"]).as_str(),
            "https://ops.test/portcullis/api/fetchSensors"
        );
        assert_eq!(server.to_string(), "https://ops.test/portcullis");
        assert_eq!(server.authority(), "ops.test:443");
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for text in
            ["127.0.0.1:8080", "localhost:8080", "ftp://a.test", "http://a:b@c.test", "http://a.test?k=1"]
        {
            let error = Server::parse(text).unwrap_err().to_string();
            assert!(error.contains("http://127.0.0.1:8080"), "{text}: {error}");
        }
    }

    #[test]
    fn plain_http_exposes_the_key_except_on_loopback() {
        let exposes = |text: &str| Server::parse(text).unwrap().exposes_key();
        assert!(exposes("http://10.0.0.1:8080"));
        assert!(!exposes("http://127.0.0.1:8080"));
        assert!(!exposes("http://[::1]:8080"));
        assert!(!exposes("http://localhost:8080"));
        assert!(!exposes("https://ops.test"));
    }
}
