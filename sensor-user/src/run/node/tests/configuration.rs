//! The threat configuration from the REST call to the judgement, over the real uplink.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use control_plane::{
    Config, NotifySettings, Server,
    auth::command_line,
    authority::Authority,
    fleet::{JoinTerms, create_join_token},
    store::SqliteStore,
};
use portcullis_detection::Example;
use portcullis_exchange::Tags;
use serde_json::{Value, json};

use super::*;
use crate::{
    event::threat_event,
    state_dir::StateDir,
    tag::Tagger,
    uplink::{self, JoinToken, Prepared},
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Plane {
    server: Server,
    folder: tempfile::TempDir,
}

impl Plane {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let day = Duration::from_secs(86_400);
        let server = Server::start(Config {
            data_dir: folder.path().to_owned(),
            http: any,
            grpc: any,
            account_id: "1000000".to_owned(),
            trusted_proxies: Vec::new(),
            audit_retention: 400 * day,
            export_dropped: true,
            notify: NotifySettings::default(),
            coverage: None,
            certificate_lifetime: 7 * day,
            keep_free: 0,
            oidc: None,
            country_db: None,
        });
        Self { server: server.await.unwrap(), folder }
    }

    fn token(&self) -> String {
        let store = SqliteStore::open(self.folder.path()).unwrap();
        let terms = JoinTerms { lifetime: Duration::from_secs(60), uses: 1 };
        let secret = create_join_token(&store, &command_line("test"), terms).unwrap();
        format!("{}@{}", secret.reveal(), Authority::open(self.folder.path()).unwrap().fingerprint())
    }

    fn ask(&self, name: &str, body: &Value) -> Value {
        let key = self.server.first_key.as_ref().unwrap().reveal();
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.server.http).unwrap();
        write!(
            stream,
            "POST /api/{name} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = std::time::Instant::now();
        loop {
            let sensor = self.ask("fetchSensors", &json!({}))["sensors"][0].clone();
            if holds(&sensor) {
                return sensor;
            }
            assert!(began.elapsed() < PATIENCE, "not {what}: {sensor}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What becomes an event of such a request, as it would leave the node.
fn events(node: &RunningNode, request: &str) -> Vec<v1::ThreatEvent> {
    let exchange = Example::parse(request.as_bytes()).unwrap().exchange.exchange.clone();
    let tagger = Tagger::following(Tags::default(), Arc::clone(&node.following.recognition));
    let found = node.policies.engine().judge(&Arc::new(tagger.tag(exchange)));
    let redaction = node.following.redaction.load();
    found.iter().filter_map(threat_event).map(|event| redaction.apply(event)).collect()
}

const LOGIN: &str = "POST /login\nhost: shop.test\nx-user: ann-the-user\nx-tenant: acme\n\
                     content-type: application/json\n\n{\"account_no\": 4711, \"user\": \"EMP-77\"}";

#[test]
fn what_is_configured_at_the_control_plane_changes_how_this_node_judges() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let plane = runtime.block_on(Plane::start());
    let Scene { node, _folder: folder, .. } = Scene::set();
    let node = Arc::new(node);
    let state = StateDir::open(&folder.path().join("state")).unwrap();
    std::fs::write(state.file("token"), plane.token()).unwrap();
    let config = uplink::Config {
        control_plane: format!("https://{}", plane.server.grpc),
        authority: None,
        node: "edge-1".to_owned(),
        join_token: Some(JoinToken::read(&state.file("token")).unwrap()),
        spool_limit: 1 << 20,
    };
    let (_events, queue) = uplink::bounded();
    let _entered = runtime.enter();
    let uplink = Prepared::new(config, &state).unwrap().start(Arc::clone(&node) as Arc<dyn Node>, queue);
    plane.until("connected", |sensor| sensor["connected"] == true);
    assert!((0..5).all(|_| events(&node, LOGIN).is_empty()), "nothing is configured yet");

    let changed = plane.ask(
        "modifyThreatConfiguration",
        &json!({
            "trustedProxies": {"cidrs": ["203.0.113.0/24"], "header": "x-forwarded-for"},
            "actorIdentity": [{"source": "header", "name": "X-User"}],
            "rateLimits": [{"name": "login", "methods": ["POST"], "path": "/login", "requests": 3}],
            "redaction": {"headers": ["X-Tenant"], "fields": ["account_no"], "patterns": ["EMP-[0-9]+"]},
            "waitSeconds": 20,
        }),
    );
    assert_eq!((&changed["sensors"], &changed["refused"]), (&json!({"total": 1, "applied": 1}), &json!([])));

    assert!(events(&node, LOGIN).is_empty());
    assert!(events(&node, LOGIN).is_empty());
    let [event] = events(&node, LOGIN).try_into().unwrap();
    assert_eq!((event.policy_id.as_str(), event.match_count), ("RateLimit-login", 3));
    assert!(event.actor.starts_with("id:") && event.actor.len() == 35, "{}", event.actor);
    assert_eq!(event.actor_address, "203.0.113.7");
    let told = format!("{event:?}");
    let payload = String::from_utf8_lossy(&event.samples[0].request_payload);
    for secret in ["ann-the-user", "acme", "EMP-77"] {
        assert!(!told.contains(secret) && !payload.contains(secret), "{secret} in {told} {payload}");
    }
    assert_eq!(payload, r#"{"account_no": "***", "user": "***"}"#);

    let tagger = Tagger::following(Tags::default(), Arc::clone(&node.following.recognition));
    let proxied = Example::parse(b"GET /\nx-forwarded-for: 198.51.100.9").unwrap();
    let actor = tagger.tag(proxied.exchange.exchange.clone()).actor;
    assert_eq!(actor.name(), "198.51.100.9", "the example's client is a trusted proxy now");

    let revision = changed["revision"].clone();
    plane.until("reported", |sensor| sensor["configurationRevision"] == revision);
    plane.ask("modifyThreatConfiguration", &json!({"replace": true, "waitSeconds": 20}));
    assert!((0..5).all(|_| events(&node, LOGIN).is_empty()), "as it was started");
    runtime.block_on(uplink.stop(Duration::from_millis(100)));
    runtime.block_on(plane.server.shut_down());
}
