use std::{collections::HashSet, convert::Infallible, sync::Arc, time::Duration};

use portcullis_proto::v1::{
    Applied, AutomaticBlock, ControlMessage, Hello, SensorMessage, SensorReport, control_message,
    sensor_message::Message,
};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{
    Node,
    inventory::Telling,
    journal::Journal,
    link::{Client, LinkError},
};
use crate::orders::OutOfOrder;

const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Messages on their way up; reports wait rather than pile up.
const WINDOW: usize = 4;

/// Carries out what comes and tells how this sensor is doing; ends only with an error. `up` is called once the
/// stream stands.
pub(super) async fn stream(
    client: Client,
    node: &Arc<dyn Node>,
    name: &str,
    journal: &Journal,
    up: impl FnOnce(),
) -> Result<Infallible, LinkError> {
    let (to, messages) = mpsc::channel(WINDOW);
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        node: name.to_owned(),
        applied_revision: node.revision(),
    };
    send(&to, Message::Hello(hello)).await?;
    let mut commands =
        client.stub().commands(client.request(ReceiverStream::new(messages))).await?.into_inner();
    up();
    // Beside each other: reading what a million blocks met takes its time, and no order waits for it.
    tokio::select! {
        ended = obey(node, &mut commands, &to) => ended,
        ended = tell(node, journal, &to) => ended,
    }
}

async fn obey(
    node: &Arc<dyn Node>,
    commands: &mut Streaming<ControlMessage>,
    to: &mpsc::Sender<SensorMessage>,
) -> Result<Infallible, LinkError> {
    // What waits is sent at once, and on this stream not again.
    let (mut made, mut told) = (node.automatic_blocks_made(), HashSet::new());
    made.mark_changed();
    let mut inventory = Telling::new(Arc::clone(node));
    loop {
        tokio::select! {
            command = commands.message() => {
                let command = command?.ok_or_else(ended)?;
                if let Some(control_message::Message::InventoryAck(ack)) = &command.message {
                    inventory.arrived(ack.number);
                } else if let Some(applied) = apply(node, command).await? {
                    send(to, Message::Applied(applied)).await?;
                }
            }
            _ = made.changed() => {
                let blocks = automatic_blocks(node).await?;
                told.retain(|event_id| blocks.iter().any(|block| block.event_id == *event_id));
                for block in blocks {
                    if told.insert(block.event_id.clone()) {
                        send(to, Message::AutomaticBlock(block)).await?;
                    }
                }
            }
            () = inventory.due() => {
                if let Some(update) = inventory.next().await? {
                    send(to, Message::Inventory(update)).await?;
                }
            }
        }
    }
}

async fn tell(
    node: &Arc<dyn Node>,
    journal: &Journal,
    to: &mpsc::Sender<SensorMessage>,
) -> Result<Infallible, LinkError> {
    let mut reports = interval(REPORT_EVERY);
    reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        reports.tick().await;
        send(to, Message::Report(report(node, journal).await?)).await?;
    }
}

/// On a thread that may block: enforcement talks to the kernel, or runs `nft`.
async fn apply(node: &Arc<dyn Node>, command: ControlMessage) -> Result<Option<Applied>, LinkError> {
    let node = Arc::clone(node);
    let applied: Result<Option<Applied>, OutOfOrder> =
        spawn_blocking(move || node.apply(command)).await.map_err(|_| failed("applying a command"))?;
    Ok(applied?)
}

/// On such a thread too: a block may be under way.
async fn automatic_blocks(node: &Arc<dyn Node>) -> Result<Vec<AutomaticBlock>, LinkError> {
    let node = Arc::clone(node);
    Ok(spawn_blocking(move || node.automatic_blocks())
        .await
        .map_err(|_| failed("listing automatic blocks"))?)
}

async fn report(node: &Arc<dyn Node>, journal: &Journal) -> Result<SensorReport, LinkError> {
    let node = Arc::clone(node);
    let mut report = spawn_blocking(move || node.report()).await.map_err(|_| failed("making a report"))?;
    report.counters.extend(journal.counters().iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(report)
}

async fn send(to: &mpsc::Sender<SensorMessage>, message: Message) -> Result<(), Status> {
    to.send(SensorMessage { message: Some(message) }).await.map_err(|_| ended())
}

fn ended() -> Status {
    Status::unavailable("the control plane ended the command stream")
}

fn failed(what: &str) -> Status {
    Status::internal(format!("{what} failed on this sensor"))
}
