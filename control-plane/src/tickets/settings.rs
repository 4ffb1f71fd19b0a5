//! Whether an integration could work, before it is saved.

use reqwest::Url;
use serde_json::Value;

use super::{
    Credentials,
    template::{BadTemplate, DESCRIPTION, SUMMARY, Template},
    tracker::is_key,
};
use crate::{
    outbound::{Gate, host, may_reach},
    store::{IgnoreReason, IntegrationSettings, TrackerKind},
};

const MAX_URL: usize = 1_024;
const MAX_WORD: usize = 200;
const MAX_SECRET: usize = 1_024;
const MAX_FIELDS: usize = 8_192;
const MAX_STATES: usize = 50;

/// A key of the request and what is wrong with it.
#[derive(Debug)]
pub(crate) struct BadSetting {
    pub(crate) field: &'static str,
    pub(crate) problem: String,
}

fn bad(field: &'static str, problem: impl Into<String>) -> BadSetting {
    BadSetting { field, problem: problem.into() }
}

/// With the templates that are meant where none is given.
pub(super) fn checked(
    mut settings: IntegrationSettings,
    kind: TrackerKind,
    gate: &Gate,
) -> Result<IntegrationSettings, BadSetting> {
    let url = address("url", &settings.url)?;
    may_reach(&url, gate).map_err(|problem| bad("url", problem))?;
    settings.url = url.to_string();
    if !settings.console_url.is_empty() {
        settings.console_url = address("consoleUrl", &settings.console_url)?.to_string();
    }
    if kind == TrackerKind::AzureBoards {
        word("project", &settings.project)?;
        if settings.project.is_empty() {
            return Err(bad("project", "is the project's name"));
        }
    } else if !is_key(&format!("{}-1", settings.project)) {
        return Err(bad("project", "is the project's key: letters, digits and _, as PROJ in PROJ-17"));
    }
    word("issueType", &settings.issue_type)?;
    if settings.issue_type.is_empty() {
        return Err(bad("issueType", "is what tickets are made as: Bug, Task, Issue, …"));
    }
    if settings.summary.trim().is_empty() {
        SUMMARY.clone_into(&mut settings.summary);
    }
    if settings.description.trim().is_empty() {
        DESCRIPTION.clone_into(&mut settings.description);
    }
    let in_template = |field| move |error: BadTemplate| bad(field, error.to_string());
    Template::summary(&settings.summary).map_err(in_template("summary"))?;
    Template::parse(&settings.description).map_err(in_template("description"))?;
    fields(&settings, kind)?;
    states(&settings)?;
    Ok(settings)
}

pub(super) fn credentials(credentials: &Credentials, kind: TrackerKind) -> Result<(), BadSetting> {
    let Credentials { user, token } = credentials;
    let is_visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > MAX_SECRET || !is_visible(token) {
        return Err(bad("token", "is 1 to 1,024 visible ASCII characters without spaces"));
    }
    if user.len() > MAX_WORD || !is_visible(user) || user.contains(':') {
        return Err(bad("user", "is visible ASCII characters without spaces and colons, 200 at most"));
    }
    match kind {
        TrackerKind::JiraCloud if user.is_empty() => {
            Err(bad("user", "is the e-mail address of the account that the API token is of"))
        }
        TrackerKind::AzureBoards if !user.is_empty() => {
            Err(bad("user", "has no meaning for Azure Boards: a personal access token says whose it is"))
        }
        _ => Ok(()),
    }
}

