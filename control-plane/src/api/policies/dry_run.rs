use std::time::{Duration, Instant};

use portcullis_detection::{Detection, Engine};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        endpoint::{Call, Reply},
    },
    change::checked,
    exchange::{of_orig, of_sample},
};
use crate::{
    blocking::blocking,
    clock::TimeRange,
    store::{EventFilter, EventSort, Order, Page},
};

/// Stored events that one trial looks at, the newest.
const MAX_EVENTS: u64 = 2_000;
const PAGE: u64 = 250;
const MAX_MATCHES: usize = 1_000;
const MAX_SAMPLE: usize = 512 << 10;
/// A trial that takes longer ends with what it has.
const PATIENCE: Duration = Duration::from_secs(10);
/// Each keeps a processor busy: further ones wait.
static TRIALS: Semaphore = Semaphore::const_new(1);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Trial {
    content: String,
    sample: Option<String>,
    #[serde(default)]
    start_ts: u64,
    #[serde(default)]
    end_ts: u64,
}

/// `testFilterYamlTemplate`: what a policy would find in one exchange, or in the stored ones of a range. Changes nothing.
pub(in crate::api) async fn test(call: Call) -> Reply {
    let _turn = TRIALS.acquire().await.map_err(|_| ApiError::Busy)?;
    blocking(move || run(&call)).await
}

fn run(call: &Call) -> Reply {
    let trial: Trial = call.keys()?;
    let engine = Engine::new(checked(call, &trial.content)?);
    let Some(sample) = &trial.sample else { return stored(call, &engine, &trial) };
    if sample.len() > MAX_SAMPLE {
        return Err(ApiError::invalid("sample", format_args!("is longer than {} KiB", MAX_SAMPLE >> 10)));
    }
    let exchange = of_orig(sample).map_err(|problem| ApiError::invalid("sample", problem))?;
    let found = engine.judge(&exchange);
    // Below its count an aggregation rule gives no event; that the exchange counts for it is worth knowing.
    let counts = !engine.matching(&exchange).is_empty();
    let matches: Vec<_> = found.iter().map(|detection| shown(detection, json!({}))).collect();
    Ok(
        json!({ "matches": matches, "evaluated": 1, "total": 1, "isCut": false, "matching": u64::from(counts) }),
    )
}

/// In the order in which they happened, so that windows fill as they did.
fn stored(call: &Call, engine: &Engine, trial: &Trial) -> Reply {
    let range = TimeRange::inclusive_seconds(trial.start_ts, trial.end_ts);
    let filter = EventFilter { range, ..EventFilter::all() };
    let (mut exchanges, mut total) = (Vec::new(), 0);
    for skip in (0..MAX_EVENTS).step_by(usize::try_from(PAGE).unwrap_or(1)) {
        let page = Page { skip, limit: PAGE, sort: vec![(EventSort::DetectedAt, Order::Descending)] };
        let listed = call.api.store.list(&filter, &page)?;
        let ids: Vec<_> = listed.rows.iter().map(|row| row.id).collect();
        let details = call.api.store.details(&ids)?;
        total = listed.total;
        for (row, detail) in listed.rows.into_iter().zip(details) {
            if let Some(sample) = detail.samples.first() {
                exchanges.push((of_sample(sample, &row.actor), row));
            }
        }
        if skip + PAGE >= total {
            break;
        }
    }
    exchanges.sort_by_key(|(tagged, _)| tagged.exchange.completed_at);
    let (began, mut evaluated, mut matching, mut matches) = (Instant::now(), 0_u64, 0_u64, Vec::new());
    for (tagged, row) in &exchanges {
        if began.elapsed() > PATIENCE || matches.len() >= MAX_MATCHES {
            break;
        }
        evaluated += 1;
        matching += u64::from(!engine.matching(tagged).is_empty());
        matches.extend(engine.judge(tagged).iter().map(|detection| {
            shown(
                detection,
                json!({
                    "eventId": row.id.to_string(),
                    "refId": row.ref_id,
                    "actor": row.actor,
                    "method": row.method,
                    "url": row.url,
                    "host": row.host,
                    "timestamp": row.detected_at.seconds(),
                    "latestAttack": row.policy_id,
                }),
            )
        }));
    }
    Ok(json!({
        "matches": matches,
        "evaluated": evaluated,
        "matching": matching,
        "total": total,
        "isCut": evaluated < total,
    }))
}

fn shown(detection: &Detection, mut of: Value) -> Value {
    let matched = detection.matched.iter().map(|at| {
        json!({
            "location": at.location,
            "start": at.start,
            "end": at.end,
            "phrase": at.phrase,
            "detector": at.detector,
        })
    });
    if let Some(of) = of.as_object_mut() {
        of.insert("filterId".to_owned(), json!(&*detection.policy_id));
        of.insert("eventType".to_owned(), json!(detection.event_type.name()));
        of.insert("severity".to_owned(), json!(detection.severity.name()));
        of.insert("matchCount".to_owned(), json!(detection.match_count));
        of.insert("matched".to_owned(), matched.collect());
        of.insert("successfulExploit".to_owned(), json!(detection.successful_exploit.is_some()));
    }
    of
}
