use std::time::Duration;

use portcullis_proto::v1::{
    Applied, AutomaticBlock, ControlMessage, EnrollRequest, EventAck, EventBatch, Hello, InventoryAck,
    InventoryUpdate, SensorMessage, SensorReport, ThreatEvent, control_message::Message,
    control_plane_client::ControlPlaneClient, sensor_message,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming, transport::Channel};

const PATIENCE: Duration = Duration::from_secs(10);

/// A sensor as the wire sees one: it enrols, sends events, follows revisions.
#[derive(Clone)]
pub struct TestSensor {
    client: ControlPlaneClient<Channel>,
    pub id: String,
    credential: String,
}

impl TestSensor {
    pub async fn enroll(url: &str, join_token: &str) -> Result<Self, Status> {
        let mut client = ControlPlaneClient::connect(url.to_owned()).await.unwrap();
        let request = EnrollRequest {
            join_token: join_token.to_owned(),
            node: "node-1".into(),
            version: "0.1.0".into(),
            certificate_request: Vec::new(),
        };
        let enrolled = client.enroll(request).await?.into_inner();
        Ok(Self { client, id: enrolled.sensor_id, credential: enrolled.credential })
    }

    pub fn with_credential(self, credential: &str) -> Self {
        Self { credential: credential.to_owned(), ..self }
    }

    /// The same sensor, towards a control plane that listens elsewhere now.
    pub async fn moved_to(self, url: &str) -> Self {
        Self { client: ControlPlaneClient::connect(url.to_owned()).await.unwrap(), ..self }
    }

    pub async fn events(&self) -> Result<EventStream, Status> {
        let (batches, stream) = mpsc::channel(4);
        let request = self.signed(ReceiverStream::new(stream));
        let acks = self.client.clone().stream_events(request).await?.into_inner();
        Ok(EventStream { batches, acks, sequence: 0 })
    }

    /// Sends these as one batch and waits until it is acknowledged.
    pub async fn send(&self, events: Vec<ThreatEvent>) {
        self.events().await.unwrap().send(events).await.unwrap();
    }

    /// Opens the command stream with a Hello.
    pub async fn commands(&self, applied_revision: u64) -> CommandStream {
        let (messages, stream) = mpsc::channel(4);
        let hello = Hello { version: "0.1.0".into(), node: "node-1".into(), applied_revision };
        messages.send(wrap(sensor_message::Message::Hello(hello))).await.unwrap();
        let request = self.signed(ReceiverStream::new(stream));
        let orders = self.client.clone().commands(request).await.unwrap().into_inner();
        CommandStream { messages, orders }
    }

    fn signed<T>(&self, body: T) -> Request<T> {
        let mut request = Request::new(body);
        let bearer = format!("Bearer {}", self.credential).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }
}

pub struct EventStream {
    batches: mpsc::Sender<EventBatch>,
    acks: Streaming<EventAck>,
    sequence: u64,
}

impl EventStream {
    pub async fn send(&mut self, events: Vec<ThreatEvent>) -> Result<(), Status> {
        self.sequence += 1;
        let batch = EventBatch { sequence: self.sequence, events };
        self.batches.send(batch).await.map_err(|_| Status::unavailable("the stream is gone"))?;
        let ack = timeout(PATIENCE, self.acks.message()).await.unwrap()?;
        match ack {
            Some(ack) if ack.sequence == self.sequence => Ok(()),
            other => Err(Status::unavailable(format!("no acknowledgement: {other:?}"))),
        }
    }
}

pub struct CommandStream {
    messages: mpsc::Sender<SensorMessage>,
    orders: Streaming<ControlMessage>,
}

impl CommandStream {
    pub async fn next(&mut self) -> Message {
        let order = timeout(PATIENCE, self.orders.message()).await.expect("an order in time");
        order.unwrap().unwrap().message.unwrap()
    }

    /// How the stream ends.
    pub async fn end(&mut self) -> Status {
        loop {
            match timeout(PATIENCE, self.orders.message()).await.expect("an end in time") {
                Ok(Some(_)) => {}
                Ok(None) => return Status::ok("closed"),
                Err(status) => return status,
            }
        }
    }

    pub async fn applied(&self, applied: Applied) {
        self.messages.send(wrap(sensor_message::Message::Applied(applied))).await.unwrap();
    }

    pub async fn report(&self, report: SensorReport) {
        self.messages.send(wrap(sensor_message::Message::Report(report))).await.unwrap();
    }

    /// Tells what it learned, and waits until that is acknowledged.
    pub async fn inventory(&mut self, update: InventoryUpdate) {
        let number = update.number;
        self.messages.send(wrap(sensor_message::Message::Inventory(update))).await.unwrap();
        while self.next().await != Message::InventoryAck(InventoryAck { number }) {}
    }

    pub async fn automatic_block(&self, block: AutomaticBlock) {
        self.messages.send(wrap(sensor_message::Message::AutomaticBlock(block))).await.unwrap();
    }

    /// Applies whatever comes, as a sensor does, until the stream ends.
    pub fn obey(mut self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            while let Ok(Some(order)) = self.orders.message().await {
                let revision = match order.message.unwrap() {
                    Message::Snapshot(snapshot) => snapshot.revision,
                    Message::Revision(revision) => revision.number,
                    Message::AutomaticBlockAck(_) | Message::InventoryAck(_) => continue,
                };
                self.applied(Applied { revision, ..Applied::default() }).await;
            }
        })
    }
}

fn wrap(message: sensor_message::Message) -> SensorMessage {
    SensorMessage { message: Some(message) }
}
