use crate::test::tally::Tally;

/// Counts the tests in the output of a test executable that ran with `--show-output`.
///
/// libtest knows no skipping: a test that cannot run here prints `skipped: why` and returns, and is not counted as
/// passed. An ignored test is a skipped one too.
pub(super) fn read(executable: &str, output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut section = None;
    for line in output.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            section = Some(name);
        } else if let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        {
            match outcome {
                "ok" => tally.passed += 1,
                "FAILED" => tally.failures.push(format!("{executable}: {name}")),
                ignored if ignored.starts_with("ignored") => {
                    tally.skips.push(format!("{executable}: {name}: {ignored}"))
                }
                _ => (),
            }
        } else if let (Some(why), Some(name)) = (line.strip_prefix("skipped:"), section) {
            tally.skips.push(format!("{executable}: {name}: {}", why.trim()));
            tally.passed = tally.passed.saturating_sub(1);
            // A test that says it twice is still one test.
            section = None;
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_test_that_says_skipped_has_not_passed() {
        let tally = read(
            "sensor",
            "running 4 tests\n\
             test a ... ok\n\
             test b ... ok\n\
             test c ... FAILED\n\
             test d ... ignored, too slow\n\
             \n\
             successes:\n\
             \n\
             ---- b stdout ----\n\
             skipped: needs root\n\
             skipped: needs root\n\
             \n\
             failures:\n\
             \n\
             ---- c stdout ----\n\
             it broke\n",
        );
        assert_eq!(tally.passed, 1);
        assert_eq!(tally.failures, ["sensor: c"]);
        assert_eq!(tally.skips, ["sensor: d: ignored, too slow", "sensor: b: needs root"]);
    }
}
