use std::fs;

use super::*;

fn of(countries: &Countries, address: &str) -> String {
    countries.of(address.parse().unwrap())
}

/// An MMDB file as its specification (version 2.0) has it: a tree of 24-bit records over 128 bits, where IPv4 stands in ::/96.
fn mmdb(networks: &[(&str, u8, &str)]) -> Vec<u8> {
    let mut nodes: Vec<[Option<usize>; 2]> = vec![[None; 2]];
    let mut leaves: Vec<[Option<usize>; 2]> = vec![[None; 2]];
    let mut data = Vec::new();
    for (address, length, code) in networks {
        let (bits, length) = match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 96 + length),
            IpAddr::V6(address) => (u128::from(address), *length),
        };
        let at = data.len();
        data.extend(map(&[("country", map(&[("iso_code", text(code))]))]));
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                leaves[node][side] = Some(at);
            } else {
                node = match nodes[node][side] {
                    Some(next) => next,
                    None => {
                        nodes.push([None; 2]);
                        leaves.push([None; 2]);
                        nodes[node][side] = Some(nodes.len() - 1);
                        nodes.len() - 1
                    }
                };
            }
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for (node, leaf) in nodes.iter().zip(&leaves) {
        for side in 0..2 {
            let record = match (node[side], leaf[side]) {
                (Some(next), _) => next,
                (None, Some(at)) => count + 16 + at,
                (None, None) => count,
            };
            file.extend(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
        }
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.extend(map(&[
        ("binary_format_major_version", number(5, 2)),
        ("binary_format_minor_version", number(5, 0)),
        ("build_epoch", [&[0x08, 0x02][..], &[0; 4], &[0; 4]].concat()),
        ("database_type", text("Test-Country")),
        ("description", map(&[("en", text("made by a test"))])),
        ("ip_version", number(5, 6)),
        ("languages", [&[0x01, 0x04][..], &text("en")].concat()),
        ("node_count", number(6, u32::try_from(count).unwrap())),
        ("record_size", number(5, 24)),
    ]));
    file
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![2 << 5 | u8::try_from(text.len().min(29)).unwrap()];
    if text.len() >= 29 {
        bytes.push(u8::try_from(text.len() - 29).unwrap());
    }
    bytes.extend(text.as_bytes());
    bytes
}

/// `kind` 5 is 16 bits, 6 is 32.
fn number(kind: u8, number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let bytes = &bytes[if kind == 5 { 2 } else { 0 }..];
    [&[kind << 5 | u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let head = vec![7 << 5 | u8::try_from(pairs.len()).unwrap()];
    pairs.iter().fold(head, |map, (key, value)| [map, text(key), value.clone()].concat())
}

#[test]
fn a_public_address_has_a_country_and_a_special_one_a_name() {
    let countries = Countries::open(None).unwrap();
    assert_eq!(of(&countries, "8.8.8.8"), "US");
    assert_eq!(of(&countries, "2001:4860:4860::8888"), "US");
    assert_eq!(of(&countries, "::ffff:8.8.8.8"), "US");
    for (address, name) in [
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "shared (CGNAT)"),
        ("203.0.113.9", "documentation"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("::1", "loopback"),
        ("2001:db8::1", "documentation"),
    ] {
        assert_eq!(
            (of(&countries, address).as_str(), network(address.parse().unwrap())),
            ("", Some(name)),
            "{address}"
        );
    }
    for public in ["172.32.0.1", "100.128.0.1", "8.8.8.8", "2600::1"] {
        assert_eq!(network(public.parse().unwrap()), None, "{public}");
    }
}

#[test]
fn a_database_of_ones_own_answers_and_is_taken_up_anew_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("country.mmdb");
    let write = |bytes: &[u8]| {
        fs::write(folder.path().join("new"), bytes).unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
    };
    write(&mmdb(&[("8.8.8.0", 24, "SE"), ("2600::", 16, "NO")]));
    let countries = Countries::open(Some(&path)).unwrap();
    assert_eq!(
        [of(&countries, "8.8.8.8"), of(&countries, "2600:1::1"), of(&countries, "9.9.9.9")],
        ["SE", "NO", ""]
    );

    write(&mmdb(&[("8.8.8.0", 24, "FI")]));
    countries.look();
    assert_eq!(of(&countries, "8.8.8.8"), "FI");

    let mut damaged = mmdb(&[("8.8.8.0", 24, "DE")]);
    damaged.truncate(damaged.len() / 2);
    write(&damaged);
    countries.look();
    assert_eq!(of(&countries, "8.8.8.8"), "FI", "the one of before");
    let error = Countries::open(Some(&path)).err().unwrap().to_string();
    assert!(error.contains("country.mmdb is no MMDB file, or a damaged one"), "{error}");
    fs::remove_file(&path).unwrap();
    countries.look();
    assert_eq!(of(&countries, "8.8.8.8"), "FI");
}
