use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use portcullis_proto::v1::{ControlMessage, Hello, SensorMessage, sensor_message::Message};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};
use tonic::{Status, Streaming};

use super::{Fleet, wire};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Difference, SensorRecord},
};

const HELLO_PATIENCE: Duration = Duration::from_secs(10);
/// A sensor that takes nothing for so long is let go; it will come back and get the difference.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// How often what a sensor reports is written down. The newest is in memory at once.
const RECORD_EVERY: Duration = Duration::from_secs(30);

static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

type Outbound = mpsc::Sender<Result<ControlMessage, Status>>;

/// Holds one sensor's command stream until either side ends it.
pub async fn serve_commands(
    fleet: Arc<Fleet>,
    sensor: SensorRecord,
    mut inbound: Streaming<SensorMessage>,
    outbound: Outbound,
    mut shutdown: watch::Receiver<bool>,
) {
    let ended = tokio::select! {
        ended = converse(&fleet, &sensor, &mut inbound, &outbound) => ended,
        _ = shutdown.wait_for(|down| *down) => Err(Status::unavailable("the control plane is shutting down")),
    };
    if let Err(status) = ended {
        tracing::info!(
            sensor = sensor.id,
            node = sensor.node,
            reason = status.message(),
            "command stream ended"
        );
        // Where the sensor is gone, there is nobody to tell.
        let _gone = outbound.try_send(Err(status));
    }
}

async fn converse(
    fleet: &Arc<Fleet>,
    sensor: &SensorRecord,
    inbound: &mut Streaming<SensorMessage>,
    outbound: &Outbound,
) -> Result<(), Status> {
    let hello = greeting(inbound).await?;
    let mut revision = fleet.revision.subscribe();
    let connection = Connection::open(fleet, sensor, &hello);
    let mut replaced = fleet.progress.subscribe();
    let mut sent = deliver(fleet, hello.applied_revision, outbound).await?;
    let mut recorded = Instant::now();
    connection.record().await?;
    tracing::info!(sensor = sensor.id, node = hello.node, revision = sent, "sensor connected");
    loop {
        tokio::select! {
            changed = revision.changed() => {
                changed.map_err(|_| Status::unavailable("the control plane is shutting down"))?;
                sent = deliver(fleet, sent, outbound).await?;
            }
            message = inbound.message() => {
                let Some(message) = message? else { break };
                connection.hear(message);
                if recorded.elapsed() >= RECORD_EVERY {
                    recorded = Instant::now();
                    connection.record().await?;
                }
            }
            _ = replaced.changed() => if !connection.is_current() {
                return Err(Status::aborted("another command stream of this sensor took over"));
            }
        }
    }
    connection.record().await
}

async fn greeting(inbound: &mut Streaming<SensorMessage>) -> Result<Hello, Status> {
    let first = timeout(HELLO_PATIENCE, inbound.message())
        .await
        .map_err(|_| Status::deadline_exceeded("no Hello within 10 s"))??;
    match first.and_then(|message| message.message) {
        Some(Message::Hello(hello)) => Ok(hello),
        _ => Err(Status::invalid_argument("the first message has to be Hello")),
    }
}

/// Sends what is missing after `applied`; answers the revision the sensor then has been sent.
async fn deliver(fleet: &Fleet, applied: u64, outbound: &Outbound) -> Result<u64, Status> {
    let store = fleet.store.clone();
    let difference = blocking(move || store.difference(applied, EpochMillis::now()))
        .await
        .map_err(|error| Status::unavailable(format!("the store cannot be read: {error}")))?;
    let now = EpochMillis::now();
    match difference {
        Difference::Snapshot(snapshot) => {
            let revision = snapshot.revision;
            send(outbound, wire::snapshot(snapshot, now)).await?;
            Ok(revision)
        }
        Difference::Revisions(revisions) => {
            let mut sent = applied;
            for revision in revisions {
                sent = revision.number;
                send(outbound, wire::revision(revision, now)).await?;
            }
            Ok(sent)
        }
    }
}

async fn send(outbound: &Outbound, message: ControlMessage) -> Result<(), Status> {
    outbound
        .send_timeout(Ok(message), SEND_PATIENCE)
        .await
        .map_err(|_| Status::deadline_exceeded("the sensor takes no revisions"))
}

/// A sensor's presence: while this lives, it counts as connected.
struct Connection<'a> {
    fleet: &'a Arc<Fleet>,
    sensor: &'a SensorRecord,
    number: u64,
}

impl<'a> Connection<'a> {
    /// The newest stream is the sensor's: an older one is a connection that died without a word.
    fn open(fleet: &'a Arc<Fleet>, sensor: &'a SensorRecord, hello: &Hello) -> Self {
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let newest = fleet.revision();
        fleet.update(sensor, |live| {
            live.connection = Some(number);
            live.node.clone_from(&hello.node);
            live.version.clone_from(&hello.version);
            live.applied_revision = hello.applied_revision.min(newest);
            live.last_seen = Some(EpochMillis::now());
        });
        Self { fleet, sensor, number }
    }

    fn hear(&self, message: SensorMessage) {
        let newest = self.fleet.revision();
        self.fleet.update(self.sensor, |live| {
            live.last_seen = Some(EpochMillis::now());
            match message.message {
                Some(Message::Applied(applied)) => live.take_applied(applied, newest),
                Some(Message::Report(report)) => live.take_report(report),
                Some(Message::Hello(_) | Message::AutomaticBlock(_)) | None => {
                    tracing::debug!(sensor = self.sensor.id, "a message without meaning here");
                }
            }
        });
    }

    fn is_current(&self) -> bool {
        self.fleet.lock().get(&self.sensor.id).is_some_and(|live| live.connection == Some(self.number))
    }

    async fn record(&self) -> Result<(), Status> {
        let Some(record) = self.fleet.live(&self.sensor.id).map(|live| live.to_record(self.sensor)) else {
            return Ok(());
        };
        let store = self.fleet.store.clone();
        blocking(move || store.record_sensor(&record))
            .await
            .map_err(|error| Status::unavailable(format!("the store cannot be written: {error}")))
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.fleet.update(self.sensor, |live| {
            if live.connection == Some(self.number) {
                live.connection = None;
            }
        });
    }
}
