//! The uplink against a real control plane, over TLS: how a sensor gets in, stays in, and is shut out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{path::Path, time::Duration};

use control_plane::{
    AccountId, Config as PlaneConfig, NotifySettings, Server,
    auth::command_line,
    authority::Authority,
    clock::EpochMillis,
    fleet::{JoinTerms, create_join_token},
    store::{
        AccountStore as _, EventFilter, EventStore as _, Page, SensorRecord, SensorStore as _, SqliteStore,
    },
};
use portcullis_proto::{
    authority::Fingerprint,
    v1::{self, EnrollRequest, ThreatEvent, control_plane_client::ControlPlaneClient},
};
use sensor_user::{
    orders::{Orders, OutOfOrder},
    state_dir::StateDir,
    uplink::{Config, EventSender, JoinToken, Node, Prepared, Uplink, UplinkError, bounded},
};
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// A node that has nothing to enforce.
struct Bare(std::sync::Mutex<Orders>, watch::Sender<u64>);

impl Node for Bare {
    fn revision(&self) -> u64 {
        self.0.lock().unwrap().revision()
    }
    fn apply(&self, message: v1::ControlMessage) -> Result<Option<v1::Applied>, OutOfOrder> {
        let mut orders = self.0.lock().unwrap();
        match message.message.unwrap() {
            v1::control_message::Message::Snapshot(snapshot) => orders.snapshot(snapshot),
            v1::control_message::Message::Revision(revision) => orders.revise(revision).map(Some),
            _ => Ok(None),
        }
    }
    fn forget_revision(&self) {
        self.0.lock().unwrap().forget_revision();
    }
    fn report(&self) -> v1::SensorReport {
        v1::SensorReport::default()
    }
    fn automatic_blocks(&self) -> Vec<v1::AutomaticBlock> {
        Vec::new()
    }
    fn automatic_blocks_made(&self) -> watch::Receiver<u64> {
        self.1.subscribe()
    }
    fn inventory(&self, _counts: bool) -> Option<v1::InventoryUpdate> {
        None
    }
    fn inventory_arrived(&self, _number: u64) {}
    fn inventory_lost(&self, _update: v1::InventoryUpdate) {}
}

struct Plane {
    server: Server,
    folder: TempDir,
}

impl Plane {
    async fn start(certificate_lifetime: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let server = Server::start(PlaneConfig {
            data_dir: folder.path().to_owned(),
            http: any,
            grpc: any,
            account_id: "1000000".to_owned(),
            trusted_proxies: Vec::new(),
            audit_retention: Duration::from_secs(400 * 86_400),
            export_dropped: true,
            notify: NotifySettings::default(),
            coverage: None,
            certificate_lifetime,
            keep_free: 0,
            oidc: None,
            country_db: None,
        })
        .await
        .unwrap();
        Self { server, folder }
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(self.folder.path()).unwrap()
    }

    fn secret(&self, lifetime: Duration) -> String {
        let terms = JoinTerms { lifetime, uses: 1 };
        create_join_token(&self.store(), &command_line("test"), terms).unwrap().reveal().to_owned()
    }

    fn authority(&self) -> Fingerprint {
        Authority::open(self.folder.path()).unwrap().fingerprint()
    }

    fn token(&self) -> String {
        format!("{}@{}", self.secret(WEEK), self.authority())
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.server.grpc)
    }

    fn only_sensor(&self) -> SensorRecord {
        let mut sensors = self.store().sensors().unwrap();
        assert_eq!(sensors.len(), 1);
        sensors.remove(0)
    }

    /// How many events of this sensor are kept.
    fn events(&self) -> u64 {
        let page = Page { skip: 0, limit: 10, sort: Vec::new() };
        self.store().list(&EventFilter::all(), &page).unwrap().total
    }
}

struct Sensor {
    uplink: Uplink,
    events: EventSender,
    _state: StateDir,
}

impl Sensor {
    fn start(url: String, state: &Path, token: Option<&str>) -> Result<Self, UplinkError> {
        Self::start_knowing(url, state, token, None)
    }

    fn start_knowing(
        url: String,
        state: &Path,
        token: Option<&str>,
        authority: Option<Fingerprint>,
    ) -> Result<Self, UplinkError> {
        let state = StateDir::open(state).unwrap();
        let join_token = token.map(|token| {
            std::fs::write(state.file("token"), token).unwrap();
            JoinToken::read(&state.file("token")).unwrap()
        });
        let config =
            Config { control_plane: url, authority, node: "node-1".into(), join_token, spool_limit: 1 << 20 };
        let (events, receiver) = bounded();
        let orders = Orders::open(state.file("orders"), None).unwrap();
        let node = Bare(std::sync::Mutex::new(orders), watch::Sender::new(0));
        let uplink = Prepared::new(config, &state)?.start(std::sync::Arc::new(node), receiver);
        Ok(Self { uplink, events, _state: state })
    }

