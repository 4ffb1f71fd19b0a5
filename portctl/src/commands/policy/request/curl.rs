use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::failure::Failure;

#[derive(Default)]
struct Command {
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    data: Vec<String>,
    as_query: bool,
}

/// The request that a curl command sends, as HTTP text.
pub(super) fn as_http(line: &str) -> Result<Vec<u8>, Failure> {
    let line = line.replace("\\\r\n", " ").replace("\\\n", " ");
    let words = shell_words::split(line.trim())
        .map_err(|error| Failure::Usage(format!("the curl command cannot be taken apart: {error}")))?;
    render(read(words)?)
}

fn read(words: Vec<String>) -> Result<Command, Failure> {
    let mut command = Command::default();
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let (name, mut glued) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ if word.starts_with('-')
                && !word.starts_with("--")
                && word.len() > 2
                && word.is_char_boundary(2) =>
            {
                let (name, rest) = word.split_at(2);
                (name.to_owned(), Some(rest.to_owned()))
            }
            _ => (word.clone(), None),
        };
        let mut value = || {
            let value = glued.take().or_else(|| words.next());
            value.ok_or_else(|| Failure::Usage(format!("curl: `{name}` needs a value")))
        };
        match name.as_str() {
            "-X" | "--request" => command.method = Some(value()?),
            "-H" | "--header" => {
                let line = value()?;
                let (name, value) = line
                    .split_once(':')
                    .ok_or_else(|| Failure::Usage(format!("curl: `{line}` is no header")))?;
                command.header(name.trim(), value.trim());
            }
            "-d" | "--data" | "--data-raw" | "--data-ascii" | "--data-binary" => {
                let text = value()?;
                if text.starts_with('@') && name != "--data-raw" {
                    let message =
                        format!("curl: `{name} {text}` names a file; put its content there instead");
                    return Err(Failure::Usage(message));
                }
                command.data.push(text);
            }
            "--data-urlencode" => {
                let text = value()?;
                let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                command.data.push(match text.split_once('=') {
                    Some((name, value)) if !name.is_empty() => format!("{name}={}", encode(value)),
                    Some((_, value)) => encode(value),
                    None => encode(&text),
                });
            }
            "--json" => {
                let text = value()?;
                command.data.push(text);
                command.header("content-type", "application/json");
                command.header("accept", "application/json");
            }
            "-A" | "--user-agent" => {
                let text = value()?;
                command.header("user-agent", &text);
            }
            "-e" | "--referer" => {
                let text = value()?;
                command.header("referer", &text);
            }
            "-b" | "--cookie" => {
                let text = value()?;
                command.header("cookie", &text);
            }
            "-u" | "--user" => {
                let pair = value()?;
                command.header("authorization", &format!("Basic {}", STANDARD.encode(pair)));
            }
            "-I" | "--head" => command.method = Some("HEAD".to_owned()),
            "-G" | "--get" => command.as_query = true,
            "--url" => command.url = Some(value()?),
            // What says how to send, where to, or what to do with the answer.
            "-o" | "--output" | "-m" | "--max-time" | "--connect-timeout" | "-x" | "--proxy"
            | "--resolve" | "--cacert" | "-E" | "--cert" | "--key" | "-w" | "--write-out" | "--retry"
            | "-c" | "--cookie-jar" => {
                value()?;
            }
            flag if flag.starts_with("--") => {}
            flag if flag.starts_with('-') && flag.len() == 2 => {}
            _ => command.url = Some(word),
        }
    }
    Ok(command)
}

impl Command {
    fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn has(&self, wanted: &str) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }
}

fn render(mut command: Command) -> Result<Vec<u8>, Failure> {
    let url = command.url.take().ok_or_else(|| Failure::Usage("curl: there is no URL".to_owned()))?;
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(at);
    let target = target.split('#').next().unwrap_or_default();
    let mut target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    let mut body = command.data.join("&");
    if command.as_query && !body.is_empty() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&std::mem::take(&mut body));
    }
    let method =
        command.method.clone().unwrap_or_else(|| if body.is_empty() { "GET" } else { "POST" }.to_owned());
    if !body.is_empty() && !command.has("content-type") {
        command.header("content-type", "application/x-www-form-urlencoded");
    }
    if !command.has("host") {
        command.headers.insert(0, ("host".to_owned(), host.to_owned()));
    }
    let headers: String = command.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    Ok(format!("{method} {target}\n{headers}\n{body}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(line: &str) -> String {
        String::from_utf8(as_http(line).unwrap()).unwrap()
    }

    #[test]
    fn a_command_as_browsers_copy_it_becomes_its_request() {
        let line = "curl 'https://api.test/users?id=1' \\\n  -X PUT -H 'Content-Type: application/json' --data-raw '{\"a\": 1}' --compressed";
        assert_eq!(
            http(line),
            "PUT /users?id=1\nhost: api.test\nContent-Type: application/json\n\n{\"a\": 1}"
        );
    }

    #[test]
    fn data_makes_a_form_post_and_get_makes_it_a_query() {
        let form = "POST /\nhost: api.test\ncontent-type: application/x-www-form-urlencoded\n\na=1&b=x%20y";
        assert_eq!(http("curl -sS http://api.test -da=1 --data-urlencode 'b=x y'"), form);
        assert_eq!(http("curl -G api.test/s -d q=1 -o /dev/null"), "GET /s?q=1\nhost: api.test\n\n");
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for line in ["curl", "curl -H", "curl x -d @file", "curl 'x"] {
            assert!(as_http(line).is_err(), "{line}");
        }
    }
}
