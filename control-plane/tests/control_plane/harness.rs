//! A running control plane, and the people and sensors around it.

mod events;
mod person;
mod sensor;

use std::time::Duration;

use control_plane::{
    Config, NotifySettings, Server,
    auth::{KeyTerms, command_line, create_key},
    fleet::{JoinTerms, create_join_token},
    store::Role,
    store::SqliteStore,
};
use tempfile::TempDir;

pub use self::{
    events::{NOON, event, event_at},
    person::Person,
    sensor::{CommandStream, TestSensor},
};

pub struct Plane {
    pub server: Server,
    pub folder: TempDir,
}

impl Plane {
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    pub async fn start_behind(proxy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { trusted_proxies: vec![proxy.parse().unwrap()], ..config(&folder) };
        Self { server: Server::start(config).await.unwrap(), folder }
    }

    pub async fn start_notifying(notify: NotifySettings) -> Self {
        Self::notifying_in(tempfile::tempdir().unwrap(), notify).await
    }

    async fn notifying_in(folder: TempDir, notify: NotifySettings) -> Self {
        let config = Config { notify, ..config(&folder) };
        Self { server: Server::start(config).await.unwrap(), folder }
    }

    pub async fn restart_notifying(self, notify: NotifySettings) -> Self {
        self.server.shut_down().await;
        Self::notifying_in(self.folder, notify).await
    }

    /// Events leave so many bytes of the disk free.
    pub async fn start_keeping(folder: TempDir, keep_free: u64) -> Self {
        let config = Config { keep_free, ..config(&folder) };
        Self { server: Server::start(config).await.unwrap(), folder }
    }

    pub async fn start_in(folder: TempDir) -> Self {
        let server = Server::start(config(&folder)).await.unwrap();
        Self { server, folder }
    }

    /// Ends it and starts another on the same data.
    pub async fn restart(self) -> Self {
        self.server.shut_down().await;
        Self::start_in(self.folder).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.http)
    }

    /// The store as `control-plane keys` opens it: from outside, while the server runs.
    pub fn store(&self) -> SqliteStore {
        SqliteStore::open(self.folder.path()).unwrap()
    }

    pub fn key(&self, role: Role) -> String {
        let terms = KeyTerms { name: "test".to_owned(), role, expires_at: None };
        create_key(&self.store(), &command_line("test"), terms).unwrap().1.reveal().to_owned()
    }

    pub fn person(&self, role: Role) -> Person {
        Person::new(self.url(), self.key(role))
    }

    pub fn join_token(&self) -> String {
        create_join_token(
            &self.store(),
            &command_line("test"),
            JoinTerms { lifetime: Duration::from_secs(60), uses: 100, account_id: String::new() },
        )
        .unwrap()
        .reveal()
        .to_owned()
    }

    pub async fn sensor(&self) -> TestSensor {
        TestSensor::enroll(&format!("http://{}", self.server.grpc), &self.join_token()).await.unwrap()
    }
}

pub fn config(folder: &TempDir) -> Config {
    let any = "127.0.0.1:0".parse().unwrap();
    Config {
        data_dir: folder.path().to_owned(),
        http: any,
        grpc: any,
        account_id: "1000000".to_owned(),
        trusted_proxies: Vec::new(),
        audit_retention: Duration::from_secs(400 * 86_400),
        notify: NotifySettings::default(),
        certificate_lifetime: Duration::from_secs(7 * 86_400),
        keep_free: 1 << 20,
    }
}
