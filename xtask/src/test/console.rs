use anyhow::Context as _;
use serde_json::Value;

use super::tally::Tally;
use crate::{
    caller::Caller,
    console,
    program::{self, say},
    workspace,
};

pub(super) fn run(caller: &Caller) -> anyhow::Result<Tally> {
    // As the caller: it leaves files in the checkout.
    program::finish(&mut caller.xtask("console")?)?;
    let mut tally = Tally::default();
    // Building has checked the types.
    let mut lint = caller.command("npm");
    lint.current_dir(console::folder()).args(["run", "--silent", "lint"]);
    tally.check("console lint", &mut lint);
    tally += vitest(caller)?;
    Ok(tally)
}

fn vitest(caller: &Caller) -> anyhow::Result<Tally> {
    say("-- vitest");
    let report = workspace::root().join("target/portcullis/vitest.json");
    if report.exists() {
        fs_err::remove_file(&report)?;
    }
    let mut npm = caller.command("npm");
    npm.current_dir(console::folder()).args([
        "run",
        "--silent",
        "test",
        "--",
        "--reporter=default",
        "--reporter=json",
    ]);
    npm.arg(format!("--outputFile={}", report.display()));
    let ran = program::finish(&mut npm);
    let mut tally = read(&fs_err::read(&report).context("vitest left no report")?)?;
    // It can also fail outside of any test.
    if let (Err(error), 0) = (ran, tally.failed()) {
        tally.failures.push(format!("{error:#}"));
    }
    Ok(tally)
}

fn read(report: &[u8]) -> anyhow::Result<Tally> {
    let report: Value = serde_json::from_slice(report).context("vitest's report")?;
    let mut tally = Tally::default();
    let files =
        report.get("testResults").and_then(Value::as_array).context("vitest's report: no testResults")?;
    for test in files.iter().filter_map(|file| file.get("assertionResults")?.as_array()).flatten() {
        let text = |key| test.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = format!("console: {}", text("fullName"));
        match text("status") {
            "passed" => tally.passed += 1,
            "failed" => tally.failures.push(name),
            other => tally.skips.push(format!("{name}: {other}")),
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn every_test_of_the_report_is_counted_by_its_status() {
        let tally = read(
            br#"{"testResults": [
                {"assertionResults": [{"fullName": "a", "status": "passed"}, {"fullName": "b", "status": "failed"}]},
                {"assertionResults": [{"fullName": "c", "status": "passed"}, {"fullName": "d", "status": "pending"}]}
            ]}"#,
        )
        .unwrap();
        assert_eq!((tally.passed, tally.failures.len(), tally.skips.len()), (2, 1, 1));
    }
}
