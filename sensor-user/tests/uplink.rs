//! The uplink against a real gRPC server on loopback that keeps what it is sent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use portcullis_detection::{Engine, PolicySet};
use portcullis_exchange::{Exchange, TaggedExchange, Timestamp};
use portcullis_proto::v1::{
    Applied, AutomaticBlock, AutomaticBlockAck, ControlMessage, Endpoint, EnrollRequest, EnrollResponse,
    EventAck, EventBatch, InventoryAck, InventoryUpdate, RenewRequest, RenewResponse, Revision,
    SensorMessage, SensorReport, ThreatEvent, control_message,
    control_plane_server::{ControlPlane, ControlPlaneServer},
    sensor_message,
};
use sensor_user::{
    event::threat_event,
    orders::{Orders, OutOfOrder},
    state_dir::StateDir,
    storm::StormKey,
    uplink::{Config, EventSender, JoinToken, Node, Prepared, Uplink, UplinkError, bounded},
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_stream::{
    Stream,
    wrappers::{ReceiverStream, TcpListenerStream},
};
use tonic::{Request, Response, Status, Streaming, transport::Server};

const TOKEN: &str = "join-me";
const CREDENTIAL: &str = "credential-1";

/// What the server saw, over all its lives.
#[derive(Default)]
struct Seen {
    automatic_blocks: Vec<String>,
    endpoints: usize,
    /// In order of arrival, second arrivals too.
    events: Vec<String>,
    /// Of those, in the same order.
    counts: Vec<u64>,
    enrolments: usize,
    hellos: Vec<u64>,
    applied: Vec<u64>,
    reports: Vec<SensorReport>,
}

#[derive(Clone)]
struct Plane {
    seen: Arc<Mutex<Seen>>,
    acknowledges: bool,
    commands: Vec<ControlMessage>,
}

impl Plane {
    fn admit<T>(request: &Request<T>) -> Result<(), Status> {
        let bearer = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        match bearer {
            Some(bearer) if bearer == format!("Bearer {CREDENTIAL}") => Ok(()),
            _ => Err(Status::unauthenticated("unknown credential")),
        }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ControlPlane for Plane {
    type StreamEventsStream = Answers<EventAck>;
    type CommandsStream = Answers<ControlMessage>;

    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        if request.into_inner().join_token != TOKEN {
            return Err(Status::permission_denied("unknown join token"));
        }
        self.seen.lock().unwrap().enrolments += 1;
        Ok(Response::new(EnrollResponse {
            sensor_id: "s-1".into(),
            credential: CREDENTIAL.into(),
            certificate: None,
        }))
    }

    async fn renew(&self, _request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        Err(Status::failed_precondition("certificates are given over TLS only"))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<EventBatch>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        Self::admit(&request)?;
        let (mut batches, plane, (to, acks)) = (request.into_inner(), self.clone(), mpsc::channel(8));
        tokio::spawn(async move {
            while let Ok(Some(batch)) = batches.message().await {
                {
                    let mut seen = plane.seen.lock().unwrap();
                    seen.counts.extend(batch.events.iter().map(|event| event.match_count));
                    seen.events.extend(batch.events.into_iter().map(|event| event.event_id));
                }
                if plane.acknowledges && to.send(Ok(EventAck { sequence: batch.sequence })).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(acks))))
    }

    async fn commands(
        &self,
        request: Request<Streaming<SensorMessage>>,
    ) -> Result<Response<Self::CommandsStream>, Status> {
        Self::admit(&request)?;
        let (mut messages, plane, (to, commands)) = (request.into_inner(), self.clone(), mpsc::channel(8));
        tokio::spawn(async move {
            for command in &plane.commands {
                to.send(Ok(command.clone())).await.ok();
            }
            while let Ok(Some(message)) = messages.message().await {
                if let Some(sensor_message::Message::AutomaticBlock(block)) = message.message {
                    plane.seen.lock().unwrap().automatic_blocks.push(block.event_id.clone());
                    if plane.acknowledges {
                        let ack = AutomaticBlockAck { event_id: block.event_id, refused: String::new() };
                        let message = Some(control_message::Message::AutomaticBlockAck(ack));
                        to.send(Ok(ControlMessage { message })).await.ok();
                    }
                    continue;
                }
                if let Some(sensor_message::Message::Inventory(update)) = message.message {
                    plane.seen.lock().unwrap().endpoints += update.endpoints.len();
                    if plane.acknowledges {
                        let message = Some(control_message::Message::InventoryAck(InventoryAck {
                            number: update.number,
                        }));
                        to.send(Ok(ControlMessage { message })).await.ok();
                    }
                    continue;
                }
                let mut seen = plane.seen.lock().unwrap();
                match message.message {
                    Some(sensor_message::Message::Hello(hello)) => seen.hellos.push(hello.applied_revision),
                    Some(sensor_message::Message::Applied(applied)) => seen.applied.push(applied.revision),
                    Some(sensor_message::Message::Report(report)) => seen.reports.push(report),
                    Some(
                        sensor_message::Message::AutomaticBlock(_) | sensor_message::Message::Inventory(_),
                    )
                    | None => {}
                }
            }
            drop(to);
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(commands))))
    }
}

/// A server that can be ended, with every connection as a killed process would, and started again on the same port.
struct Running(Option<Runtime>);

impl Running {
    async fn start(address: SocketAddr, plane: Plane) -> Self {
        let runtime = Runtime::new().unwrap();
        let bound = runtime.spawn(TcpListener::bind(address)).await.unwrap();
        let incoming = TcpListenerStream::new(bound.unwrap());
        runtime.spawn(
            Server::builder().add_service(ControlPlaneServer::new(plane)).serve_with_incoming(incoming),
        );
        Self(Some(runtime))
    }
}

impl Drop for Running {
    /// Waits until the listener is gone, on a thread of its own because a runtime may not wait inside another.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(20))).join().unwrap();
        }
    }
}

