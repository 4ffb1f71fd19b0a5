use std::net::IpAddr;

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
}
