use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use portcullis_proto::{
    encoded::ControlMessage,
    v1::{AutomaticBlock, Hello, InventoryAck, InventoryUpdate, SensorMessage, sensor_message::Message},
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::timeout,
};
use tonic::{Status, Streaming};

use super::{Fleet, Peer, outbox::Next};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{SensorRecord, StoreError},
};

const HELLO_PATIENCE: Duration = Duration::from_secs(10);
/// A sensor that takes nothing for so long is let go; it will come back and get the difference.
const SEND_PATIENCE: Duration = Duration::from_secs(30);

static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// Stores what a sensor learned of endpoints, wherever it belongs. Blocks.
pub type Learn =
    Arc<dyn Fn(&SensorRecord, InventoryUpdate) -> Result<InventoryAck, StoreError> + Send + Sync>;

type Outbound = mpsc::Sender<Result<ControlMessage, Status>>;

/// Holds one sensor's command stream until either side ends it, or `end` says that it is over.
#[expect(clippy::too_many_arguments, reason = "each is another side of the one stream")]
pub async fn serve_commands(
    fleet: Arc<Fleet>,
    sensor: SensorRecord,
    peer: Peer,
    mut inbound: Streaming<SensorMessage>,
    outbound: Outbound,
    learn: Learn,
    end: impl Future<Output = Status>,
    mut shutdown: watch::Receiver<bool>,
) {
    let ended = tokio::select! {
        ended = converse(&fleet, &sensor, peer, &mut inbound, &outbound, &learn) => ended,
        status = end => Err(status),
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
    peer: Peer,
    inbound: &mut Streaming<SensorMessage>,
    outbound: &Outbound,
    learn: &Learn,
) -> Result<(), Status> {
    let hello = greeting(inbound).await?;
    let mut revision = fleet.revision.subscribe();
    let connection = Connection::open(fleet, sensor, peer, &hello);
    // A new sensor is told even that there is nothing: what it adopted from a pinned map may be stale.
    let first = match hello.applied_revision {
        0 => fleet.outbox.whole(&fleet.store).await,
        applied => fleet.outbox.after(&fleet.store, applied).await,
    };
    let mut sent = deliver(first, hello.applied_revision, outbound).await?;
    tracing::info!(sensor = sensor.id, node = hello.node, revision = sent, "sensor connected");
    loop {
        while sent < *revision.borrow_and_update() {
            let next = fleet.outbox.after(&fleet.store, sent).await;
            sent = deliver(next, sent, outbound).await?;
        }
        tokio::select! {
            changed = revision.changed() => {
                changed.map_err(|_| Status::unavailable("the control plane is shutting down"))?;
            }
            message = inbound.message() => {
                let Some(message) = message? else { break };
                match message.message {
                    Some(Message::AutomaticBlock(block)) => {
                        send(outbound, connection.adopt(block).await?).await?;
                    }
                    Some(Message::Inventory(update)) => {
                        send(outbound, connection.learn(learn, update).await?).await?;
                    }
                    message => connection.hear(message),
                }
            }
            () = connection.replaced.notified() => {
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

/// Sends what comes next after `sent`; gives up to where the sensor then has it.
async fn deliver(next: Result<Next, StoreError>, sent: u64, outbound: &Outbound) -> Result<u64, Status> {
    let next = next.map_err(|error| Status::unavailable(format!("the store cannot be read: {error}")))?;
    match next {
        Next::Whole(whole) => {
            for piece in &whole.pieces {
                send(outbound, piece.clone()).await?;
            }
            Ok(whole.revision)
        }
        Next::Steps(steps) => {
            let mut sent = sent;
            for step in steps {
                send(outbound, step.message).await?;
                sent = step.number;
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
    replaced: Arc<Notify>,
}

impl<'a> Connection<'a> {
    /// The newest stream is the sensor's: an older one is a connection that died without a word.
    fn open(fleet: &'a Arc<Fleet>, sensor: &'a SensorRecord, peer: Peer, hello: &Hello) -> Self {
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let newest = fleet.revision();
        let replaced = Arc::new(Notify::new());
        fleet.update(sensor, |live| {
            std::mem::replace(&mut live.replaced, replaced.clone()).notify_one();
            live.connection = Some(number);
            live.peer = peer;
            live.certified_until = peer.certified_until;
            live.enrolled = Some(sensor.clone());
            live.node.clone_from(&hello.node);
            live.version.clone_from(&hello.version);
            live.applied_revision = hello.applied_revision.min(newest);
            live.last_seen = Some(EpochMillis::now());
        });
        Self { fleet, sensor, number, replaced }
    }

    /// A block that the sensor made by itself.
    async fn adopt(&self, block: AutomaticBlock) -> Result<ControlMessage, Status> {
        let (fleet, sensor) = (self.fleet.clone(), self.sensor.clone());
        let ack = blocking(move || fleet.take_automatic(&sensor, block))
            .await
            .map_err(|error| Status::unavailable(format!("the store failed: {error}")))?;
        Ok(ControlMessage::of_acknowledgement(&ack))
    }

    /// What the sensor learned of endpoints.
    async fn learn(&self, learn: &Learn, update: InventoryUpdate) -> Result<ControlMessage, Status> {
        let (learn, sensor) = (learn.clone(), self.sensor.clone());
        let ack = blocking(move || learn(&sensor, update))
            .await
            .map_err(|error| Status::unavailable(format!("the store failed: {error}")))?;
        Ok(ControlMessage::of_inventory_acknowledgement(&ack))
    }

    fn hear(&self, message: Option<Message>) {
        let newest = self.fleet.revision();
        self.fleet.update(self.sensor, |live| {
            live.last_seen = Some(EpochMillis::now());
            match message {
                Some(Message::Applied(applied)) => live.take_applied(applied, newest),
                Some(Message::Report(report)) => live.take_report(report, EpochMillis::now()),
                Some(Message::Hello(_) | Message::AutomaticBlock(_) | Message::Inventory(_)) | None => {
                    tracing::debug!(sensor = self.sensor.id, "a message without meaning here");
                }
            }
        });
    }

    async fn record(&self) -> Result<(), Status> {
        let (record, held_back) =
            self.fleet.update(self.sensor, |live| (live.to_record(self.sensor), live.take_held_back()));
        let store = self.fleet.store.clone();
        blocking(move || store.record_sensors(vec![record], held_back))
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
