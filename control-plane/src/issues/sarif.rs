//! SARIF 2.1.0: of scanners of source code, where a place is a file, and of running APIs, where it is a URL.

use portcullis_detection::Severity;
use serde::Deserialize;
use serde_json::Value;

use super::{
    endpoint,
    import::{ImportError, Imported, cut, sample, time},
};
use crate::{
    clock::EpochMillis,
    store::{About, IssueEvidence, Observation, Place, Verdict, Weakness},
};

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    /// Null where the tool could not run (section 3.14.23).
    #[serde(default)]
    results: Option<Vec<Value>>,
    #[serde(default)]
    invocations: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Component,
    #[serde(default)]
    extensions: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    short_description: Message,
    #[serde(default)]
    full_description: Message,
    #[serde(default)]
    help: Message,
    #[serde(default)]
    help_uri: String,
    #[serde(default)]
    default_configuration: Configuration,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    level: String,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    tags: Vec<String>,
    /// A score of CVSS as a text, as code scanning has it.
    #[serde(default, rename = "security-severity")]
    security_severity: Value,
}

#[derive(Clone, Default, Deserialize)]
struct Message {
    #[serde(default)]
    text: String,
    #[serde(default)]
    markdown: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(default)]
    end_time_utc: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    #[serde(default)]
    rule_id: String,
    rule_index: Option<usize>,
    #[serde(default)]
    rule: Option<Reference>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    baseline_state: String,
    #[serde(default)]
    suppressions: Vec<Suppression>,
    #[serde(default)]
    web_request: Option<WebRequest>,
    #[serde(default)]
    web_response: Option<WebResponse>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    id: String,
    index: Option<usize>,
}

#[derive(Deserialize)]
struct Suppression {
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    physical_location: Option<PhysicalLocation>,
    #[serde(default)]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    #[serde(default)]
    artifact_location: ArtifactLocation,
}

#[derive(Default, Deserialize)]
struct ArtifactLocation {
    #[serde(default)]
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    #[serde(default)]
    fully_qualified_name: String,
}

#[derive(Deserialize)]
struct WebRequest {
    #[serde(default)]
    method: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    body: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WebResponse {
    status_code: Option<u16>,
    #[serde(default)]
    body: Content,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    text: String,
}

pub(super) fn read(text: &str, now: EpochMillis) -> Result<Imported, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(ImportError::Json)?;
    let log: Log = serde_path_to_error::deserialize(value)
        .map_err(|error| ImportError::Sarif(format!("{}: {}", error.path(), error.inner())))?;
    if !log.version.starts_with("2.1") {
        return Err(ImportError::Sarif(format!("version: {:?} is not 2.1.0", log.version)));
    }
    let mut imported = Imported::default();
    for (number, run) in log.runs.iter().enumerate() {
        let scan = Scan {
            tool: &run.tool,
            // A scan that failed half-way proves nothing by what it lacks.
            succeeded: !run.invocations.is_empty()
                && run.invocations.iter().all(|invocation| invocation.execution_successful),
            at: run.invocations.iter().filter_map(|one| time(&one.end_time_utc, now)).max().unwrap_or(now),
        };
        for (at, result) in run.results.iter().flatten().enumerate() {
            if let Err(problem) = scan.take(&mut imported, result) {
                imported.skip(format!("runs[{number}].results[{at}]"), problem);
            }
        }
    }
    Ok(imported)
}

struct Scan<'x> {
    tool: &'x Tool,
    succeeded: bool,
    at: EpochMillis,
}

impl Scan<'_> {
    fn take(&self, imported: &mut Imported, result: &Value) -> Result<(), String> {
        let finding: Finding = serde_path_to_error::deserialize(result)
            .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
        let (id, rule) = self.rule(&finding)?;
        let is_found = match (finding.kind.as_str(), finding.baseline_state.as_str()) {
            ("pass", _) => false,
            (_, "absent") if self.succeeded => false,
            (_, "absent") => {
                return Err("absent, in a run that did not succeed: that proves nothing".to_owned());
            }
            ("" | "fail" | "review", _) => true,
            (kind, _) => {
                return Err(format!("kind: {kind:?} says neither that it is there nor that it is not"));
            }
        };
        if finding.suppressions.iter().any(|one| matches!(one.status.as_str(), "" | "accepted")) {
            return Err("suppressed where it was found".to_owned());
        }
        let severity = severity(&finding, rule);
        let weakness = format!("sarif/{}/{id}", self.tool.driver.name);
        imported
            .weaknesses
            .entry(weakness.clone())
            .or_insert_with(|| describe(weakness.clone(), id, rule, severity, &self.tool.driver.name));
        let verdict =
            if is_found { Verdict::Found { severity, evidence: evidence(&finding) } } else { Verdict::Clean };
        imported.observations.push(Observation { weakness, place: place(&finding), at: self.at, verdict });
        Ok(())
    }

    /// By its index, else by its id (sections 3.27.5 to 3.27.7).
    fn rule<'x>(&'x self, finding: &'x Finding) -> Result<(&'x str, Option<&'x Rule>), String> {
        let reference = finding.rule.as_ref();
        let id = match (finding.rule_id.as_str(), reference) {
            ("", Some(reference)) => reference.id.as_str(),
            (id, _) => id,
        };
        let index = finding.rule_index.or_else(|| reference?.index);
        let rules = || {
            let all = std::iter::once(&self.tool.driver).chain(&self.tool.extensions);
            all.flat_map(|component| &component.rules)
        };
        // `CA1000/1` is a rule below `CA1000`.
        let named = |rule: &&Rule| {
            id.strip_prefix(rule.id.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let indexed = index.and_then(|index| self.tool.driver.rules.get(index));
        let rule = indexed.filter(|rule| id.is_empty() || named(rule)).or_else(|| rules().find(named));
        match (id, rule) {
            ("", Some(rule)) => Ok((&rule.id, Some(rule))),
            ("", None) => Err("ruleId: is missing".to_owned()),
            (id, rule) => Ok((id, rule)),
        }
    }
}