fn address(field: &'static str, text: &str) -> Result<Url, BadSetting> {
    if text.len() > MAX_URL {
        return Err(bad(field, format!("has at most {MAX_URL} characters")));
    }
    let mut url = Url::parse(text.trim()).map_err(|error| bad(field, format!("is no address: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") || host(&url).is_empty() {
        return Err(bad(field, "begins with https:// and a host"));
    }
    let has_more = url.query().is_some() || url.fragment().is_some();
    if !url.username().is_empty() || url.password().is_some() || has_more {
        return Err(bad(field, "has no name, password, query or fragment in it"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn word(field: &'static str, text: &str) -> Result<(), BadSetting> {
    if text.len() > MAX_WORD || text.contains(char::is_control) || matches!(text, "." | "..") {
        return Err(bad(field, format!("is at most {MAX_WORD} bytes without control characters")));
    }
    Ok(())
}

fn fields(settings: &IntegrationSettings, kind: TrackerKind) -> Result<(), BadSetting> {
    let fields = &settings.fields;
    if Value::Object(fields.clone()).to_string().len() > MAX_FIELDS {
        return Err(bad("fields", format!("are at most {MAX_FIELDS} bytes")));
    }
    let own: &[&str] = match kind {
        TrackerKind::AzureBoards => &["System.Title", "System.Description", "System.History", "System.Id"],
        _ => &["project", "issuetype", "summary", "description"],
    };
    for (name, value) in fields {
        word("fields", name)?;
        if own.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(bad("fields", format!("{name} has a setting or a template of its own")));
        }
        let is_path = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_path {
            return Err(bad("fields", format!("{name:?} is no field's id or reference name")));
        }
        let is_right = match (kind, name.as_str()) {
            (TrackerKind::AzureBoards, "System.Tags") => value.is_string(),
            (TrackerKind::JiraCloud | TrackerKind::JiraServer, "labels") => value.is_array(),
            _ => true,
        };
        if !is_right {
            return Err(bad("fields", format!("{name} is of another type")));
        }
    }
    Ok(())
}

fn states(settings: &IntegrationSettings) -> Result<(), BadSetting> {
    let states = &settings.states;
    if states.done.len() > MAX_STATES || states.ignore.len() > MAX_STATES {
        return Err(bad("states", format!("names at most {MAX_STATES} states a list")));
    }
    let all = states.done.iter().chain(states.ignore.keys());
    all.chain([&states.close, &states.reopen]).try_for_each(|name| word("states", name))?;
    for (state, reason) in &states.ignore {
        if IgnoreReason::parse(reason).is_none() {
            let known = IgnoreReason::ALL.map(IgnoreReason::name).join(", ");
            return Err(bad("states", format!("ignore.{state}: {reason:?} is none of {known}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(
        change: impl FnOnce(&mut IntegrationSettings),
        kind: TrackerKind,
    ) -> Result<IntegrationSettings, String> {
        let mut settings = IntegrationSettings {
            url: "https://acme.atlassian.net/".to_owned(),
            project: "SEC".to_owned(),
            issue_type: "Bug".to_owned(),
            ..IntegrationSettings::default()
        };
        change(&mut settings);
        checked(settings, kind, &Gate::new(Vec::new()))
            .map_err(|bad| format!("{}: {}", bad.field, bad.problem))
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let settings = check(|_| {}, TrackerKind::JiraCloud).unwrap();
        assert_eq!((settings.summary.as_str(), settings.description.as_str()), (SUMMARY, DESCRIPTION));
    }

    #[test]
    fn what_could_not_work_or_should_not_is_refused_by_its_key() {
        type Change = fn(&mut IntegrationSettings);
        let wrong: [(&str, Change); 12] = [
            ("url", |settings| settings.url = "https://10.0.0.7".to_owned()),
            ("url", |settings| settings.url = "http://acme.example".to_owned()),
            ("url", |settings| settings.url = "https://a:b@acme.example".to_owned()),
            ("consoleUrl", |settings| settings.console_url = "javascript:alert(1)".to_owned()),
            ("project", |settings| settings.project = "SEC\" OR 1=1".to_owned()),
            ("project", |settings| settings.project = String::new()),
            ("issueType", |settings| settings.issue_type = String::new()),
            ("summary", |settings| settings.summary = "{nmae}".to_owned()),
            ("description", |settings| settings.description = "see {evidence}".to_owned()),
            ("fields", |settings| drop(settings.fields.insert("summary".to_owned(), json!("x")))),
            ("fields", |settings| drop(settings.fields.insert("labels".to_owned(), json!("x")))),
            ("states", |settings| {
                drop(settings.states.ignore.insert("Won't do".to_owned(), "FIXED".to_owned()))
            }),
        ];
        for (index, (field, change)) in wrong.into_iter().enumerate() {
            let problem = check(change, TrackerKind::JiraServer).unwrap_err();
            assert!(problem.starts_with(field), "{index}: {problem}");
        }
        assert!(check(|settings| settings.project = "Web Shop".to_owned(), TrackerKind::AzureBoards).is_ok());
    }

    #[test]
    fn each_kind_has_the_credentials_that_it_needs() {
        let given = |user: &str, token: &str| Credentials { user: user.to_owned(), token: token.to_owned() };
        for (kind, user, token, is_good) in [
            (TrackerKind::JiraCloud, "a@example.com", "t", true),
            (TrackerKind::JiraCloud, "", "t", false),
            (TrackerKind::JiraServer, "", "t", true),
            (TrackerKind::JiraServer, "ann", "t", true),
            (TrackerKind::JiraServer, "a:b", "t", false),
            (TrackerKind::AzureBoards, "", "t", true),
            (TrackerKind::AzureBoards, "ann", "t", false),
            (TrackerKind::AzureBoards, "", "t\r\nX: y", false),
            (TrackerKind::AzureBoards, "", "", false),
        ] {
            assert_eq!(credentials(&given(user, token), kind).is_ok(), is_good, "{kind:?} {user} {token:?}");
        }
    }
}
