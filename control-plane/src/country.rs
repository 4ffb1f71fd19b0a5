//! Where an address is registered, and what it is where it is nobody's in particular.

mod special;

use std::net::IpAddr;

pub(crate) use self::special::network;

/// The country an address is registered in (ISO 3166-1 alpha-2), or empty where the registries say nothing: private
/// and reserved addresses, mostly. From the five registries' public lists, which are part of the binary.
pub(crate) fn country(address: IpAddr) -> &'static str {
    iptocc::country_code(address).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_has_a_country_and_a_private_one_has_none() {
        assert_eq!(country("8.8.8.8".parse().unwrap()), "US");
        assert_eq!(country("2001:4860:4860::8888".parse().unwrap()), "US");
        assert_eq!(country("10.0.0.1".parse().unwrap()), "");
    }

    #[test]
    fn a_special_address_is_named_for_what_it_is() {
        for (address, name) in [
            ("10.0.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("172.32.0.1", None),
            ("127.0.0.1", Some("loopback")),
            ("169.254.169.254", Some("link-local")),
            ("100.64.0.1", Some("shared (CGNAT)")),
            ("100.128.0.1", None),
            ("203.0.113.9", Some("documentation")),
            ("::ffff:192.168.1.1", Some("private")),
            ("fd00::1", Some("private")),
            ("fe80::1", Some("link-local")),
            ("::1", Some("loopback")),
            ("2001:db8::1", Some("documentation")),
            ("2600::1", None),
        ] {
            assert_eq!(network(address.parse().unwrap()), name, "{address}");
        }
    }
}
