use std::net::IpAddr;

use clap::ValueEnum;
use ipnet::IpNet;
use sensor_user::tag::ForwardedHeader;

/// [`ForwardedHeader`] as the command line spells it.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ForwardedName {
    /// X-Forwarded-For; Forwarded only where that is absent
    Auto,
    XForwardedFor,
    /// RFC 7239
    Forwarded,
}

impl From<ForwardedName> for ForwardedHeader {
    fn from(name: ForwardedName) -> Self {
        match name {
            ForwardedName::Auto => Self::Auto,
            ForwardedName::XForwardedFor => Self::XForwardedFor,
            ForwardedName::Forwarded => Self::Forwarded,
        }
    }
}

/// A prefix, or an address alone, which stands for itself. Host bits are cut, as every router does.
pub(crate) fn net(text: &str) -> Result<IpNet, String> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text
            .parse::<IpNet>()
            .map_err(|_| format!("`{text}` is no address or prefix; write 10.0.0.0/8 or 2001:db8::1"))?,
    };
    Ok(net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_its_own_prefix_and_host_bits_are_cut() {
        assert_eq!(net("192.0.2.7").map(|net| net.to_string()), Ok("192.0.2.7/32".into()));
        assert_eq!(net("10.1.2.3/8").map(|net| net.to_string()), Ok("10.0.0.0/8".into()));
        assert!(net("10.0.0.0/33").is_err());
    }
}
