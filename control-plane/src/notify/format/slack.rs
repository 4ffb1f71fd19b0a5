use serde_json::json;

use super::{Body, json_headers, summary};
use crate::store::{Notice, Queued};

/// Of what an attacker chose the length.
const MAX_TARGET: usize = 500;

/// An incoming webhook's message, as Slack, Mattermost and Rocket.Chat take it.
pub(super) fn body(queued: &[Queued]) -> Body {
    let texts: Vec<_> = queued.iter().map(|one| text(&one.notice)).collect();
    let bytes = json!({ "text": texts.join("\n") }).to_string().into_bytes();
    Body::Request { headers: json_headers(), bytes, path: "/" }
}

/// What comes from traffic stands in a code block: there no link is made of it and nobody is called by name.
fn text(notice: &Notice) -> String {
    if notice.coverage.is_some() {
        return format!("```{}```", plain(&summary(notice)));
    }
    let Notice { severity, policy, category, actor, method, host, url, .. } = notice;
    let success = if notice.successful_exploit { " (succeeded)" } else { "" };
    let target = format!("{method} {host}{url}");
    let cut = target.get(..target.floor_char_boundary(MAX_TARGET)).unwrap_or_default();
    let rest = if cut.len() < target.len() { "…" } else { "" };
    format!(
        "*{severity}* {} ({}){success}\n```{}\n{}{rest}```",
        plain(policy),
        plain(category),
        plain(actor),
        plain(cut)
    )
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            // Would end the block.
            '`' => "ˋ".to_owned(),
            control if control.is_control() => " ".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::format::queued;

    #[test]
    fn traffic_ends_no_code_block_and_calls_nobody() {
        let hostile = queued(|notice| notice.url = "/```<!channel>\n@here & so on".into());
        assert_eq!(
            text(&hostile.notice),
            "*LOW* PortcullisTest (Test)\n```192.0.2.1\nGET test.example/ˋˋˋ&lt;!channel&gt; @here &amp; so on```"
        );
    }

    #[test]
    fn a_long_target_is_cut() {
        let long = queued(|notice| notice.url = "/é".repeat(5_000));
        assert!(text(&long.notice).len() < 600 && text(&long.notice).ends_with("…```"));
    }
}
