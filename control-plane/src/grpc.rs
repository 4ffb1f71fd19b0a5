//! What sensors call.

use std::{sync::Arc, time::Duration};

use portcullis_proto::{
    encoded::{ControlMessage, ControlPlane, ControlPlaneServer},
    v1::{EnrollRequest, EnrollResponse, EventAck, EventBatch, RenewRequest, RenewResponse, SensorMessage},
};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

use crate::{
    accounts::{Plane, Planes},
    auth::{digest, same},
    authority::{Authority, AuthorityError},
    blocking::blocking,
    clock::EpochMillis,
    fleet::{self, Admission, Peer, Refused},
    store::{EnrollError, SensorRecord},
    transport::{Line, Security},
};

/// A batch of events may be this large. Sensors keep theirs below half of it.
const MAX_MESSAGE: usize = 16 << 20;
/// Messages under way to one sensor; past it the sender waits.
const OUTBOUND: usize = 16;
/// Events of one sensor that share a commit, where they came while the one before was under way.
const TOGETHER: usize = 2_048;
const ACK_PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    pub(crate) planes: Arc<Planes>,
    pub(crate) authority: Arc<Authority>,
    /// How long a sensor's certificate is good for.
    pub(crate) certificate_lifetime: Duration,
}

/// Who calls, and how long they may go on.
struct Admitted {
    /// Their account.
    plane: Arc<Plane>,
    sensor: SensorRecord,
    /// `None` where they came without a certificate.
    certified_until: Option<EpochMillis>,
}

impl Service {
    pub(crate) fn into_server(self) -> ControlPlaneServer<Self> {
        ControlPlaneServer::new(self).max_decoding_message_size(MAX_MESSAGE)
    }

    /// Whose call this is: over TLS whom the certificate names, in plaintext whose credential comes with it.
    async fn admit<T>(&self, request: &Request<T>) -> Result<Admitted, Status> {
        let line = line(request)?;
        let admitted = match line.security {
            Security::Plaintext => {
                let (plane, sensor) = self.by_credential(request.metadata()).await?;
                Admitted { plane, sensor, certified_until: None }
            }
            Security::Tls(Some(certified)) => {
                let (planes, whose) = (self.planes.clone(), certified.clone());
                let found = blocking(move || {
                    let Some(plane) = planes.of(whose.account.as_ref())? else { return Ok(None) };
                    Ok(plane.store.sensor(&whose.sensor_id)?.map(|sensor| (plane, sensor)))
                });
                let (plane, sensor) = found.await.map_err(unavailable)?.ok_or_else(|| {
                    Status::unauthenticated(
                        "no sensor of this certificate is known here: enrol with a join token",
                    )
                })?;
                Admitted { plane, sensor, certified_until: Some(certified.until) }
            }
            Security::Tls(None) => {
                return Err(Status::unauthenticated("no client certificate: enrol with a join token"));
            }
        };
        match admitted.sensor.revoked_at {
            Some(_) => Err(fleet::is_revoked()),
            None => Ok(admitted),
        }
    }

    async fn by_credential(&self, metadata: &MetadataMap) -> Result<(Arc<Plane>, SensorRecord), Status> {
        let unknown = || Status::unauthenticated("no sensor has this credential: enrol with a join token");
        let credential = metadata
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(unknown)?;
        let (planes, credential) = (self.planes.clone(), credential.trim().to_owned());
        let found = blocking(move || {
            let Some(plane) = planes.of_secret(&credential)? else { return Ok(None) };
            let hash = digest(&credential);
            let sensor = plane.store.sensor_by_credential(&hash)?;
            let matches =
                |sensor: &SensorRecord| sensor.credential_hash.is_some_and(|known| same(&known, &hash));
            Ok(sensor.filter(matches).map(|sensor| (plane, sensor)))
        });
        found.await.map_err(unavailable)?.ok_or_else(unknown)
    }

    /// A certificate has been used, so whoever came with it has it: the credential of before is of no use any more.
    async fn spend_credential(&self, admitted: &Admitted, line: &Line) -> Result<(), Status> {
        if admitted.certified_until.is_none() || admitted.sensor.credential_hash.is_none() {
            return Ok(());
        }
        let (store, id) = (admitted.plane.store.clone(), admitted.sensor.id.clone());
        let act = fleet::act_of(&id, &admitted.sensor.node, line.sensor, "exchangeCredential");
        blocking(move || store.spend_credential(&act, &id)).await.map_err(unavailable)
    }
}

fn line<T>(request: &Request<T>) -> Result<Line, Status> {
    request
        .extensions()
        .get::<Line>()
        .cloned()
        .ok_or_else(|| Status::internal("nothing is known of this connection"))
}

