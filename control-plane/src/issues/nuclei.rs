//! What `nuclei -jsonl` writes: a finding a line, and with `-matcher-status` what it looked for in vain, too.

use serde::Deserialize;
use serde_json::Value;

use super::{
    endpoint,
    import::{ImportError, Imported, cut, sample, severity, time},
};
use crate::{
    clock::EpochMillis,
    store::{About, IssueEvidence, Observation, Place, Verdict, Weakness},
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Line {
    template_id: String,
    info: Info,
    #[serde(default)]
    matcher_name: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    matched_at: String,
    #[serde(default)]
    request: String,
    #[serde(default)]
    response: String,
    #[serde(default)]
    timestamp: String,
    /// Absent in older versions, which write only what they found.
    #[serde(default = "found")]
    matcher_status: bool,
    #[serde(default)]
    extracted_results: Vec<String>,
}

const fn found() -> bool {
    true
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    impact: String,
    #[serde(default)]
    remediation: String,
    severity: String,
    /// A list, or one text with commas; null where there are none.
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    reference: Value,
    #[serde(default)]
    classification: Option<Classification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Classification {
    #[serde(default)]
    cve_id: Value,
    #[serde(default)]
    cwe_id: Value,
}

pub(super) fn read(text: &str, now: EpochMillis) -> Result<Imported, ImportError> {
    let mut imported = Imported::default();
    let mut first = None;
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        if let Err(problem) = take(&mut imported, line, now) {
            first.get_or_insert_with(|| (number, problem.clone()));
            imported.skip(format!("line {number}"), problem);
        }
    }
    match first {
        Some((line, problem)) if imported.observations.is_empty() => {
            Err(ImportError::Nuclei { line, problem })
        }
        _ => Ok(imported),
    }
}

fn take(imported: &mut Imported, line: &str, now: EpochMillis) -> Result<(), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let severity = severity(&line.info.severity)
        .ok_or_else(|| format!("info.severity: {:?} is no severity of nuclei", line.info.severity))?;
    let at = match line.timestamp.as_str() {
        "" => now,
        text => time(text, now).ok_or_else(|| format!("timestamp: {text:?} is no time of RFC 3339"))?,
    };
    let url = if line.matched_at.is_empty() { &line.host } else { &line.matched_at };
    if url.is_empty() {
        return Err("neither matched-at nor host: it is nowhere".to_owned());
    }
    // Where only the host is known, it was asked by an address without a scheme.
    let url = if url.contains("://") { url.clone() } else { format!("https://{url}") };
    let method = line.request.split([' ', '\r', '\n']).next().unwrap_or_default();
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let place =
        Place { detail: line.matcher_name, ..endpoint::of_url(if is_method { method } else { "GET" }, &url) };
    let id = format!("nuclei/{}", line.template_id);
    let classification =
        line.info.classification.unwrap_or(Classification { cve_id: Value::Null, cwe_id: Value::Null });
    let tags = words(&line.info.tags);
    imported.weaknesses.insert(
        id.clone(),
        Weakness {
            id: id.clone(),
            name: if line.info.name.is_empty() { line.template_id } else { line.info.name },
            category: tags.first().cloned().unwrap_or_else(|| "nuclei".to_owned()),
            severity,
            about: About {
                description: cut(line.info.description.trim()),
                impact: cut(line.info.impact.trim()),
                remediation: cut(line.info.remediation.trim()),
                cwe: words(&classification.cwe_id).iter().map(|id| id.to_uppercase()).collect(),
                cve: words(&classification.cve_id).iter().map(|id| id.to_uppercase()).collect(),
                references: words(&line.info.reference),
                tags,
            },
        },
    );
    let verdict = if line.matcher_status {
        let evidence = IssueEvidence {
            message: sample(&line.extracted_results.join("\n")),
            url: sample(&url),
            request: sample(&line.request),
            response: sample(&line.response),
        };
        Verdict::Found { severity, evidence }
    } else {
        Verdict::Clean
    };
    imported.observations.push(Observation { weakness: id, place, at, verdict });
    Ok(())
}

fn words(value: &Value) -> Vec<String> {
    let all: Vec<&str> = match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split(',').collect(),
        _ => Vec::new(),
    };
    all.into_iter().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
