//! `portctl config`: the threat configuration.

use serde_json::{Map, Value, json};

use super::{policy, pushed};
use crate::{
    cli::Configuration,
    client::Client,
    failure::{Failure, Outcome},
    output::Output,
    reply::Pushed,
};

const GET: &str = "fetchThreatConfiguration";
const SET: &str = "modifyThreatConfiguration";

pub(super) fn run(
    client: &Client,
    verb: &Configuration,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    match verb {
        Configuration::Get => {
            let reply = client.call(GET, &json!({}))?;
            output.document(reply.get("configuration").unwrap_or(&Value::Null))?;
            Ok(Outcome::Done)
        }
        Configuration::Set { file, replace, wait } => {
            let text = policy::read(file)?;
            let problem = |what: String| Failure::Usage(format!("{}: {what}", file.display()));
            // JSON is YAML, too.
            let document: Value = serde_saphyr::from_str(&text)
                .map_err(|error| problem(format!("is neither YAML nor JSON: {error}")))?;
            let Value::Object(mut request) = document else {
                return Err(problem("holds no document with keys such as trustedProxies".to_owned()));
            };
            known(&request).map_err(problem)?;
            request.insert("replace".to_owned(), json!(replace));
            pushed::ask(wait, &mut request);
            let reply = client.call(SET, &Value::Object(request))?;
            let pushed: Pushed = client.parse(SET, reply.clone())?;
            policy::tell("threat configuration", &reply, &pushed, wait, output)
        }
    }
}

/// The server leaves out what it does not know; in a file that is a slip.
fn known(document: &Map<String, Value>) -> Result<(), String> {
    const KEYS: [&str; 6] =
        ["trustedProxies", "actorIdentity", "rateLimits", "enumeration", "retentionDays", "redaction"];
    let unknown = document.keys().find(|key| !KEYS.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(format!("{key:?} is none of {}", KEYS.join(", "))))
}