/// A loopback address of this test's own: on 127.0.0.1 the kernel may give a freed port to somebody's outgoing
/// connection before the server is back on it.
fn own_address() -> SocketAddr {
    static TESTS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, high | 1, low, TESTS.fetch_add(1, Ordering::Relaxed)), 9090).into()
}

/// A node whose orders are real and that enforces nothing, with automatic blocks as they are told.
struct Bare(Mutex<Orders>, watch::Sender<u64>, Arc<Mutex<Vec<AutomaticBlock>>>, Arc<Mutex<Vec<Endpoint>>>);

impl Node for Bare {
    fn revision(&self) -> u64 {
        self.0.lock().unwrap().revision()
    }

    fn apply(&self, message: ControlMessage) -> Result<Option<Applied>, OutOfOrder> {
        let mut orders = self.0.lock().unwrap();
        match message.message.unwrap() {
            control_message::Message::Snapshot(snapshot) => orders.snapshot(snapshot),
            control_message::Message::Revision(revision) => orders.revise(revision).map(Some),
            control_message::Message::AutomaticBlockAck(ack) => {
                self.2.lock().unwrap().retain(|block| block.event_id != ack.event_id);
                Ok(None)
            }
            control_message::Message::InventoryAck(_) => Ok(None),
        }
    }

    fn inventory(&self, _counts: bool) -> Option<InventoryUpdate> {
        let endpoints = self.3.lock().unwrap().clone();
        (!endpoints.is_empty()).then(|| InventoryUpdate {
            number: 7,
            endpoints,
            ..InventoryUpdate::default()
        })
    }

    fn inventory_arrived(&self, number: u64) {
        assert_eq!(number, 7);
        self.3.lock().unwrap().clear();
    }

    fn inventory_lost(&self, update: InventoryUpdate) {
        assert_eq!(update.number, 7);
    }

