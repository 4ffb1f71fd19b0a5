//! Takes what scans prove. Every column is a bound (earliest, latest, what the latest said), so the order in which scans
//! come, and how often, makes no difference.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::{super::audit, codes, status_of};
use crate::store::{
    Act, Findings, IssueSource, IssueStatus, MAX_ISSUES, MAX_NEVER_FOUND, Observation, Observed, Result,
    StoreError, Verdict, Weakness,
};

pub(super) fn all(connection: &Connection, act: Option<&Act>, findings: &Findings) -> Result<Observed> {
    for weakness in &findings.weaknesses {
        describe(connection, weakness, findings)?;
    }
    let mut room = MAX_ISSUES.saturating_sub(found(connection)?);
    let mut observed = Observed::default();
    for one in &findings.observations {
        let before = status(connection, one)?;
        if matches!(one.verdict, Verdict::Found { .. }) && before.is_none() {
            let Some(rest) = room.checked_sub(1) else {
                observed.left_out += 1;
                continue;
            };
            room = rest;
        }
        put(connection, findings.source, one)?;
        match (before, status(connection, one)?) {
            (None, Some(_)) => observed.created += 1,
            (Some(IssueStatus::Open), Some(IssueStatus::Fixed)) => observed.fixed += 1,
            (Some(IssueStatus::Fixed), Some(IssueStatus::Open)) => observed.reopened += 1,
            _ => {}
        }
    }
    forget(connection)?;
    if let Some(act) = act {
        let Observed { created, reopened, fixed, left_out } = observed;
        let after = json!({ "created": created, "reopened": reopened, "fixed": fixed, "leftOut": left_out });
        let object = format!("{} findings", findings.observations.len());
        audit::append(connection, act, &object, None, Some(&after))?;
    }
    Ok(observed)
}

fn describe(connection: &Connection, weakness: &Weakness, findings: &Findings) -> Result<()> {
    // Whole rows are compared, so that of two tellings of the same time the same one stands in any order.
    connection
        .prepare_cached(
            "INSERT INTO weakness (id, described_at, severity, category, name, about) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET described_at = excluded.described_at, severity = excluded.severity,
                 category = excluded.category, name = excluded.name, about = excluded.about
             WHERE (excluded.described_at, excluded.severity, excluded.category, excluded.name, excluded.about)
                 > (described_at, severity, category, name, about)",
        )?
        .execute(params![
            weakness.id,
            findings.at.millis(),
            codes::severity(weakness.severity),
            weakness.category,
            weakness.name,
            json(&weakness.about)?,
        ])?;
    Ok(())
}

fn put(connection: &Connection, source: IssueSource, one: &Observation) -> Result<()> {
    let (fingerprint, place, at) = (one.fingerprint(), &one.place, one.at.millis());
    match &one.verdict {
        Verdict::Found { severity, evidence } => connection
            .prepare_cached(
                "INSERT INTO issue (fingerprint, weakness, method, host, template, detail, source, severity,
                                    first_found, last_found, evidence)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
                 ON CONFLICT DO UPDATE SET
                     (source, severity, evidence) = (
                         SELECT CASE WHEN newer THEN ?7 ELSE source END, CASE WHEN newer THEN ?8 ELSE severity END,
                                CASE WHEN newer THEN ?10 ELSE evidence END
                         FROM (SELECT first_found IS NULL OR (?9, ?7, ?8, ?10) > (last_found, source, severity, evidence)
                               AS newer)),
                     first_found = min(coalesce(first_found, ?9), ?9),
                     last_found = max(coalesce(last_found, ?9), ?9)",
            )?
            .execute(params![
                fingerprint.bytes(),
                one.weakness,
                place.method,
                place.host,
                place.template,
                place.detail,
                source.name(),
                codes::severity(*severity),
                at,
                json(evidence)?,
            ])?,
        Verdict::Clean => connection
            .prepare_cached(
                "INSERT INTO issue (fingerprint, weakness, method, host, template, detail, source, severity, last_clean)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)
                 ON CONFLICT DO UPDATE SET last_clean = max(coalesce(last_clean, ?8), ?8)",
            )?
            .execute(params![
                fingerprint.bytes(),
                one.weakness,
                place.method,
                place.host,
                place.template,
                place.detail,
                source.name(),
                at,
            ])?,
    };
    Ok(())
}

/// `None` where it is no issue.
fn status(connection: &Connection, one: &Observation) -> Result<Option<IssueStatus>> {
    let code = connection
        .prepare_cached("SELECT status FROM issue WHERE fingerprint = ? AND first_found IS NOT NULL")?
        .query_row([one.fingerprint().bytes()], |row| row.get(0))
        .optional()?;
    code.map(status_of).transpose()
}

fn found(connection: &Connection) -> Result<u64> {
    let count = connection
        .prepare_cached("SELECT count(*) FROM issue WHERE first_found IS NOT NULL")?
        .query_row([], |row| row.get(0))?;
    Ok(codes::count(count))
}

fn forget(connection: &Connection) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM issue WHERE fingerprint IN (
                 SELECT fingerprint FROM issue WHERE first_found IS NULL
                 ORDER BY last_clean DESC, fingerprint LIMIT -1 OFFSET ?)",
        )?
        .execute([codes::signed(MAX_NEVER_FOUND)])?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(format!("an issue: {error}")))
}
