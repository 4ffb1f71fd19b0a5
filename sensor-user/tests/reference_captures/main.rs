//! Holds the way from packets to exchanges against 752 captures of other projects' test suites and the transactions
//! that other tools found in them. The captures are not part of this project: without them the test says so.
//!
//! Where ours differs, `differences.tsv` beside this file says which packets prove it right. A capture equals its
//! reference or differs exactly as that table says; one that no longer differs must leave it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "reading the expectations, in helpers of a test"
)]

mod difference;
mod found;
mod reference;
mod table;
mod transaction;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use self::{difference::Difference, table::Row};

#[test]
fn captures_give_the_reference_transactions_or_differ_as_the_table_proves() {
    let Some(captures) = captures() else {
        println!("skipped: ../shared is not here");
        return;
    };
    let index = fs_err::read_to_string(captures.join("index.tsv")).unwrap();
    let mut found = BTreeSet::new();
    let mut equal = 0;
    for capture in index.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let reference = reference::transactions(&captures, capture);
        let ours = found::transactions(&captures.join(capture));
        let differences = difference::between(&reference, &ours);
        equal += usize::from(differences.is_empty());
        found.extend(
            differences
                .into_iter()
                .map(|difference| Difference { capture: capture.to_owned(), ..difference }),
        );
    }
    let told: BTreeSet<Difference> = table::rows().map(Row::into_difference).collect();
    println!("{equal} captures equal, {} differences, {} of them told", found.len(), told.len());
    for difference in found.difference(&told) {
        println!("not in the table: {difference}");
    }
    for difference in told.difference(&found) {
        println!("no longer so:     {difference}");
    }
    assert_eq!(found, told, "differences.tsv must tell every difference, and no other");
}

#[test]
fn every_difference_is_told_with_its_packets_and_its_cause() {
    let causes = table::causes();
    for row in table::rows() {
        assert!(
            row.packets.split(',').all(|number| number.parse::<u32>().is_ok()),
            "{}: packets {}",
            row.capture,
            row.packets
        );
        assert!(causes.contains(row.cause), "{}: README.md has no section {}", row.capture, row.cause);
    }
    let used: BTreeSet<&str> = table::rows().map(|row| row.cause).collect();
    assert_eq!(used, causes, "README.md explains the causes of the table, and no other");
}

fn captures() -> Option<PathBuf> {
    let shared = std::env::var_os("PORTCULLIS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    Some(shared.join("pcaps")).filter(|captures| captures.join("index.tsv").is_file())
}
