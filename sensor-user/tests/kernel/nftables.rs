//! What is the nftables table's own: others who change it, older versions of it, and what `nft` says.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    mount::{MsFlags, mount},
    net::if_::if_nametoindex,
    sched::{CloneFlags, unshare},
    time::{ClockId, clock_gettime},
};
use sensor_user::enforce::{
    Block, Enforcer, Mode,
    nftables::{Hook, NftablesEnforcer},
};

use crate::support::{
    PinDir, lasting, net, options, permanent, ready,
    world::{VETH, World, run},
};

fn open(pins: &PinDir) -> NftablesEnforcer {
    NftablesEnforcer::open(options(&[VETH], pins, &[]), "").unwrap_or_else(|error| panic!("{error}"))
}

/// Sweeps once, and says whether the table was laid again and how many blocks came back.
fn swept(enforcer: &mut NftablesEnforcer) -> (u64, u64) {
    enforcer.sweep().unwrap();
    let counters = enforcer.counters();
    (counters.value("enforce_laid_again_total"), counters.value("enforce_restored_total"))
}

#[test]
fn a_flushed_ruleset_is_laid_again_with_its_blocks_and_their_ends() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = open(&pins);
    let ending = lasting("192.0.2.11/32", Duration::from_secs(5));
    enforcer.replace(&[permanent("192.0.2.10/32"), ending, permanent("2001:db8::/64")]).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    assert_eq!(enforcer.counters().value("gate_dropped_ipv4_total"), 1);
    run("nft", &["flush", "ruleset"]);
    assert!(world.arrives_from("192.0.2.10"));
    assert_eq!(swept(&mut enforcer), (1, 3));
    for from in ["192.0.2.10", "192.0.2.11", "2001:db8::10"] {
        assert!(!world.arrives_from(from), "{from}");
    }
    assert_eq!(enforcer.counters().value("gate_dropped_ipv4_total"), 3, "what was dropped before counts");
    assert!(enforcer.interfaces()[0].note.contains("somebody else"), "{}", enforcer.interfaces()[0].note);
    thread::sleep(Duration::from_secs(5));
    assert!(world.arrives_from("192.0.2.11"));
    assert_eq!(swept(&mut enforcer), (1, 3), "and once is enough");
}

#[test]
fn whatever_of_the_table_is_taken_away_comes_back() {
    if !ready() {
        return;
    }
    let index = |name: &str| if_nametoindex(name).unwrap().to_string();
    let (world, pins) = (World::new(), PinDir::new());
    let base = format!("ingress_{}", index(VETH));
    let mut enforcer = open(&pins);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.12/31")]).unwrap();
    let doings: [&[&str]; 6] = [
        &["add", "table", "netdev", "portcullis", "{ flags dormant; }"],
        &["flush", "table", "netdev", "portcullis"],
        &["flush", "chain", "netdev", "portcullis", "gate"],
        &["delete", "chain", "netdev", "portcullis", &base],
        &["insert", "rule", "netdev", "portcullis", "gate", "accept"],
        &["delete", "table", "netdev", "portcullis"],
    ];
    for (number, doing) in (1..).zip(doings) {
        if doing[0] == "delete" && doing[1] == "chain" {
            run("nft", &["flush", "chain", "netdev", "portcullis", &base]);
        }
        run("nft", doing);
        assert!(world.arrives_from("192.0.2.10"), "{doing:?} does something");
        assert_eq!(swept(&mut enforcer).0, number, "{doing:?}");
        assert!(!world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.12"), "{doing:?}");
    }
}

#[test]
fn blocks_that_somebody_takes_out_come_back() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = open(&pins);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.11/32")]).unwrap();
    run("nft", &["delete", "element", "netdev", "portcullis", "block_v4_32_1", "{ 192.0.2.10 }"]);
    assert_eq!(swept(&mut enforcer), (0, 1));
    assert!(!world.arrives_from("192.0.2.10"));
    run("nft", &["flush", "set", "netdev", "portcullis", "block_v4_32_1"]);
    assert_eq!(swept(&mut enforcer), (0, 3));
    assert!(!world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.11"));
}

#[test]
fn changes_of_others_elsewhere_change_nothing_here() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = open(&pins);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("198.51.100.0/24")]).unwrap();
    for number in 0..5 {
        run("nft", &["add", "table", "inet", &format!("somebody{number}")]);
        assert_eq!(swept(&mut enforcer), (0, 0));
        enforcer.block(&permanent(&format!("203.0.113.{number}/32"))).unwrap();
    }
    assert!(!world.arrives_from("192.0.2.10"));
}

