//! A day of events as a file: JSON lines, packed with Zstandard. Each line has an event's row under its REST names, and the
//! whole of its detail as the protobuf that the sensor sent, in Base64.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use rusqlite::Connection;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::format_description};

use super::{
    list::{detail, rows},
    names::kinds,
    partition::Day,
};
use crate::store::{EventRow, Result, StoreError, sqlite::detail::Dictionaries};

const LEVEL: i32 = 3;
/// Rows in memory at once.
const AT_ONCE: i64 = 1_000;

/// The file is there whole or not at all, and no earlier one is overwritten.
pub(super) fn write(
    view: &Connection,
    dictionaries: &Dictionaries,
    day: Day,
    folder: &Path,
) -> Result<PathBuf> {
    let failed = |source| StoreError::Folder { path: folder.display().to_string(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let partial = folder.join(format!("{}.partial", date(day)));
    let written = write_to(&partial, view, dictionaries, day, folder);
    if written.is_err()
        && let Err(error) = fs::remove_file(&partial)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %partial.display(), "what there is of an export stays until the next try");
    }
    written
}

fn write_to(
    partial: &Path,
    view: &Connection,
    dictionaries: &Dictionaries,
    day: Day,
    folder: &Path,
) -> Result<PathBuf> {
    let failed = |source| StoreError::Folder { path: folder.display().to_string(), source };
    let mut out =
        zstd::Encoder::new(BufWriter::new(File::create(partial).map_err(failed)?), LEVEL).map_err(failed)?;
    let kinds = kinds(view)?;
    let mut statement = view.prepare(&format!(
        "SELECT seq, doc FROM event_{} WHERE seq > ? ORDER BY seq LIMIT {AT_ONCE}",
        day.0
    ))?;
    let mut after = -1;
    loop {
        let found = statement.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let some = found.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
        let Some((last, _)) = some.last() else { break };
        after = *last;
        let chosen: Vec<_> = some.iter().map(|(seq, _)| (day, *seq)).collect();
        for (row, (_, doc)) in rows(view, &chosen, &kinds)?.iter().zip(&some) {
            let detail = detail(view, dictionaries, day, *doc)?.encode_to_vec();
            writeln!(out, "{}", line(row, &detail)).map_err(failed)?;
        }
    }
    let finish = |out: zstd::Encoder<'_, BufWriter<File>>| -> io::Result<PathBuf> {
        out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        let path = free_name(folder, day);
        fs::rename(partial, &path)?;
        // The name is as durable as the content only once the folder is.
        File::open(folder)?.sync_all()?;
        Ok(path)
    };
    finish(out).map_err(failed)
}

/// The second file of a day is of events that came when the first had been dropped.
fn free_name(folder: &Path, day: Day) -> PathBuf {
    let date = date(day);
    let mut path = folder.join(format!("{date}.jsonl.zst"));
    let mut number = 2;
    while path.exists() {
        path = folder.join(format!("{date}-{number}.jsonl.zst"));
        number += 1;
    }
    path
}

pub(super) fn date(day: Day) -> String {
    let format = format_description!("[year]-[month]-[day]");
    let start = OffsetDateTime::from_unix_timestamp(day.start().seconds());
    start.ok().and_then(|start| start.format(&format).ok()).unwrap_or_else(|| day.0.to_string())
}

fn line(row: &EventRow, detail: &[u8]) -> Value {
    json!({
        "id": row.id.to_string(),
        "refId": row.ref_id,
        "detectedAtMs": row.detected_at.millis(),
        "actor": row.actor,
        "country": row.country,
        "filterId": row.policy_id,
        "category": row.category,
        "subCategory": row.sub_category,
        "severity": row.severity.name(),
        "eventType": row.event_type.name(),
        "type": row.detection_type.name(),
        "method": row.method,
        "url": row.url,
        "host": row.host,
        "apiCollectionId": row.collection_id,
        "sensorId": row.sensor_id,
        "successfulExploit": row.successful,
        "status": row.status.name(),
        "detail": STANDARD.encode(detail),
    })
}