    fn forget_revision(&self) {
        self.0.lock().unwrap().forget_revision();
    }

    fn report(&self) -> SensorReport {
        SensorReport { capture_mode: "test".into(), ..SensorReport::default() }
    }

    fn automatic_blocks(&self) -> Vec<AutomaticBlock> {
        self.2.lock().unwrap().clone()
    }

    fn automatic_blocks_made(&self) -> watch::Receiver<u64> {
        self.1.subscribe()
    }
}

struct Fixture {
    folder: TempDir,
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    /// That the sensor has to tell.
    automatic_blocks: Arc<Mutex<Vec<AutomaticBlock>>>,
    /// The same.
    endpoints: Arc<Mutex<Vec<Endpoint>>>,
}

impl Fixture {
    fn new() -> Self {
        let (seen, automatic_blocks, endpoints) = Default::default();
        let folder = tempfile::tempdir().unwrap();
        Self { folder, address: own_address(), seen, automatic_blocks, endpoints }
    }

    fn plane(&self) -> Plane {
        Plane { seen: Arc::clone(&self.seen), acknowledges: true, commands: Vec::new() }
    }

    fn try_uplink(&self, token: Option<&str>) -> Result<(Uplink, EventSender, StateDir), UplinkError> {
        let state = StateDir::open(&self.folder.path().join("state")).unwrap();
        let orders = Orders::open(state.file("orders"), None).unwrap();
        let token = token.map(|token| {
            let file = self.folder.path().join("token");
            std::fs::write(&file, token).unwrap();
            JoinToken::read(&file).unwrap()
        });
        let config = Config {
            control_plane: format!("http://{}", self.address),
            authority: None,
            node: "node-1".into(),
            join_token: token,
            spool_limit: 1 << 20,
        };
        let (sender, receiver) = bounded();
        let (blocks, endpoints) = (Arc::clone(&self.automatic_blocks), Arc::clone(&self.endpoints));
        let node = Bare(Mutex::new(orders), watch::Sender::new(0), blocks, endpoints);
        let uplink = Prepared::new(config, &state)?.start(Arc::new(node), receiver);
        Ok((uplink, sender, state))
    }

