use portcullis_exchange::GrpcMessages;
use portcullis_proto::v1::{
    ControlMessage, EnrollRequest, EnrollResponse, EventAck, EventBatch, RenewRequest, RenewResponse,
    SensorMessage,
    control_plane_client::ControlPlaneClient,
    control_plane_server::{ControlPlane, ControlPlaneServer},
};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::{Stream, StreamExt, wrappers::TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};

use super::{frames::*, recording::Recording};
use crate::conversation::Conversation;

struct Plane;

type Answers<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ControlPlane for Plane {
    type StreamEventsStream = Answers<EventAck>;
    type CommandsStream = Answers<ControlMessage>;

    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        if request.into_inner().join_token.is_empty() {
            return Err(Status::permission_denied("unknown join token: 100 %"));
        }
        let credential = "c".into();
        Ok(Response::new(EnrollResponse { sensor_id: "s-1".into(), credential, certificate: None }))
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        Err(Status::unimplemented("nobody asks for it here"))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<EventBatch>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let acks = request.into_inner().map(|batch| Ok(EventAck { sequence: batch?.sequence }));
        Ok(Response::new(Box::pin(acks)))
    }

    async fn commands(
        &self,
        _: Request<Streaming<SensorMessage>>,
    ) -> Result<Response<Self::CommandsStream>, Status> {
        Err(Status::unimplemented("none"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_calls_give_service_method_status_and_messages() {
    let server = TcpListener::bind("127.72.50.1:0").await.unwrap();
    let front = TcpListener::bind("127.72.50.2:0").await.unwrap();
    let (behind, address) = (server.local_addr().unwrap(), front.local_addr().unwrap());
    let serving = tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(ControlPlaneServer::new(Plane))
            .serve_with_incoming(TcpListenerStream::new(server)),
    );
    let recording = Recording::default();
    let passing = tokio::spawn({
        let recording = recording.clone();
        async move {
            let (client, _) = front.accept().await.unwrap();
            recording.pass(client, TcpStream::connect(behind).await.unwrap()).await;
        }
    });
    let mut client = ControlPlaneClient::connect(format!("http://{address}")).await.unwrap();
    let enroll = EnrollRequest { join_token: "t".into(), ..EnrollRequest::default() };
    let request_len = u32::try_from(enroll.encoded_len()).unwrap();
    client.enroll(enroll).await.unwrap();
    client.enroll(EnrollRequest::default()).await.unwrap_err();
    let batches = (1..=20).map(|sequence| EventBatch { sequence, ..EventBatch::default() });
    let mut acks = client.stream_events(tokio_stream::iter(batches)).await.unwrap().into_inner();
    while let Some(Ok(_)) = acks.next().await {}
    drop((client, acks));
    passing.await.unwrap();
    serving.abort();

    let exchanges = recording.exchanges();
    let calls: Vec<_> = exchanges.iter().map(|exchange| exchange.grpc.clone().unwrap()).collect();
    assert_eq!(calls.len(), 3);
    assert!(exchanges.iter().all(|exchange| exchange.incomplete.is_none()));
    let enrolled = &calls[0];
    assert_eq!((enrolled.service.ends_with(".ControlPlane"), enrolled.method.as_str()), (true, "Enroll"));
    assert_eq!((enrolled.status, enrolled.sent.lengths.as_slice()), (Some(0), &[request_len][..]));
    assert_eq!(enrolled.received.count, 1);
    let refused = (calls[1].status, calls[1].message.as_deref(), calls[1].received.count);
    assert_eq!(refused, (Some(7), Some("unknown join token: 100 %"), 0));
    let streamed = &calls[2];
    assert_eq!((streamed.sent.count, streamed.received.count, streamed.status), (20, 20, Some(0)));
    assert_eq!(streamed.sent.lengths.len(), GrpcMessages::MAX_LENGTHS);
    recording.assert_cuts_change_nothing(1);
}

#[test]
fn a_call_whose_stream_is_reset_has_no_status() {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/shop.Cart/Add"),
        (":authority", "api.test"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let conversation = Conversation::opened()
        .client([hello(), headers(1, 0, &fields), data(1, 0, b"\x01\0\0\0\x09abc")].concat())
        .client(frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    let exchange = conversation.exchanges().remove(0);
    let call = exchange.grpc.unwrap();
    assert_eq!((call.service.as_str(), call.method.as_str(), call.status), ("shop.Cart", "Add", None));
    assert_eq!((call.sent.compressed, call.sent.bytes, call.sent.is_broken), (1, 9, true));
    assert!(exchange.facts.is_empty());
}
