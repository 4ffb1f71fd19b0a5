//! Whatever a crash leaves on disk, what is read back is the state at some revision.

use std::{fs, path::Path};

use super::*;

/// Three revisions behind a snapshot, as files; and the blocks at each revision from the snapshot's on.
struct Left {
    snapshot: Vec<u8>,
    journal: Vec<u8>,
    states: Vec<Vec<String>>,
}

impl Left {
    fn make() -> Self {
        let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        let mut orders = open(&folder, &ledger);
        orders.snapshot(snapshot(7, vec![block("192.0.2.1", 0), block("2001:db8::/32", 0)])).unwrap();
        let mut states = vec![ledger.nets()];
        for step in [
            vec![Change::Block(block("192.0.2.2", 0)), Change::Block(block("192.0.2.3", 60_000))],
            vec![unblock("192.0.2.1")],
            vec![Change::Block(block("198.51.100.0/24", 0))],
        ] {
            orders.revise(revision(orders.revision() + 1, step)).unwrap();
            states.push(ledger.nets());
        }
        let read =
            |extension: &str| fs::read(folder.path().join("orders").with_extension(extension)).unwrap();
        Self { snapshot: read("snapshot"), journal: read("journal"), states }
    }

    fn lay(&self, folder: &Path, journal: &[u8]) {
        fs::write(folder.join("orders.snapshot"), &self.snapshot).unwrap();
        fs::write(folder.join("orders.journal"), journal).unwrap();
    }

    /// Opens what lies there, and checks that the state is that of its revision. Gives the revision.
    fn check(&self, folder: &tempfile::TempDir) -> u64 {
        let ledger = Ledger::default();
        let mut orders = open(folder, &ledger);
        let revision = orders.revision();
        assert_eq!(ledger.nets(), self.states[usize::try_from(revision - 7).unwrap()]);
        // It goes on from there, and that is kept too.
        orders.revise(super::revision(revision + 1, [Change::Block(block("203.0.113.9", 0))])).unwrap();
        let expected = ledger.nets();
        drop(orders);
        let again = Ledger::default();
        assert_eq!(open(folder, &again).revision(), revision + 1);
        assert_eq!(again.nets(), expected);
        revision
    }
}

#[test]
fn a_journal_that_is_cut_at_any_byte_is_read_up_to_its_last_whole_revision() {
    let left = Left::make();
    let mut seen = Vec::new();
    for cut in 0..=left.journal.len() {
        let folder = tempfile::tempdir().unwrap();
        left.lay(folder.path(), &left.journal[..cut]);
        seen.push(left.check(&folder));
    }
    assert!(seen.is_sorted());
    seen.dedup();
    assert_eq!(seen, [7, 8, 9, 10]);
}

#[test]
fn a_byte_that_changed_hides_its_record_and_what_follows_and_never_more() {
    let left = Left::make();
    for at in 8..left.journal.len() {
        let mut journal = left.journal.clone();
        journal[at] ^= 0x10;
        let folder = tempfile::tempdir().unwrap();
        left.lay(folder.path(), &journal);
        assert!(left.check(&folder) < 10);
    }
}

#[test]
fn a_snapshot_that_is_newer_than_the_journal_wins() {
    // Between writing the snapshot and cutting the journal.
    let left = Left::make();
    let folder = tempfile::tempdir().unwrap();
    left.lay(folder.path(), &left.journal);
    drop(open(&folder, &Ledger::default()));
    let mut orders = open(&folder, &Ledger::default());
    orders.kept.leap().unwrap();
    let frozen = orders.kept.freeze(&orders.state);
    assert_eq!(frozen.write().unwrap().0, 10);
    fs::write(folder.path().join("orders.journal"), &left.journal).unwrap();
    std::mem::forget(orders);
    assert_eq!(left.check(&folder), 10);
}

#[test]
fn a_snapshot_that_was_being_written_is_passed_over() {
    let left = Left::make();
    let folder = tempfile::tempdir().unwrap();
    left.lay(folder.path(), &left.journal);
    fs::write(folder.path().join("orders.snapshot-new"), &left.snapshot[..20]).unwrap();
    fs::write(folder.path().join("orders.journal-new"), b"PC").unwrap();
    assert_eq!(left.check(&folder), 10);
}

#[test]
fn a_long_journal_becomes_a_snapshot_and_revisions_of_meanwhile_are_kept() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let many = (0..90_000_u32).map(|n| Change::Block(block(&std::net::Ipv4Addr::from(n).to_string(), 0)));
    orders.revise(revision(1, many)).unwrap();
    let chores = orders.chores();
    orders.revise(revision(2, [unblock("0.0.0.7")])).unwrap();
    let done = chores.run();
    orders.done(done);
    let journal = fs::metadata(folder.path().join("orders.journal")).unwrap().len();
    assert!(journal < 200, "{journal}");
    std::mem::forget(orders);
    let again = Ledger::default();
    assert_eq!(open(&folder, &again).revision(), 2);
    assert_eq!(again.nets(), ledger.nets());
    assert_eq!(again.nets().len(), 89_999);
}

#[test]
fn files_that_are_not_ours_are_an_error_that_names_them() {
    for (name, text) in [
        ("orders.snapshot", "{"),
        ("orders.snapshot", "PCORDER\x09 later"),
        ("orders.journal", "PCORDER\x09"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let error = Orders::open(folder.path().join("orders"), None).err().unwrap().to_string();
        assert!(error.contains(name), "{error}");
    }
    let left = Left::make();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.snapshot"), &left.snapshot[..left.snapshot.len() - 1]).unwrap();
    let error = Orders::open(folder.path().join("orders"), None).err().unwrap().to_string();
    assert!(error.contains("remove it"), "{error}");
}
