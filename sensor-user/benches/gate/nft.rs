use std::{fmt::Write as _, fs, process::Command, time::Instant};

use ipnet::IpNet;
use serde_json::json;

use super::ratios::Work;
use crate::tests::support::world::{VETH, run};

#[derive(Clone, Copy)]
pub(crate) enum Hook {
    Ingress,
    Input,
}

/// The same list in interval sets, once where each hook's family needs it.
pub(crate) struct Tables;

impl Tables {
    /// `None` without an `nft`, or where it does not take the list.
    pub(crate) fn load(nets: &[IpNet]) -> Option<Self> {
        let file = std::env::temp_dir().join(format!("portcullis-bench-gate-{}.nft", std::process::id()));
        for family in ["netdev", "inet"] {
            let mut rules = String::new();
            writeln!(rules, "table {family} bench {{").unwrap();
            for (set, kind, v4) in [("v4", "ipv4_addr", true), ("v6", "ipv6_addr", false)] {
                writeln!(rules, "set {set} {{ type {kind}; flags interval; auto-merge; elements = {{")
                    .unwrap();
                for net in nets.iter().filter(|net| net.addr().is_ipv4() == v4) {
                    writeln!(rules, "{net},").unwrap();
                }
                writeln!(rules, "}} }}").unwrap();
            }
            writeln!(rules, "}}").unwrap();
            fs::write(&file, rules).unwrap();
            let start = Instant::now();
            let output = Command::new("nft").arg("-f").arg(&file).output();
            fs::remove_file(&file).unwrap();
            match output {
                Ok(output) if output.status.success() => {
                    let seconds = start.elapsed().as_secs_f64();
                    let line = json!({"bench": "gate", "what": "load", "contender": format!("nftables-{family}"),
                                      "entries": nets.len(), "replace_seconds": seconds});
                    println!("{line}");
                }
                Ok(output) => {
                    eprintln!("nft takes no such list: {}", String::from_utf8_lossy(&output.stderr));
                    return None;
                }
                Err(error) => {
                    eprintln!("nft does not start: {error}");
                    return None;
                }
            }
        }
        Some(Self)
    }

    pub(crate) fn while_hooked(&self, hook: Hook, flood: impl FnOnce() -> Work) -> Work {
        let (family, hooked) = match hook {
            Hook::Ingress => ("netdev", format!("hook ingress device {VETH} priority 0;")),
            Hook::Input => ("inet", "hook input priority 0;".to_owned()),
        };
        let chain = format!("{{ type filter {hooked} }}");
        run("nft", &["add", "chain", family, "bench", "hooked", &chain]);
        run("nft", &["add", "rule", family, "bench", "hooked", "ip", "saddr", "@v4", "counter", "drop"]);
        run("nft", &["add", "rule", family, "bench", "hooked", "ip6", "saddr", "@v6", "counter", "drop"]);
        let work = flood();
        let met = met(family);
        assert!(met >= work.units * 9 / 10, "{family}: of {} packets only {met} met the rules", work.units);
        run("nft", &["delete", "chain", family, "bench", "hooked"]);
        work
    }
}

/// Packets that the rules of this family's chain dropped.
fn met(family: &str) -> u64 {
    let output = Command::new("nft").args(["list", "chain", family, "bench", "hooked"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let counts = text.split("counter packets ").skip(1);
    counts.filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok()).sum()
}
