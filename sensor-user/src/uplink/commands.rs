use std::{convert::Infallible, sync::Arc, time::Duration};

use portcullis_proto::v1::{
    Applied, ControlMessage, Hello, SensorMessage, SensorReport, sensor_message::Message,
};
use tokio::{sync::mpsc, task::spawn_blocking, time::interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{
    Node,
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
    let mut reports = interval(REPORT_EVERY);
    loop {
        tokio::select! {
            command = commands.message() => {
                let applied = apply(node, command?.ok_or_else(ended)?).await?;
                send(&to, Message::Applied(applied)).await?;
            }
            _ = reports.tick() => send(&to, Message::Report(report(node, journal).await?)).await?,
        }
    }
}

/// On a thread that may block: enforcement talks to the kernel, or runs `nft`.
async fn apply(node: &Arc<dyn Node>, command: ControlMessage) -> Result<Applied, LinkError> {
    let node = Arc::clone(node);
    let applied: Result<Applied, OutOfOrder> =
        spawn_blocking(move || node.apply(command)).await.map_err(|_| failed("applying a command"))?;
    Ok(applied?)
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