#[test]
fn a_block_that_meets_a_flushed_table_is_carried_out_all_the_same() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = open(&pins);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    run("nft", &["flush", "ruleset"]);
    enforcer.block(&permanent("192.0.2.11/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.11"));
    run("nft", &["flush", "ruleset"]);
    enforcer.unblock(net("192.0.2.10/32")).unwrap();
    enforcer.sweep().unwrap();
    assert!(world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.11"));
}

#[test]
fn the_table_of_the_first_version_is_taken_over_without_a_gap() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let index = if_nametoindex(VETH).unwrap();
    let first = format!(
        r#"table netdev portcullis {{
            counter allowed {{ }}
            counter dropped_v4 {{ }}
            counter dropped_v6 {{ }}
            set allow_v4 {{ type ipv4_addr; flags interval; elements = {{ 127.0.0.0/8, 192.0.2.1 }} }}
            set allow_v6 {{ type ipv6_addr; flags interval; elements = {{ ::1 }} }}
            set block_v4_32 {{ type ipv4_addr; flags timeout; counter; elements = {{ 192.0.2.10, 192.0.2.11 timeout 1h }} }}
            set block_v6_64 {{ type ipv6_addr; flags timeout; counter; elements = {{ 2001:db8:: }} }}
            chain gate {{
                ip saddr @allow_v4 counter name allowed accept
                ip6 saddr @allow_v6 counter name allowed accept
                ip saddr @block_v4_32 counter name dropped_v4 drop
                ip6 saddr & ffff:ffff:ffff:ffff:: == @block_v6_64 counter name dropped_v6 drop
            }}
            chain ingress_{index} {{
                type filter hook ingress device "{VETH}" priority -500; policy accept;
                jump gate
            }}
        }}"#
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), first).unwrap();
    run("nft", &["--file", file.path().to_str().unwrap()]);
    let flood = world.flood("192.0.2.10");
    flood.more(100);
    let mut enforcer = open(&pins);
    flood.more(100);
    assert!(!world.arrives_from("2001:db8::10"));
    enforcer.unblock(net("192.0.2.11/32")).unwrap();
    assert!(world.arrives_from("192.0.2.11"));
    enforcer.replace(&[permanent("192.0.2.10/32")]).unwrap();
    flood.more(100);
    assert_eq!(flood.end(), 0, "packets came through");
    assert!(world.arrives_from("2001:db8::10"), "what is not on the list any more is lifted");
    let table = run("nft", &["list", "table", "netdev", "portcullis"]);
    assert!(!table.contains("block_v6_64") && !table.contains("set block_v4_32 "), "{table}");
}

#[test]
fn an_agent_that_is_started_many_times_leaves_no_more_than_one() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    for _ in 0..5 {
        open(&pins).replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.12/31")]).unwrap();
        assert!(!world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.12"));
    }
    let table = run("nft", &["list", "table", "netdev", "portcullis"]);
    assert_eq!(table.matches("set block_v4_31").count(), 1, "{table}");
    assert_eq!(table.matches("set ").count(), 3 + 3 + 2, "blocks, hits and allowed\n{table}");
}

/// Hides `nft` from this thread: in a mount namespace of its own, with empty folders where it was.
fn without_nft() {
    let none: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS).unwrap();
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap()).chain(["/usr/sbin".into()]) {
        if folder.join("nft").exists() {
            mount(Some("none"), &folder, Some("tmpfs"), MsFlags::empty(), none).unwrap();
        }
    }
}

#[test]
fn without_nft_the_error_says_how_to_get_it() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    without_nft();
    let error = NftablesEnforcer::open(options(&[VETH], &pins, &[]), "").err().unwrap().to_string();
    assert!(error.contains("no `nft`") && error.contains("apt-get install nftables"), "{error}");
}

