//! `portctl doctor`: shows the findings, each with the command that mends it.

use serde_json::json;

use crate::{
    cli::{Connection, Doctor},
    doctor::{self, Check, Level},
    failure::{Failure, Outcome},
    output::{Format, Output, escape, terminal::Tone},
};

pub(super) fn run(
    connection: &Connection,
    doctor: &Doctor,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let checks = doctor::examine(connection, doctor.capture)?;
    let missing = checks.iter().filter(|check| check.level == Level::Missing).count();
    let warnings = checks.iter().filter(|check| check.level == Level::Warning).count();
    match output.format {
        Format::Table => {
            let text: String = checks.iter().map(|check| line(check, output)).collect();
            output.text(&text)?;
            output.note(&format!("{} checks: {missing} missing, {warnings} warnings", checks.len()));
        }
        Format::Json => {
            let checks: Vec<_> = checks.iter().map(Check::to_json).collect();
            output.document(&json!({"checks": checks, "missing": missing, "warnings": warnings}))?;
        }
        Format::Jsonl => {
            for check in &checks {
                output.document(&check.to_json())?;
            }
        }
    }
    Ok(if missing == 0 { Outcome::Done } else { Outcome::Failed })
}

fn line(check: &Check, output: &Output<'_>) -> String {
    let tone = match check.level {
        Level::Ok => Tone::Good,
        Level::Warning => Tone::Caution,
        Level::Missing => Tone::Bad,
    };
    let level = output.terminal.paint(tone, &format!("{:<8}", check.level.as_str()));
    let mut text = format!("{level} {:<22} {}\n", check.name, escape::line(&check.finding));
    if let Some(fix) = &check.fix {
        text.push_str(&format!("{:>8}   {:<20} → {}\n", "", "", escape::line(fix)));
    }
    text
}