#[tonic::async_trait]
impl ControlPlane for Service {
    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        let line = line(&request)?;
        let mut request = request.into_inner();
        let node = request.node.clone();
        let wanted = std::mem::take(&mut request.certificate_request);
        let (planes, authority, lifetime) =
            (self.planes.clone(), self.authority.clone(), self.certificate_lifetime);
        let response = blocking(move || {
            let admission = match line.security {
                Security::Plaintext => Admission::Credential,
                Security::Tls(_) => {
                    Admission::Certificate { authority: &authority, request: wanted, lifetime }
                }
            };
            let plane = planes.of_secret(request.join_token.trim())?.ok_or(EnrollError::Token)?;
            fleet::enroll(&*plane.store, line.sensor, admission, request)
        })
        .await
        .map_err(|error| match error {
            Refused::Enroll(EnrollError::Token) => {
                tracing::warn!(node, "an enrolment with a bad join token");
                Status::unauthenticated(
                    "the join token is unknown, expired or used up: `control-plane join-token create` makes another",
                )
            }
            Refused::Enroll(EnrollError::Store(error)) => unavailable(error),
            Refused::Certificate(error) => uncertified(&error),
        })?;
        tracing::info!(node, sensor = response.sensor_id, "sensor enrolled");
        Ok(Response::new(response))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let line = line(&request)?;
        let admitted = match line.security {
            Security::Plaintext => {
                return Err(Status::failed_precondition("certificates are given over TLS only"));
            }
            // One that enrolled before there were certificates.
            Security::Tls(None) => {
                let (plane, sensor) = self.by_credential(request.metadata()).await?;
                Admitted { plane, sensor, certified_until: None }
            }
            Security::Tls(Some(_)) => self.admit(&request).await?,
        };
        self.spend_credential(&admitted, &line).await?;
        let (authority, lifetime, id) =
            (self.authority.clone(), self.certificate_lifetime, admitted.sensor.id.clone());
        let wanted = request.into_inner().certificate_request;
        let certificate = fleet::certify(&authority, &wanted, &id, admitted.plane.account.as_ref(), lifetime)
            .map_err(|error| uncertified(&error))?;
        tracing::info!(sensor = id, node = admitted.sensor.node, "sensor's certificate renewed");
        Ok(Response::new(RenewResponse { sensor_id: id, certificate: Some(certificate) }))
    }

    type StreamEventsStream = ReceiverStream<Result<EventAck, Status>>;

    async fn stream_events(
        &self,
        request: Request<Streaming<EventBatch>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let admitted = self.admit(&request).await?;
        self.spend_credential(&admitted, &line(&request)?).await?;
        let Admitted { plane, sensor, certified_until } = admitted;
        let end = plane.fleet.end_of(&sensor.id, certified_until);
        let (outbound, acks) = mpsc::channel(OUTBOUND);
        let (planes, mut shutdown) = (self.planes.clone(), plane.down());
        let batches = request.into_inner();
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = acknowledge(planes, plane, &sensor, batches, &outbound) => ended,
                status = end => Err(status),
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
        let (admitted, line) = (self.admit(&request).await?, line(&request)?);
        self.spend_credential(&admitted, &line).await?;
        let Admitted { plane, sensor, certified_until } = admitted;
        let end = plane.fleet.end_of(&sensor.id, certified_until);
        let peer = Peer { sensor: line.sensor, us: line.us, certified_until };
        let (outbound, messages) = mpsc::channel(OUTBOUND);
        let inbound = request.into_inner();
        let (planes, owner) = (self.planes.clone(), plane.clone());
        let learn: fleet::Learn = Arc::new(move |sensor, update| planes.learn(&owner, sensor, update));
        tokio::spawn(fleet::serve_commands(
            plane.fleet.clone(),
            sensor,
            peer,
            inbound,
            outbound,
            learn,
            end,
            plane.down(),
        ));
        Ok(Response::new(ReceiverStream::new(messages)))
    }
}

/// Stores what comes; what cannot be stored is not acknowledged, and the sensor sends it again.
async fn acknowledge(
    planes: Arc<Planes>,
    plane: Arc<Plane>,
    sensor: &SensorRecord,
    mut batches: Streaming<EventBatch>,
    acks: &mpsc::Sender<Result<EventAck, Status>>,
) -> Result<(), Status> {
    while let Some(EventBatch { mut sequence, mut events }) = batches.message().await? {
        let waiting = waiting(&mut batches, events.len()).await;
        for batch in waiting.batches {
            sequence = batch.sequence;
            events.extend(batch.events);
        }
        let (planes, plane, writer) = (planes.clone(), plane.clone(), sensor.clone());
        blocking(move || planes.take(&plane, &writer, events)).await.map_err(|error| {
            tracing::error!(sensor = sensor.id, %error, "events could not be stored; the sensor keeps them");
            match error.is_for_want_of_room() {
                // Told apart, so that the sensor keeps its other stream: blocks go on coming.
                true => Status::resource_exhausted(error.to_string()),
                false => unavailable(error),
            }
        })?;
        acks.send_timeout(Ok(EventAck { sequence }), ACK_PATIENCE)
            .await
            .map_err(|_| Status::deadline_exceeded("the sensor takes no acknowledgements"))?;
        if let Some(ended) = waiting.ended {
            return ended;
        }
    }
    Ok(())
}

/// What has come already.
struct Waiting {
    batches: Vec<EventBatch>,
    /// How the stream ended behind them, if it did not just fall silent.
    ended: Option<Result<(), Status>>,
}

/// Without waiting for any: a commit and its roll-ups cost nearly as much for few events as for many.
async fn waiting(batches: &mut Streaming<EventBatch>, mut events: usize) -> Waiting {
    let mut waiting = Waiting { batches: Vec::new(), ended: None };
    let mut bytes = 0;
    while events < TOGETHER && bytes < MAX_MESSAGE {
        let next = tokio::select! {
            biased;
            next = batches.message() => next,
            () = std::future::ready(()) => break,
        };
        match next {
            Ok(Some(batch)) => {
                events += batch.events.len();
                bytes += batch.encoded_len();
                waiting.batches.push(batch);
            }
            ended => {
                waiting.ended = Some(ended.map(drop));
                break;
            }
        }
    }
    waiting
}

fn uncertified(error: &AuthorityError) -> Status {
    match error {
        AuthorityError::Request(_) => Status::invalid_argument(error.to_string()),
        _ => {
            tracing::error!(%error, "a sensor's certificate could not be made");
            Status::internal("the certificate could not be made; the control plane's log says why")
        }
    }
}

fn unavailable(error: crate::store::StoreError) -> Status {
    Status::unavailable(format!("the store failed: {error}"))
}
