use serde_json::json;

use super::{place, severity_tone};
use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output, Terminal, escape, terminal::Tone, when},
    reply::IssueDetail,
};

const SHOW: &str = "fetchIssue";

pub(super) fn run(client: &Client, id: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(SHOW, &json!({"issueId": id}))?;
    let row = reply.get("issue").cloned().unwrap_or_default();
    let issue: IssueDetail = client.parse(SHOW, row.clone())?;
    match output.format {
        Format::Table => output.text(&render(&issue, output.terminal))?,
        Format::Json | Format::Jsonl => output.document(&row)?,
    }
    Ok(Outcome::Done)
}

fn render(shown: &IssueDetail, terminal: Terminal) -> String {
    let issue = &shown.issue;
    let mut text = terminal.paint(Tone::Heading, &escape::line(&issue.name)) + "\n";
    let mut line = |name: &str, value: &str, tone: Option<Tone>| {
        if !value.is_empty() {
            let value = escape::line(value);
            let value = tone.map_or_else(|| value.to_string(), |tone| terminal.paint(tone, &value));
            text.push_str(&format!("  {name:<10}{value}\n"));
        }
    };
    let reopened = if issue.reopened { ", fixed once and found again" } else { "" };
    line("id", &issue.issue_id, None);
    line("severity", &issue.severity, severity_tone(&issue.severity));
    line("status", &format!("{}{reopened}", issue.status), None);
    if let Some(ignored) = &issue.ignored {
        let by = format!("{} by {} on {}", ignored.reason, ignored.by, when::stamp(ignored.at));
        line("ignored", &by, None);
        line("note", &ignored.note, None);
    }
    line("endpoint", &place(&issue.method, &issue.host, &issue.endpoint), None);
    line("where", &issue.detail, None);
    line("check", &format!("{} ({}, {})", issue.check_id, issue.category, issue.source.to_lowercase()), None);
    line("found", &format!("{} to {}", when::stamp(issue.first_seen), when::stamp(issue.last_seen)), None);
    line("tags", &[issue.tags.as_slice(), &issue.cwe, &shown.cve].concat().join(", "), None);
    line("see", &shown.references.join(" "), None);
    let evidence = &shown.evidence;
    let mut part = |heading: &str, body: &str| {
        if !body.trim().is_empty() {
            text.push_str(&format!("\n{}\n", terminal.paint(Tone::Heading, heading)));
            for one in body.trim().lines() {
                text.push_str(&format!("  {}\n", escape::line(one)));
            }
        }
    };
    part("What it is", &shown.description);
    part("Impact", &shown.impact);
    part("What showed it", &evidence.message);
    part("At", &evidence.url);
    part("Request", &evidence.request);
    part("Response", &evidence.response);
    part("What to do", &shown.remediation);
    let others = shown.affected_endpoints.iter().map(|one| {
        format!("{:<8}{}", one.status.to_lowercase(), place(&one.method, &one.host, &one.endpoint))
    });
    part(&format!("Affected ({})", shown.affected_total), &others.collect::<Vec<_>>().join("\n"));
    text
}
