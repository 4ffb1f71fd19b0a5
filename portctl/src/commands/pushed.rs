//! How far an order has come on the sensors, as every verb that gives one shows it.

use serde_json::{Map, Value, json};

use crate::{
    cli::Wait,
    output::{table::Field, terminal::Tone, when},
    reply::{Applied, Pushed},
};

/// How long the server is to wait, where the user says so.
pub(super) fn ask(wait: &Wait, request: &mut Map<String, Value>) {
    request.extend(wait.wait.then(|| ("waitSeconds".to_owned(), json!(wait.timeout.as_secs()))));
}

/// Sensors that have it, of how many; with the time that it took, where somebody waited for that.
pub(super) fn sensors(pushed: &Pushed, wait: &Wait) -> Field {
    let (text, tone) = counts(pushed.sensors, pushed.refusals.len() + pushed.refused.len());
    match pushed.took_ms {
        Some(took) if wait.wait => (format!("applied on {text} in {}", milliseconds(took)), tone),
        _ => (text, tone),
    }
}

/// One that refused is none of those that have applied it.
pub(super) fn counts(Applied { total, applied }: Applied, refused: usize) -> Field {
    let tone = if applied == total && total > 0 && refused == 0 { Tone::Good } else { Tone::Caution };
    let refused = if refused == 0 { String::new() } else { format!(", {refused} refused") };
    (format!("{applied}/{total}{refused}"), Some(tone))
}

/// Why a stored change is not in force everywhere.
pub(super) fn shortfall(what: &str, pushed: &Pushed) -> Vec<String> {
    let Applied { total, applied } = pushed.sensors;
    let mut notes: Vec<_> = pushed
        .refusals
        .iter()
        .map(|refusal| format!("{}: sensor {} refused: {}", refusal.cidr, refusal.sensor_id, refusal.reason))
        .collect();
    let refused = pushed.refused.iter();
    notes.extend(refused.map(|one| format!("{}: {} refused: {}", one.what, one.node, one.reason)));
    if applied < total && (pushed.refused.is_empty() || !pushed.behind.is_empty()) {
        notes.push(format!(
            "{what}: applied by {applied} of {total} sensors so far; see which is behind with: portctl sensors"
        ));
    }
    for late in &pushed.behind {
        let heard = match late.last_seen {
            Some(at) => {
                let ago = u64::try_from(when::now() - at).unwrap_or(0);
                format!("last heard of {} ago", when::span(ago))
            }
            None => "not heard of yet".to_owned(),
        };
        notes.push(format!(
            "  {} (sensor {}) is connected and at revision {} of {}, {heard}",
            late.node, late.sensor_id, late.applied_revision, pushed.revision
        ));
    }
    notes
}

pub(super) const UNMANNED: &str = "stored, but no sensor is there to apply it\n  \
     start one on each node: sensor run --interface NAME --control-plane URL --join-token FILE";

fn milliseconds(took: f64) -> String {
    if took < 10.0 { format!("{took:.1} ms") } else { format!("{took:.0} ms") }
}
