use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags};

use super::RunError;

/// The interfaces meant: `all` is every one that is up, loopback too.
pub(super) fn resolve(wanted: &[String]) -> Result<Vec<String>, RunError> {
    let (mut all, mut up) = (Vec::new(), Vec::new());
    for entry in getifaddrs().map_err(RunError::Interfaces)? {
        if entry.flags.contains(InterfaceFlags::IFF_UP) && !up.contains(&entry.interface_name) {
            up.push(entry.interface_name.clone());
        }
        all.push(entry.interface_name);
    }
    let mut resolved: Vec<String> = Vec::new();
    for name in wanted {
        let names = if name == "all" { up.clone() } else { vec![name.clone()] };
        for name in names {
            if !all.contains(&name) {
                return Err(RunError::NoSuchInterface { name, up: up.join(", ") });
            }
            if !resolved.contains(&name) {
                resolved.push(name);
            }
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_twice_is_one_interface_and_an_unknown_one_is_told_apart() {
        assert_eq!(resolve(&["lo".into(), "lo".into()]).unwrap(), ["lo"]);
        assert!(matches!(resolve(&["nope0".into()]), Err(RunError::NoSuchInterface { .. })));
    }
}