    async fn is_up(&self) -> bool {
        timeout(PATIENCE, self.uplink.ready()).await.is_ok()
    }

    fn offer(&self, number: u32, account_id: &str) {
        self.events.offer(&ThreatEvent {
            event_id: format!("0198c0de-0000-7000-8000-{number:012}"),
            ref_id: "r".into(),
            detected_at_ms: 1_700_000_000_000,
            actor: "203.0.113.9".into(),
            policy_id: "PathTraversal".into(),
            account_id: account_id.into(),
            severity: v1::Severity::High.into(),
            event_type: v1::EventType::Single.into(),
            detection_type: v1::DetectionType::RuleBased.into(),
            ..ThreatEvent::default()
        });
    }

    /// Events that could not be handed over.
    async fn end(self, patience: Duration) -> u64 {
        drop(self.events);
        self.uplink.stop(patience).await
    }
}

fn identity(state: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(state.join("identity.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_sensor_enrols_for_a_certificate_and_comes_back_with_it() {
    let plane = Plane::start(WEEK).await;
    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
    assert!(sensor.is_up().await);
    sensor.offer(1, "");
    assert_eq!(sensor.end(PATIENCE).await, 0);
    let kept = identity(state.path());
    assert_eq!(kept["sensor_id"], plane.only_sensor().id.as_str());
    assert!(kept["certificate"].is_string() && kept["credential"].is_null());
    assert!(plane.only_sensor().credential_hash.is_none());

    let sensor = Sensor::start(plane.url("https"), state.path(), None).unwrap();
    sensor.offer(2, "");
    assert!(sensor.is_up().await);
    assert_eq!(sensor.end(PATIENCE).await, 0);
    assert_eq!(plane.events(), 2);
}

#[tokio::test]
async fn events_of_another_account_are_not_taken() {
    let plane = Plane::start(WEEK).await;
    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
    sensor.offer(1, "another");
    sensor.offer(2, "1000000");
    assert!(sensor.is_up().await);
    assert_eq!(sensor.end(PATIENCE).await, 0, "it is acknowledged: sent again it would be no less another's");
    assert_eq!(plane.events(), 1);
}

#[tokio::test]
async fn a_tenants_sensor_writes_the_tenants_account_alone_also_with_its_next_certificate() {
    let plane = Plane::start(Duration::from_secs(6)).await;
    let acme = AccountId::parse("acme").unwrap();
    let now = EpochMillis::now();
    plane.store().create_account(&command_line("test"), &acme, "Acme", now, 8).unwrap();
    let folder = plane.folder.path().join("accounts/acme");
    std::fs::create_dir_all(&folder).unwrap();
    let theirs = SqliteStore::open_for(&folder, Some(acme)).unwrap();
    let terms = JoinTerms { lifetime: WEEK, uses: 1 };
    let secret = create_join_token(&theirs, &command_line("test"), terms).unwrap();
    let token = format!("{}@{}", secret.reveal(), plane.authority());

    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&token)).unwrap();
    assert!(sensor.is_up().await);
    sensor.offer(1, "");
    let first = identity(state.path())["certificate"].clone();
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_ne!(identity(state.path())["certificate"], first);
    sensor.offer(2, "");
    // The operator's is another account, whatever a sensor says.
    sensor.offer(3, "1000000");
    assert_eq!(sensor.end(PATIENCE).await, 0);
    let page = Page { skip: 0, limit: 10, sort: Vec::new() };
    assert_eq!(theirs.list(&EventFilter::all(), &page).unwrap().total, 2);
    assert_eq!(plane.events(), 0);
    assert!(plane.store().sensors().unwrap().is_empty());
}

