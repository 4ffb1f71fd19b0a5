//! What sensors call.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use portcullis_proto::{
    encoded::{ControlMessage, ControlPlane, ControlPlaneServer},
    v1::{EnrollRequest, EnrollResponse, EventAck, EventBatch, SensorMessage},
};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

use crate::{
    auth::{digest, same},
    blocking::blocking,
    fleet::{self, Fleet, Peer},
    ingest::Ingest,
    store::{EnrollError, SensorRecord, Store},
};

/// A batch of events may be this large. Sensors keep theirs below half of it.
const MAX_MESSAGE: usize = 16 << 20;
/// Messages under way to one sensor; past it the sender waits.
const OUTBOUND: usize = 16;
const ACK_PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) shutdown: watch::Receiver<bool>,
}

impl Service {
    pub(crate) fn into_server(self) -> ControlPlaneServer<Self> {
        ControlPlaneServer::new(self).max_decoding_message_size(MAX_MESSAGE)
    }

    /// The sensor whose credential comes with the call.
    async fn sensor(&self, metadata: &MetadataMap) -> Result<SensorRecord, Status> {
        let unknown = || Status::unauthenticated("no sensor has this credential: enrol with a join token");
        let credential = metadata
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(unknown)?;
        let hash = digest(credential.trim());
        let store = self.store.clone();
        let found = blocking(move || store.sensor_by_credential(&hash)).await.map_err(unavailable)?;
        found.filter(|sensor| same(&sensor.credential_hash, &hash)).ok_or_else(unknown)
    }
}

#[tonic::async_trait]
impl ControlPlane for Service {
    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        let from = request.remote_addr().map(|address| address.ip().to_canonical());
        let (store, request) = (self.store.clone(), request.into_inner());
        let node = request.node.clone();
        let response = blocking(move || fleet::enroll(&*store, from, request)).await.map_err(|error| match error {
            EnrollError::Token => {
                tracing::warn!(node, "an enrolment with a bad join token");
                Status::unauthenticated(
                    "the join token is unknown, expired or used up: `control-plane join-token create` makes another",
                )
            }
            EnrollError::Store(error) => unavailable(error),
        })?;
        tracing::info!(node, sensor = response.sensor_id, "sensor enrolled");
        Ok(Response::new(response))
    }

    type StreamEventsStream = ReceiverStream<Result<EventAck, Status>>;

    async fn stream_events(
        &self,
        request: Request<Streaming<EventBatch>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let sensor = self.sensor(request.metadata()).await?;
        let (outbound, acks) = mpsc::channel(OUTBOUND);
        let (ingest, mut shutdown) = (self.ingest.clone(), self.shutdown.clone());
        let batches = request.into_inner();
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = acknowledge(ingest, &sensor, batches, &outbound) => ended,
                _ = shutdown.wait_for(|down| *down) => Err(Status::unavailable("the control plane is shutting down")),
            };
            if let Err(status) = ended {
                tracing::info!(sensor = sensor.id, reason = status.message(), "event stream ended");
                // Where the sensor is gone, there is nobody to tell.
                let _gone = outbound.try_send(Err(status));
            }
        });
        Ok(Response::new(ReceiverStream::new(acks)))
    }

    type CommandsStream = ReceiverStream<Result<ControlMessage, Status>>;

    async fn commands(
        &self,
        request: Request<Streaming<SensorMessage>>,
    ) -> Result<Response<Self::CommandsStream>, Status> {
        let sensor = self.sensor(request.metadata()).await?;
        let canonical = |address: SocketAddr| address.ip().to_canonical();
        let peer =
            Peer { sensor: request.remote_addr().map(canonical), us: request.local_addr().map(canonical) };
        let (outbound, messages) = mpsc::channel(OUTBOUND);
        let inbound = request.into_inner();
        tokio::spawn(fleet::serve_commands(
            self.fleet.clone(),
            sensor,
            peer,
            inbound,
            outbound,
            self.shutdown.clone(),
        ));
        Ok(Response::new(ReceiverStream::new(messages)))
    }
}

/// Stores batch after batch; what cannot be stored is not acknowledged, and the sensor sends it again.
async fn acknowledge(
    ingest: Arc<Ingest>,
    sensor: &SensorRecord,
    mut batches: Streaming<EventBatch>,
    acks: &mpsc::Sender<Result<EventAck, Status>>,
) -> Result<(), Status> {
    while let Some(batch) = batches.message().await? {
        let (ingest, sensor_id) = (ingest.clone(), sensor.id.clone());
        blocking(move || ingest.take(&sensor_id, batch.events)).await.map_err(|error| {
            tracing::error!(sensor = sensor.id, %error, "events could not be stored; the sensor keeps them");
            unavailable(error)
        })?;
        acks.send_timeout(Ok(EventAck { sequence: batch.sequence }), ACK_PATIENCE)
            .await
            .map_err(|_| Status::deadline_exceeded("the sensor takes no acknowledgements"))?;
    }
    Ok(())
}

fn unavailable(error: crate::store::StoreError) -> Status {
    Status::unavailable(format!("the store failed: {error}"))
}
