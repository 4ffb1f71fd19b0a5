use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::bail;

use crate::netns::{Namespace, ip, sweep, unique_name};

/// The server's addresses on the service link (RFC 5737, RFC 3849: documentation prefixes, never routed).
pub const SERVER_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
pub const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x10);

/// Clients may call from all of `198.51.100.0/24` and `203.0.113.0/24`, and from this.
pub const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 7);

const CUSTOMERS: &str = "cust0";
/// The server's interface that the sensor guards.
pub const SERVICE: &str = "web0";
const MANAGEMENT: &str = "mgmt0";

/// Two namespaces, clients and server, on one link; and a second link from the server to the host.
///
/// ```text
///  clients                    server                       host
///  cust0 ════════ service ═══ web0   mgmt0 ═══ management ═══ <unique>
///  198.51.100.x, 203.0.113.x  192.0.2.10                    198.18.x.y/30
/// ```
/// The control plane stays on the host, where a browser reaches it, and listens for the sensor on its end of the
/// management link. So the sensor talks to it as it would on a real node, and what it guards carries nothing else.
#[derive(Debug)]
pub struct Network {
    pub server: Namespace,
    pub clients: Namespace,
    /// The host's end of the management link.
    pub host: Ipv4Addr,
    _management: Link,
}

/// A link of the host's namespace that exists as long as this does.
#[derive(Debug)]
struct Link(String);

impl Drop for Link {
    fn drop(&mut self) {
        // The kernel takes it away with the other namespace as well, but at its leisure.
        let _already_gone = ip(&["link", "del", &self.0]);
    }
}

impl Network {
    pub fn create() -> anyhow::Result<Self> {
        sweep()?;
        let (server, clients) = (Namespace::create()?, Namespace::create()?);
        service_link(&server, &clients)?;
        let (host, management) = management_link(&server)?;
        Ok(Self { server, clients, host, _management: management })
    }
}

fn service_link(server: &Namespace, clients: &Namespace) -> anyhow::Result<()> {
    let (server_name, clients_name) = (server.name(), clients.name());
    ip(&[
        "link",
        "add",
        SERVICE,
        "netns",
        server_name,
        "type",
        "veth",
        "peer",
        "name",
        CUSTOMERS,
        "netns",
        clients_name,
    ])?;
    server.ip(&["addr", "add", &format!("{SERVER_V4}/24"), "dev", SERVICE])?;
    server.ip(&["addr", "add", &format!("{SERVER_V6}/64"), "dev", SERVICE, "nodad"])?;
    // Every address of these two is the clients' own, without a line for each (AnyIP). IPv6 answers no neighbour
    // solicitation for such, so there it is one address.
    for prefix in ["198.51.100.0/24", "203.0.113.0/24"] {
        clients.ip(&["route", "add", "local", prefix, "dev", "lo"])?;
    }
    clients.ip(&["addr", "add", &format!("{CLIENT_V6}/64"), "dev", CUSTOMERS, "nodad"])?;
    server.ip(&["link", "set", SERVICE, "up"])?;
    clients.ip(&["link", "set", CUSTOMERS, "up"])?;
    // No gateway: whoever is not on the link is asked for on it.
    server.ip(&["route", "add", "default", "dev", SERVICE])?;
    server.ip(&["-6", "route", "add", "default", "dev", SERVICE])?;
    // A packet needs some source until its sender chooses one.
    clients.ip(&["route", "add", "192.0.2.0/24", "dev", CUSTOMERS, "src", "198.51.100.1"])?;
    clients.ip(&["-6", "route", "add", "2001:db8:1::/64", "dev", CUSTOMERS])?;
    Ok(())
}

/// A /30 out of 198.18.0.0/15 (RFC 2544: links between devices under test). Gives the host's address on it.
fn management_link(server: &Namespace) -> anyhow::Result<(Ipv4Addr, Link)> {
    let name = unique_name('m');
    let (host, guest) = free_pair()?;
    ip(&["link", "add", &name, "type", "veth", "peer", "name", MANAGEMENT, "netns", server.name()])?;
    let link = Link(name.clone());
    ip(&["addr", "add", &format!("{host}/30"), "dev", &name])?;
    ip(&["link", "set", &name, "up"])?;
    server.ip(&["addr", "add", &format!("{guest}/30"), "dev", MANAGEMENT])?;
    server.ip(&["link", "set", MANAGEMENT, "up"])?;
    Ok((host, link))
}

/// Two addresses whose /30 nobody on this host uses. The pid decides where the search begins, so that two testbeds
/// that start together do not meet.
fn free_pair() -> anyhow::Result<(Ipv4Addr, Ipv4Addr)> {
    const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 0]);
    const NETS: u32 = 1 << 15;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..64 {
        let at =
            std::process::id().wrapping_mul(37).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % NETS;
        let net = FIRST + at * 4;
        if ip(&["-4", "addr", "show", "to", &format!("{}/30", Ipv4Addr::from(net))])?.is_empty() {
            return Ok((Ipv4Addr::from(net + 1), Ipv4Addr::from(net + 2)));
        }
    }
    bail!("198.18.0.0/15 is in use on this machine; `ip -4 addr` shows by what")
}
