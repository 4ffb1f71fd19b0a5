//! A running control plane, and the people and sensors around it.

mod events;
mod person;
mod replies;
mod sensor;

use std::time::Duration;

use control_plane::{
    AccountId, Config, NotifySettings, OidcSettings, Server,
    auth::{KeyTerms, command_line, create_key},
    fleet::{JoinTerms, create_join_token},
    store::Role,
    store::SqliteStore,
};
use serde_json::json;
use tempfile::TempDir;

pub use self::{
    events::{NOON, event, event_at},
    person::Person,
    replies::{problems, read},
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

    pub async fn start_with_oidc(oidc: OidcSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { oidc: Some(oidc), ..config(&folder) };
        Self { server: Server::start(config).await.unwrap(), folder }
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

    /// Another account's store, as [`Self::store`].
    pub fn store_of(&self, account: &str) -> SqliteStore {
        let id = AccountId::parse(account).unwrap();
        SqliteStore::open_for(&self.folder.path().join("accounts").join(account), Some(id)).unwrap()
    }

    /// Makes an account; somebody with its first key.
    pub async fn account(&self, id: &str) -> Person {
        let made = self.person(Role::Admin).ask("addAccount", json!({ "id": id, "name": "Tenant" })).await;
        Person::new(self.url(), made["key"].as_str().unwrap().to_owned())
    }

    pub async fn sensor_of(&self, store: &SqliteStore) -> TestSensor {
        let terms = JoinTerms { lifetime: Duration::from_secs(60), uses: 100 };
        let token = create_join_token(store, &command_line("test"), terms).unwrap();
        TestSensor::enroll(&format!("http://{}", self.server.grpc), token.reveal()).await.unwrap()
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
            JoinTerms { lifetime: Duration::from_secs(60), uses: 100 },
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
        export_dropped: true,
        notify: NotifySettings::default(),
        coverage: None,
        certificate_lifetime: Duration::from_secs(7 * 86_400),
        keep_free: 1 << 20,
        country_db: None,
        oidc: None,
    }
}