#[test]
fn a_refusal_of_nft_is_told_in_its_own_words() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    let mut owner =
        Command::new("nft").arg("-i").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stdin = owner.stdin.take().unwrap();
    stdin.write_all(b"add table netdev portcullis { flags owner; }\n").unwrap();
    while run("nft", &["list", "tables"]).is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    let error = NftablesEnforcer::open(options(&[VETH], &pins, &[]), "").err().unwrap().to_string();
    drop(stdin);
    owner.wait().unwrap();
    assert!(error.contains("nft refuses: ") && error.contains("Operation not permitted"), "{error}");
    assert!(error.contains("owns the table"), "{error}");
}

#[test]
fn where_the_kernel_has_no_ingress_hook_the_note_says_what_is_lost() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    let enforcer = NftablesEnforcer::open_at(Hook::Prerouting, options(&[VETH], &pins, &[]), "").unwrap();
    let note = enforcer.interfaces().remove(0).note;
    assert!(note.contains("no ingress hook") && note.contains("bridged"), "{note}");
}

#[test]
fn a_change_takes_no_process_and_no_more_than_a_millisecond_or_two() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = sensor_user::enforce::open(Mode::Nftables, options(&[VETH], &pins, &[])).unwrap();
    without_nft();
    let mut each: Vec<Duration> = (0..200)
        .map(|number| {
            let block = lasting(&format!("192.0.2.{}/32", number + 10), Duration::from_secs(60));
            let start = Instant::now();
            enforcer.block(&block).unwrap();
            start.elapsed()
        })
        .collect();
    each.sort_unstable();
    println!("a block takes {:?}, {:?} of the slowest hundredth", each[100], each[197]);
    assert!(each[100] < Duration::from_millis(2), "{:?}", each[100]);
    assert!(!world.arrives_from("192.0.2.10"));
    enforcer.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
}

#[test]
#[ignore = "a minute and a gigabyte; prints what it measures"]
fn a_million_blocks() {
    const COUNT: u32 = 1_000_000;
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let slab = || -> i64 {
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap();
        let line = meminfo.lines().find_map(|line| line.strip_prefix("Slab:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    let cpu = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let (start, before) = (Instant::now(), cpu());
        work();
        let (wall, cpu) = (start.elapsed().as_secs_f64(), (cpu() - before).as_secs_f64());
        println!("{{\"what\":\"{what}\",\"seconds\":{wall:.4},\"cpu_seconds\":{cpu:.4}}}");
    };
    let mut blocks: Vec<Block> = (0..COUNT)
        .map(|number| {
            let address = std::net::Ipv4Addr::from(0x0b00_0000 + number * 211);
            lasting(&format!("{address}/32"), Duration::from_secs(3600 + u64::from(number % 1000)))
        })
        .collect();
    blocks.push(permanent("192.0.2.10/32"));
    let before = (slab(), resident());
    let mut enforcer = open(&pins);
    timed("replace by a million", &mut || drop(enforcer.replace(&blocks).unwrap()));
    println!("{{\"slab_mib\":{},\"agent_mib\":{}}}", (slab() - before.0) / 1024, resident() - before.1);
    timed("the same once more", &mut || drop(enforcer.replace(&blocks).unwrap()));
    timed("block", &mut || drop(enforcer.block(&permanent("192.0.2.11/32")).unwrap()));
    timed("block of a new length", &mut || drop(enforcer.block(&permanent("198.51.100.0/23")).unwrap()));
    timed("unblock", &mut || enforcer.unblock(net("192.0.2.11/32")).unwrap());
    assert!(!world.arrives_from("192.0.2.10"));
    timed("hits", &mut || assert_eq!(enforcer.hits().unwrap().len(), 1));
    timed("sweep", &mut || enforcer.sweep().unwrap());
    drop(enforcer);
    let flood = world.flood("192.0.2.10");
    let mut next = None;
    timed("take over", &mut || next = Some(open(&pins)));
    let mut next = next.unwrap();
    timed("replace after taking over", &mut || drop(next.replace(&blocks).unwrap()));
    assert_eq!(flood.end(), 0, "packets came through");
    run("nft", &["add", "table", "inet", "somebody"]);
    timed("sweep that asks for 4096", &mut || next.sweep().unwrap());
    timed("detach", &mut || Box::new(open(&pins)).detach().unwrap());
}