fn describe(weakness: String, id: &str, rule: Option<&Rule>, severity: Severity, tool: &str) -> Weakness {
    let Some(rule) = rule else {
        return Weakness {
            id: weakness,
            name: id.to_owned(),
            category: tool.to_owned(),
            severity,
            about: About::default(),
        };
    };
    let name = [&rule.short_description.text, &rule.name].into_iter().find(|text| !text.is_empty());
    let help = [&rule.help.markdown, &rule.help.text].into_iter().find(|text| !text.is_empty());
    // `external/cwe/cwe-079`, `CWE-79: Cross-site scripting`.
    let (cwe, tags): (Vec<_>, Vec<_>) = rule.properties.tags.iter().partition(|tag| cwe_of(tag).is_some());
    Weakness {
        id: weakness,
        name: name.map_or(id, String::as_str).trim().to_owned(),
        category: tool.to_owned(),
        severity,
        about: About {
            description: cut(&rule.full_description.text),
            impact: String::new(),
            remediation: help.map(|text| cut(text)).unwrap_or_default(),
            tags: tags.into_iter().cloned().collect(),
            cwe: cwe.into_iter().filter_map(|tag| cwe_of(tag)).collect(),
            cve: Vec::new(),
            references: Some(&rule.help_uri).filter(|uri| !uri.is_empty()).into_iter().cloned().collect(),
        },
    }
}

fn cwe_of(tag: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let number = lower.strip_prefix("external/cwe/cwe-").or_else(|| lower.strip_prefix("cwe-"))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("CWE-{}", digits.parse::<u32>().ok()?))
}

/// A score of CVSS where there is one (its bands of version 3.1), else the level.
fn severity(finding: &Finding, rule: Option<&Rule>) -> Severity {
    let score = rule.map(|rule| &rule.properties.security_severity).and_then(|score| match score {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    });
    let level = [Some(finding.level.as_str()), rule.map(|rule| rule.default_configuration.level.as_str())];
    let level = level.into_iter().flatten().find(|level| !level.is_empty()).unwrap_or("warning");
    match (score, level) {
        (Some(score), _) if score >= 9.0 => Severity::Critical,
        (Some(score), _) if score >= 7.0 => Severity::High,
        (Some(score), _) if score >= 4.0 => Severity::Medium,
        (Some(_), _) => Severity::Low,
        (None, "error") => Severity::High,
        (None, "warning") => Severity::Medium,
        (None, _) => Severity::Low,
    }
}

/// A URL is an endpoint, and a path of a file is itself: its lines move with every change.
fn place(finding: &Finding) -> Place {
    let location = finding.locations.first();
    let uri = location.and_then(|one| one.physical_location.as_ref()).map(|one| &one.artifact_location.uri);
    let request = finding.web_request.as_ref();
    let target = request.map(|request| &request.target).filter(|target| target.contains("://"));
    let uri = target.or(uri).map(String::as_str).unwrap_or_default();
    let logical = location.and_then(|one| one.logical_locations.first());
    let detail = logical.map(|one| one.fully_qualified_name.clone()).unwrap_or_default();
    if uri.starts_with("http://") || uri.starts_with("https://") {
        let method = request.map(|request| request.method.as_str()).filter(|method| !method.is_empty());
        return Place { detail, ..endpoint::of_url(method.unwrap_or("GET"), uri) };
    }
    Place { template: uri.to_owned(), detail, ..Place::default() }
}

fn evidence(finding: &Finding) -> IssueEvidence {
    let location = finding.locations.first().and_then(|one| one.physical_location.as_ref());
    let request = finding
        .web_request
        .as_ref()
        .map(|request| format!("{} {}\n\n{}", request.method, request.target, request.body.text));
    let response = finding.web_response.as_ref().map(|response| {
        let status = response.status_code.map(|status| status.to_string()).unwrap_or_default();
        format!("{status}\n\n{}", response.body.text)
    });
    let said = [&finding.message.text, &finding.message.markdown].into_iter().find(|text| !text.is_empty());
    IssueEvidence {
        message: said.map(|text| sample(text)).unwrap_or_default(),
        url: location.map(|one| sample(&one.artifact_location.uri)).unwrap_or_default(),
        request: request.map(|text| sample(text.trim_end())).unwrap_or_default(),
        response: response.map(|text| sample(text.trim())).unwrap_or_default(),
    }
}