#[tokio::test]
async fn a_certificate_is_renewed_before_it_is_over_and_used_at_once() {
    let plane = Plane::start(Duration::from_secs(6)).await;
    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
    assert!(sensor.is_up().await);
    let first = identity(state.path());
    tokio::time::sleep(Duration::from_secs(9)).await;
    let second = identity(state.path());
    assert_eq!(first["sensor_id"], second["sensor_id"]);
    assert_ne!(first["certificate"], second["certificate"]);
    assert_ne!(first["key"], second["key"]);
    sensor.offer(1, "");
    assert_eq!(sensor.end(PATIENCE).await, 0, "the first certificate alone would be over by now");
    assert_eq!(plane.store().sensors().unwrap().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_is_over_lets_nobody_in() {
    let plane = Plane::start(Duration::from_secs(2)).await;
    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
    assert!(sensor.is_up().await);
    assert_eq!(sensor.end(Duration::ZERO).await, 0);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let sensor = Sensor::start(plane.url("https"), state.path(), None).unwrap();
    assert!(timeout(Duration::from_secs(2), sensor.uplink.ready()).await.is_err());
}

#[tokio::test]
async fn a_revoked_sensor_is_cut_off_at_once_and_stays_out() {
    let plane = Plane::start(WEEK).await;
    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
    assert!(sensor.is_up().await);
    plane.server.revoke_sensor(&command_line("test"), &plane.only_sensor().id).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    sensor.offer(1, "");
    assert_eq!(sensor.end(Duration::from_secs(2)).await, 1, "the event stays with the sensor");
    assert_eq!(plane.events(), 0);

    let again = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
    assert!(
        timeout(Duration::from_secs(2), again.uplink.ready()).await.is_err(),
        "not by a join token either: somebody wants it out"
    );
}

#[tokio::test]
async fn a_control_plane_of_another_authority_is_not_spoken_to() {
    let (plane, other) = (Plane::start(WEEK).await, Plane::start(WEEK).await);
    let state = tempfile::tempdir().unwrap();
    let token = format!("{}@{}", plane.secret(WEEK), other.authority());
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&token)).unwrap();
    assert!(timeout(Duration::from_secs(2), sensor.uplink.ready()).await.is_err());
    assert!(plane.store().sensors().unwrap().is_empty(), "the token was not shown");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (plane, other) = (Plane::start(WEEK).await, Plane::start(WEEK).await);
    let state = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(other.url("https"), state.path(), Some(&other.token())).unwrap();
    assert!(sensor.is_up().await);
    sensor.end(Duration::ZERO).await;
    // It takes the other control plane for its own, and shows what that one gave it.
    let mut kept = identity(state.path());
    kept["authority"] = plane.authority().to_string().into();
    std::fs::write(state.path().join("identity.json"), kept.to_string()).unwrap();
    let sensor = Sensor::start(plane.url("https"), state.path(), None).unwrap();
    assert!(timeout(Duration::from_secs(2), sensor.uplink.ready()).await.is_err());
}

#[tokio::test]
async fn a_join_token_that_is_over_lets_nobody_in() {
    let plane = Plane::start(WEEK).await;
    let state = tempfile::tempdir().unwrap();
    let token = format!("{}@{}", plane.secret(Duration::ZERO), plane.authority());
    let sensor = Sensor::start(plane.url("https"), state.path(), Some(&token)).unwrap();
    assert!(timeout(Duration::from_secs(2), sensor.uplink.ready()).await.is_err());
    assert!(plane.store().sensors().unwrap().is_empty());
}

#[tokio::test]
async fn a_sensor_is_whom_its_certificate_names_whatever_its_file_says() {
    let plane = Plane::start(WEEK).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for state in [&a, &b] {
        let sensor = Sensor::start(plane.url("https"), state.path(), Some(&plane.token())).unwrap();
        assert!(sensor.is_up().await);
        sensor.end(Duration::ZERO).await;
    }
    let mut forged = identity(a.path());
    forged["sensor_id"] = identity(b.path())["sensor_id"].clone();
    std::fs::write(a.path().join("identity.json"), forged.to_string()).unwrap();
    let sensor = Sensor::start(plane.url("https"), a.path(), None).unwrap();
    sensor.offer(1, "");
    assert!(sensor.is_up().await);
    // Revoking the one that it says it is does not touch it; revoking the one that its certificate names does.
    let named = |state: &TempDir| identity(state.path())["sensor_id"].as_str().unwrap().to_owned();
    plane.server.revoke_sensor(&command_line("test"), &named(&b)).unwrap();
    sensor.offer(2, "");
    assert_eq!(sensor.end(PATIENCE).await, 0);
    assert_eq!(plane.events(), 2);
}

#[tokio::test]
async fn a_credential_of_before_is_exchanged_once() {
    let plane = Plane::start(WEEK).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = ControlPlaneClient::connect(plane.url("http")).await.unwrap();
    let request = EnrollRequest {
        join_token: plane.secret(WEEK),
        node: "node-1".into(),
        version: "0.1.0".into(),
        certificate_request: Vec::new(),
    };
    let enrolled = client.enroll(request).await.unwrap().into_inner();
    let old = serde_json::json!({"sensor_id": enrolled.sensor_id, "credential": enrolled.credential});
    drop(StateDir::open(state.path()).unwrap());
    std::fs::write(state.path().join("identity.json"), old.to_string()).unwrap();
    assert!(matches!(
        Sensor::start(plane.url("https"), state.path(), None).map(|_| ()),
        Err(UplinkError::NoAuthority)
    ));
    let sensor =
        Sensor::start_knowing(plane.url("https"), state.path(), None, Some(plane.authority())).unwrap();
    assert!(sensor.is_up().await);
    sensor.end(Duration::ZERO).await;
    assert_eq!(plane.only_sensor().id, enrolled.sensor_id);
    assert!(plane.only_sensor().credential_hash.is_none(), "it is of no use to whoever copied it");
    assert!(identity(state.path())["credential"].is_null());
}
