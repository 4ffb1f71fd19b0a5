//! `portctl sensors`: how each sensor is doing, with everything it lost.

mod alerts;

use serde_json::json;

use crate::{
    cli::{Sensors, SensorsVerb},
    client::Client,
    failure::{Failure, Outcome},
    losses,
    output::{Column, Format, Output, Table, escape, rows::Rows, table::Field, terminal::Tone, when},
    reply::{Fleet, Sensor},
};

pub(crate) const ENDPOINT: &str = "fetchSensors";
const REVOKE: &str = "revokeSensor";

/// Thousandths of the traffic, since the sensor's start and since the report before.
const SEEN: &str = "seen_permille";
const SEEN_OF_LATE: &str = "seen_of_late_permille";
/// Of segments with payload, those that a capture rule keeps from the sensor.
const OFF: &str = "capture_off_of_late_permille";

/// The limits of automatic blocks.
const TRIPPED: &str = "auto-block tripped";

const COLUMNS: &[Column] = &[
    // Left out first: the node names it too, and no command asks for it.
    Column::cut("ID", 13).spare(7),
    Column::cut("NODE", 8),
    Column::whole("VERSION").spare(6),
    Column::whole("MODES").spare(4),
    Column::cut("INTERFACES", 20).spare(1),
    Column::whole("REVISION"),
    Column::whole("SEEN"),
    Column::cut("LOST", 14).spare(2),
    Column::whole("LAST SEEN").spare(3),
];

pub(super) fn run(client: &Client, asked: &Sensors, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match &asked.verb {
        None => list(client, output),
        Some(SensorsVerb::Alerts { closed }) => alerts::list(client, *closed, output),
        Some(SensorsVerb::Accept { id }) => alerts::accept(client, *id, output),
        Some(SensorsVerb::Revoke { id }) => {
            let reply = client.call(REVOKE, &json!({ "id": id }))?;
            match output.format {
                Format::Table => output.note(&format!("{id} is revoked")),
                Format::Json | Format::Jsonl => output.document(&reply)?,
            }
            Ok(Outcome::Done)
        }
    }
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let fleet: Fleet = client.call_for(ENDPOINT, &json!({}))?;
    let mut rows = Rows::new(output, Table::with_tall_rows(COLUMNS));
    let (mut tripped, mut alerts) = (Vec::new(), Vec::new());
    for mut row in fleet.sensors {
        let sensor: Sensor = client.parse(ENDPOINT, row.clone())?;
        tripped.extend(sensor.tripped().map(|why| format!("{}: {why}", sensor.node)));
        alerts
            .extend(sensor.coverage_alerts.iter().map(|alert| format!("{}: {}", sensor.node, alert.detail)));
        if let Some(row) = row.as_object_mut() {
            row.insert("behind".to_owned(), json!(sensor.behind(fleet.revision)));
            row.insert("seenPermille".to_owned(), json!(sensor.counter(SEEN)));
            row.insert("seenOfLatePermille".to_owned(), json!(sensor.counter(SEEN_OF_LATE)));
            let losses = losses::of(&sensor).into_iter().map(|(name, count)| (name.to_owned(), json!(count)));
            row.insert("losses".to_owned(), losses.collect());
        }
        rows.row(&row, || fields(&sensor, fleet.revision))?;
    }
    if rows.end()? == 0 && output.format == Format::Table {
        output.note(
            "no sensor has enrolled yet; on each node:\n  \
             control-plane join-token create --data-dir DIR > FILE   (where the control plane runs)\n  \
             sensor run --interface NAME --control-plane URL --join-token FILE",
        );
    }
    for alert in alerts {
        output.note(&format!("coverage is lost on {alert} (portctl sensors alerts)"));
    }
    for sensor in tripped {
        output.note(&format!(
            "policies block nobody on {sensor}; look whether one of them is wrong (portctl block list); it arms itself \
             again once this has calmed down, or with: portctl gate arm"
        ));
    }
    Ok(Outcome::Done)
}

