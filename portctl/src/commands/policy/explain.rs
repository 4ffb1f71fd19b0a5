use portcullis_detection::{Engine, Explanation, Match, Outcome as Verdict, Step};
use serde_json::json;

use super::{files, request};
use crate::{
    cli::Explain,
    failure::{Failure, Outcome},
    output::{Format, Output, escape, rows::Rows, terminal::Tone},
};

/// Texts of a prefilter that are shown.
const MAX_NEEDS: usize = 8;

pub(super) fn run(explain: &Explain, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let example = request::read(&explain.request)?;
    let set = files::usable(&explain.policies, output)?;
    if let Some(unknown) = explain.policy.iter().find(|id| set.get(id).is_none()) {
        let ids: Vec<&str> = set.iter().map(|policy| &*policy.id).collect();
        return Err(Failure::Usage(format!("no policy {unknown}; there are {}", ids.join(", "))));
    }
    let engine = Engine::new(set);
    let mut explained = engine.explain(&example.exchange);
    if !explain.policy.is_empty() {
        explained.retain(|one| explain.policy.contains(&one.policy_id));
    }
    explained.sort_by_key(|one| one.outcome != Verdict::Matched);
    if output.format == Format::Table {
        let in_full = |one: &Explanation| one.outcome == Verdict::Matched || !explain.policy.is_empty();
        let text: String = explained.iter().map(|one| render(one, in_full(one), output)).collect();
        output.text(&text)?;
        if explain.policy.is_empty() {
            output.note("ask for the steps of one that does not match with: --policy ID");
        }
    } else {
        let mut rows = Rows::new(output, crate::output::Table::new(&[]));
        for one in &explained {
            let document =
                serde_json::to_value(one).unwrap_or_else(|error| json!({"error": error.to_string()}));
            rows.row(&document, Vec::new)?;
        }
        rows.end()?;
    }
    Ok(Outcome::Done)
}

fn render(one: &Explanation, in_full: bool, output: &Output<'_>) -> String {
    let (word, tone) = match one.outcome {
        Verdict::Matched => ("matches", Tone::Bad),
        Verdict::Ignored => ("would match, but `ignore` takes it back", Tone::Caution),
        Verdict::NotMatched if !one.prefilter.passed => {
            ("does not match: the prefilter rules it out", Tone::Good)
        }
        Verdict::NotMatched => ("does not match", Tone::Good),
        Verdict::Disabled => ("is disabled", Tone::Caution),
    };
    let id = escape::line(&one.policy_id);
    let mut text = format!("{id} {}\n", output.terminal.paint(tone, word));
    if !in_full {
        return text;
    }
    text.push_str(&format!("  prefilter: {}\n", prefilter(one)));
    for tree in &one.trees {
        let key = match tree.key {
            "suspect_filter" => "suspect_filter (only with evidence in the answer): ".to_owned(),
            key => format!("{key}: "),
        };
        step(&mut text, &key, &tree.step, 1);
    }
    if let Some(proof) = &one.evidence {
        text.push_str(&format!("  it worked: {} {}\n", escape::line(&proof.kind), found(&proof.at)));
    } else if one.outcome == Verdict::NotMatched && suspects(one) {
        text.push_str("  suspicious, but the answer shows none of the policy's evidence\n");
    }
    if !one.counted_by.is_empty() && one.outcome == Verdict::Matched {
        let rules = one.counted_by.join("; ");
        text.push_str(&format!("  no event of its own: counts towards {}\n", escape::line(&rules)));
    }
    text
}

fn suspects(one: &Explanation) -> bool {
    one.trees.iter().any(|tree| tree.key == "suspect_filter" && tree.step.holds)
}

fn prefilter(one: &Explanation) -> String {
    let needs = &one.prefilter;
    let detectors = needs.needs_detector.iter().map(|name| format!("a sign of {name}"));
    let texts = needs.needs_text.iter().take(MAX_NEEDS).map(|text| format!("`{}`", escape::line(text)));
    let mut all: Vec<String> = detectors.chain(texts).collect();
    if needs.needs_text.len() > MAX_NEEDS {
        all.push(format!("{} more", needs.needs_text.len() - MAX_NEEDS));
    }
    match (needs.passed, all.is_empty()) {
        (true, true) => "always evaluated".to_owned(),
        (true, false) => format!("passed: there is one of {}", all.join(", ")),
        (false, _) => format!("not evaluated: there is none of {}", all.join(", ")),
    }
}

fn step(text: &mut String, key: &str, one: &Step, depth: usize) {
    let indent = "  ".repeat(depth);
    let sign = if one.holds { "✓" } else { "✗" };
    text.push_str(&format!("{indent}{sign} {key}{}\n", escape::line(&one.what)));
    for seen in &one.seen {
        let form = if seen.normalised { "decoded" } else { "sent" };
        let (location, seen) = (escape::line(&seen.location), escape::line(&seen.text));
        text.push_str(&format!("{indent}    {form} {location} = {seen}\n"));
    }
    for at in &one.matched {
        text.push_str(&format!("{indent}    found {}\n", found(at)));
    }
    for inner in &one.steps {
        step(text, "", inner, depth + 1);
    }
}

fn found(at: &Match) -> String {
    let Match { location, start, end, phrase, detector } = at;
    format!("{}[{start}..{end}] = {} ({detector})", escape::line(location), escape::line(phrase))
}
