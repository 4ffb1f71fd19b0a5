use std::time::{Duration, Instant};

use portcullis_detection::{Detection, Engine};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        endpoint::{Call, Reply},
        names::{EventType, Severity},
        row::Matched,
    },
    change::checked,
    exchange::{of_orig, of_sample},
};
use crate::{
    blocking::blocking,
    clock::TimeRange,
    store::{EventFilter, EventRow, EventSort, Order, Page},
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

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Tried {
    matches: Vec<TrialMatch>,
    /// Exchanges that were looked at.
    evaluated: u64,
    /// Of these, those that match or count for an aggregation rule.
    matching: u64,
    /// Exchanges that there are in the range.
    total: u64,
    /// Whether there were more than were looked at.
    is_cut: bool,
}

/// What the policy would find.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TrialMatch {
    #[serde(flatten)]
    of: TrialEvent,
    filter_id: String,
    event_type: EventType,
    severity: Severity,
    match_count: u64,
    matched: Vec<Matched>,
    successful_exploit: bool,
}

/// The stored event whose exchange it is; all null where it is the pasted one.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TrialEvent {
    event_id: Option<String>,
    ref_id: Option<String>,
    actor: Option<String>,
    method: Option<String>,
    url: Option<String>,
    host: Option<String>,
    timestamp: Option<i64>,
    /// The policy that found it.
    latest_attack: Option<String>,
}

/// `testFilterYamlTemplate`: what a policy would find in one exchange, or in the stored ones of a range. Changes nothing.
pub(in crate::api) async fn test(call: Call) -> Reply<Tried> {
    let _turn = TRIALS.acquire().await.map_err(|_| ApiError::Busy)?;
    blocking(move || run(&call)).await
}

fn run(call: &Call) -> Reply<Tried> {
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
    let matches = found.iter().map(|detection| shown(detection, TrialEvent::default())).collect();
    Ok(Tried { matches, evaluated: 1, matching: u64::from(counts), total: 1, is_cut: false })
}

/// In the order in which they happened, so that windows fill as they did.
fn stored(call: &Call, engine: &Engine, trial: &Trial) -> Reply<Tried> {
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
        matches.extend(engine.judge(tagged).iter().map(|detection| shown(detection, row.into())));
    }
    Ok(Tried { matches, evaluated, matching, total, is_cut: evaluated < total })
}

impl From<&EventRow> for TrialEvent {
    fn from(row: &EventRow) -> Self {
        Self {
            event_id: Some(row.id.to_string()),
            ref_id: Some(row.ref_id.clone()),
            actor: Some(row.actor.clone()),
            method: Some(row.method.clone()),
            url: Some(row.url.clone()),
            host: Some(row.host.clone()),
            timestamp: Some(row.detected_at.seconds()),
            latest_attack: Some(row.policy_id.clone()),
        }
    }
}

fn shown(detection: &Detection, of: TrialEvent) -> TrialMatch {
    let matched = detection.matched.iter().map(|at| Matched {
        location: at.location.clone(),
        start: at.start as u64,
        end: at.end as u64,
        phrase: at.phrase.clone(),
        detector: at.detector.to_string(),
    });
    TrialMatch {
        of,
        filter_id: detection.policy_id.to_string(),
        event_type: detection.event_type.into(),
        severity: detection.severity.into(),
        match_count: detection.match_count,
        matched: matched.collect(),
        successful_exploit: detection.successful_exploit.is_some(),
    }
}