fn fields(sensor: &Sensor, revision: u64) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&sensor.id),
        plain(&sensor.node),
        plain(&sensor.version),
        modes(sensor),
        interfaces(sensor),
        applied(sensor, revision),
        seen(sensor),
        lost(sensor),
        last_seen(sensor),
    ]
}

/// How it captures, and how it blocks.
fn modes(sensor: &Sensor) -> Field {
    let known = [&sensor.capture_mode, &sensor.enforcement_mode];
    let known = known.into_iter().flatten().filter(|mode| !mode.is_empty()).map(String::as_str);
    let modes = known.collect::<Vec<_>>().join(", ");
    match sensor.tripped() {
        None => (modes, None),
        Some(_) => (lines_of([modes, TRIPPED.to_owned()].into_iter()), Some(Tone::Bad)),
    }
}

/// `lo: gate generic, tap tcx`, one a line.
fn interfaces(sensor: &Sensor) -> Field {
    let lines = sensor.interfaces.iter().map(|interface| {
        let note = if interface.note.is_empty() { String::new() } else { format!(" ({})", interface.note) };
        format!("{}: gate {}, tap {}{note}", interface.name, interface.gate, interface.tap)
    });
    let bare = sensor.interfaces.iter().any(|interface| {
        interface.gate == "none" || interface.tap == "none" || !interface.ahead_of_tap.is_empty()
    });
    (lines_of(lines), bare.then_some(Tone::Caution))
}

/// Only we break lines in a cell, not what a sensor reports.
fn lines_of(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| escape::line(&line).into_owned()).collect::<Vec<_>>().join("\n")
}

fn applied(sensor: &Sensor, revision: u64) -> Field {
    match sensor.behind(revision) {
        0 => (sensor.applied_revision.to_string(), Some(Tone::Good)),
        behind => (format!("{}, {behind} behind", sensor.applied_revision), Some(Tone::Caution)),
    }
}

/// `all`, or `99.8 %`, and how much of late where that is another share.
fn seen(sensor: &Sensor) -> Field {
    let share = |permille: u64| match permille {
        1000.. => "all".to_owned(),
        _ => format!("{}.{} %", permille / 10, permille % 10),
    };
    let (seen, tone) = match (sensor.counter(SEEN), sensor.counter(SEEN_OF_LATE)) {
        (None, _) => ("unknown".to_owned(), None),
        (Some(1000..), None | Some(1000..)) => ("all".to_owned(), Some(Tone::Good)),
        (Some(seen), Some(of_late)) if seen != of_late => {
            (format!("{}, of late {}", share(seen), share(of_late)), Some(Tone::Caution))
        }
        (Some(seen), _) => (share(seen), Some(Tone::Caution)),
    };
    match sensor.counter(OFF).filter(|off| *off > 0) {
        None => (seen, tone),
        // Meant so, and yet a blind spot.
        Some(off) => (format!("{seen}; {} off by rule", share(off)), Some(Tone::Caution)),
    }
}

fn lost(sensor: &Sensor) -> Field {
    let losses = losses::of(sensor);
    if losses.is_empty() {
        return ("nothing".to_owned(), None);
    }
    let lines = losses.iter().map(|(name, count)| format!("{name} {count}"));
    (lines_of(lines), Some(Tone::Caution))
}

fn last_seen(sensor: &Sensor) -> Field {
    let seen = sensor.last_seen.filter(|&seen| seen > 0);
    let ago = seen.map(|seen| when::span(u64::try_from(when::now() - seen).unwrap_or_default()));
    match (sensor.connected, ago) {
        _ if sensor.revoked_at.is_some() => ("revoked".to_owned(), Some(Tone::Bad)),
        (true, _) => ("connected".to_owned(), Some(Tone::Good)),
        (false, Some(ago)) => (format!("{ago} ago"), Some(Tone::Bad)),
        (false, None) => ("never".to_owned(), Some(Tone::Bad)),
    }
}