    fn uplink(&self, token: Option<&str>) -> (Uplink, EventSender, StateDir) {
        self.try_uplink(token).unwrap()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let wait = async {
            while !holds(&self.seen.lock().unwrap()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    fn distinct_events(&self) -> HashSet<String> {
        self.seen.lock().unwrap().events.iter().cloned().collect()
    }
}

fn offer(sender: &EventSender, ids: impl IntoIterator<Item = u32>) {
    for id in ids {
        sender.offer(&ThreatEvent { event_id: id.to_string(), ..ThreatEvent::default() });
    }
}

fn in_order(upto: u32) -> Vec<String> {
    (0..upto).map(|id| id.to_string()).collect()
}

#[tokio::test]
async fn events_of_an_absence_arrive_in_order_and_once() {
    let fixture = Fixture::new();
    let (uplink, sender, _state) = fixture.uplink(Some(TOKEN));
    offer(&sender, 0..1000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _server = Running::start(fixture.address, fixture.plane()).await;
    uplink.ready().await;
    drop(sender);
    assert_eq!(uplink.stop(Duration::from_secs(20)).await, 0);
    assert_eq!(fixture.seen.lock().unwrap().events, in_order(1000));
}

#[tokio::test]
async fn a_storm_of_equal_detections_is_one_event_whose_count_is_whole_at_the_end() {
    let (policies, errors) = PolicySet::parse([("p.yaml", "id: P\nfilter: {method: {eq: GET}}")]);
    assert_eq!(errors, []);
    let engine = Engine::new(policies);
    let fixture = Fixture::new();
    let _server = Running::start(fixture.address, fixture.plane()).await;
    let (uplink, sender, _state) = fixture.uplink(Some(TOKEN));
    uplink.ready().await;
    for target in (0..500).map(|n| format!("/users/{n}")).chain(["/other".to_owned()]) {
        for detection in engine.judge(&asked(&target)) {
            let key = StormKey::of(&detection);
            if !sender.counts(key) {
                sender.offer_equal(key, threat_event(&detection).unwrap());
            }
        }
    }
    drop(sender);
    assert_eq!(uplink.stop(Duration::from_secs(20)).await, 0);
    let seen = fixture.seen.lock().unwrap();
    assert_eq!(seen.counts, [1, 1, 500]);
    assert!(seen.events[0] == seen.events[2] && seen.events[0] != seen.events[1]);
}

fn asked(target: &str) -> Arc<TaggedExchange> {
    let client = Ipv4Addr::new(203, 0, 113, 7);
    let exchange = Exchange {
        request: Some(portcullis_exchange::Request {
            method: "GET".into(),
            target: target.into(),
            ..portcullis_exchange::Request::default()
        }),
        ..Exchange::at(Timestamp::from_seconds(1), (client, 40_000), ([192, 0, 2, 1], 80))
    };
    Arc::new(TaggedExchange::untagged(exchange))
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_after_the_control_plane_returns() {
    let fixture = Fixture::new();
    let mute = Plane { acknowledges: false, ..fixture.plane() };
    let server = Running::start(fixture.address, mute).await;
    let (uplink, sender, _state) = fixture.uplink(Some(TOKEN));
    offer(&sender, 0..10);
    fixture.until("ten events", |seen| seen.events.len() == 10).await;
    drop(server);
    offer(&sender, 10..20);
    let _server = Running::start(fixture.address, fixture.plane()).await;
    drop(sender);
    assert_eq!(uplink.stop(Duration::from_secs(20)).await, 0);
    assert_eq!(fixture.distinct_events().len(), 20);
    assert_eq!(fixture.seen.lock().unwrap().events.len(), 30, "the first ten came twice, the others once");
}

#[tokio::test]
async fn an_automatic_block_is_told_on_every_new_stream_until_it_is_acknowledged() {
    let block = |id: &str| AutomaticBlock { event_id: id.into(), ..AutomaticBlock::default() };
    let fixture = Fixture::new();
    *fixture.automatic_blocks.lock().unwrap() = vec![block("a"), block("b")];
    let mute = Plane { acknowledges: false, ..fixture.plane() };
    let server = Running::start(fixture.address, mute).await;
    let (_uplink, _sender, _state) = fixture.uplink(Some(TOKEN));
    fixture.until("both", |seen| seen.automatic_blocks.len() == 2).await;
    drop(server);
    let server = Running::start(fixture.address, fixture.plane()).await;
    fixture.until("both again", |seen| seen.automatic_blocks.len() == 4).await;
    fixture.until("both acknowledged", |_| fixture.automatic_blocks.lock().unwrap().is_empty()).await;
    drop(server);
    let _server = Running::start(fixture.address, fixture.plane()).await;
    fixture.until("a third hello", |seen| seen.hellos.len() == 3 && seen.reports.len() >= 3).await;
    assert_eq!(fixture.seen.lock().unwrap().automatic_blocks, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn what_was_learned_of_endpoints_is_told_until_it_is_acknowledged_and_then_no_more() {
    let fixture = Fixture::new();
    *fixture.endpoints.lock().unwrap() = vec![Endpoint::default(); 3];
    let mute = Plane { acknowledges: false, ..fixture.plane() };
    let server = Running::start(fixture.address, mute).await;
    let (_uplink, _sender, _state) = fixture.uplink(Some(TOKEN));
    fixture.until("all three", |seen| seen.endpoints == 3).await;
    drop(server);
    let _server = Running::start(fixture.address, fixture.plane()).await;
    fixture.until("all three again", |seen| seen.endpoints == 6).await;
    fixture.until("an acknowledgement", |_| fixture.endpoints.lock().unwrap().is_empty()).await;
}

#[tokio::test]
async fn a_restarted_sensor_sends_what_is_left_and_needs_no_token() {
    let fixture = Fixture::new();
    let server = Running::start(fixture.address, fixture.plane()).await;
    let (uplink, sender, state) = fixture.uplink(Some(TOKEN));
    uplink.ready().await;
    offer(&sender, 0..5);
    fixture.until("five events", |seen| seen.events.len() == 5).await;
    drop(server);
    offer(&sender, 5..9);
    drop(sender);
    assert_eq!(uplink.stop(Duration::from_millis(500)).await, 4);
    drop(state);

    let _server = Running::start(fixture.address, fixture.plane()).await;
    let (uplink, sender, _state) = fixture.uplink(None);
    drop(sender);
    assert_eq!(uplink.stop(Duration::from_secs(20)).await, 0);
    let seen = fixture.seen.lock().unwrap();
    assert_eq!((seen.events.clone(), seen.enrolments), (in_order(9), 1));
}

#[tokio::test]
async fn revisions_are_applied_acknowledged_and_remembered() {
    let fixture = Fixture::new();
    let step = |number| ControlMessage {
        message: Some(control_message::Message::Revision(Revision { number, changes: vec![] })),
    };
    let server =
        Running::start(fixture.address, Plane { commands: vec![step(1), step(2)], ..fixture.plane() }).await;
    let (uplink, _sender, state) = fixture.uplink(Some(TOKEN));
    fixture.until("two revisions", |seen| seen.applied == [1, 2]).await;
    fixture.until("a report", |seen| !seen.reports.is_empty()).await;
    drop(server);
    uplink.stop(Duration::ZERO).await;
    drop(state);

    let _server = Running::start(fixture.address, fixture.plane()).await;
    let (_uplink, _sender, _state) = fixture.uplink(None);
    fixture.until("a second hello", |seen| seen.hellos == [0, 2]).await;
    let reports = fixture.seen.lock().unwrap().reports.clone();
    let report = reports.first().unwrap();
    assert_eq!(report.capture_mode, "test");
    assert!(report.counters.contains_key("spool_waiting"));
}

#[tokio::test]
async fn a_hole_in_the_revisions_asks_for_them_again() {
    let fixture = Fixture::new();
    let step = ControlMessage {
        message: Some(control_message::Message::Revision(Revision { number: 7, changes: vec![] })),
    };
    let _server = Running::start(fixture.address, Plane { commands: vec![step], ..fixture.plane() }).await;
    let (_uplink, _sender, _state) = fixture.uplink(Some(TOKEN));
    fixture.until("a second hello", |seen| seen.hellos.len() >= 2).await;
    assert!(fixture.seen.lock().unwrap().applied.is_empty());
}

#[tokio::test]
async fn a_refused_credential_is_replaced_where_there_is_a_token() {
    let fixture = Fixture::new();
    let state = fixture.folder.path().join("state");
    drop(StateDir::open(&state).unwrap());
    std::fs::write(
        state.join("identity.json"),
        r#"{"sensor_id":"s-0","credential":"of another control plane"}"#,
    )
    .unwrap();
    let _server = Running::start(fixture.address, fixture.plane()).await;
    let (uplink, sender, _state) = fixture.uplink(Some(TOKEN));
    offer(&sender, 0..3);
    uplink.ready().await;
    drop(sender);
    assert_eq!(uplink.stop(Duration::from_secs(20)).await, 0);
    assert_eq!(fixture.seen.lock().unwrap().enrolments, 1);
}

#[tokio::test]
async fn without_credential_and_token_there_is_no_start() {
    let fixture = Fixture::new();
    assert!(matches!(fixture.try_uplink(None), Err(UplinkError::NoToken)));
}
