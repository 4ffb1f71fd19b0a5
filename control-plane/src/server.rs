use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tonic::transport::Server as GrpcServer;

use crate::{
    accounts::Accounts,
    api::{self, Api},
    auth::{self, Attempts, FailuresNoted, KeyTerms, PasswordError, Passwords, Secret},
    authority::{Authority, AuthorityError},
    backup,
    clock::EpochMillis,
    data_dir::{DataDir, DataDirError},
    fleet::Fleet,
    grpc::Service,
    ingest::Ingest,
    notify::{self, Notifier, NotifyError, NotifySettings},
    policies::Policies,
    room::Room,
    store::{Act, Role, SqliteStore, Store, StoreError},
    transport::Transport,
};

const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// Requests under way get so long to end.
const GRACE: Duration = Duration::from_secs(5);
/// Finds connections of nodes that died without a word.
const KEEPALIVE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub account_id: String,
    /// Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Older entries of the audit log are forgotten.
    pub audit_retention: Duration,
    pub notify: NotifySettings,
    /// How long a sensor's certificate is good for; a sensor renews it after two thirds of that.
    pub certificate_lifetime: Duration,
    /// Bytes of the disk that events leave free for everything else.
    pub keep_free: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "{address} is in use: is a control plane running already? Choose another with {flag} ADDRESS:PORT"
    )]
    InUse { address: SocketAddr, flag: &'static str },
    #[error("cannot listen on {address} ({flag}): {source}")]
    Listen { address: SocketAddr, flag: &'static str, source: io::Error },
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Notify(#[from] NotifyError),
}

/// A control plane at work. Dropping it ends its tasks, too, but nobody waits for that; [`Server::shut_down`] does.
pub struct Server {
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    /// The key made because there was none. Shown once; nobody can ask for it again.
    pub first_key: Option<Secret>,
    fleet: Arc<Fleet>,
    shutdown: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    // Released last: another server may then open the folder.
    _data_dir: DataDir,
}

impl Server {
    /// Opens the store and listens on both addresses. Everything that can fail fails here.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let data_dir = DataDir::lock(&config.data_dir)?;
        if !config.http.ip().is_loopback() {
            tracing::warn!(
                address = %config.http,
                "--http listens beyond this machine, in plaintext: API keys and events can be read on the way. \
                 Put a TLS proxy in front, or keep to 127.0.0.1"
            );
        }
        let http = listen(config.http, "--http").await?;
        let grpc = listen(config.grpc, "--grpc").await?;
        let (http_address, grpc_address) = (local(&http, config.http)?, local(&grpc, config.grpc)?);

        let path = config.data_dir.clone();
        let opened = crate::blocking::blocking(move || open(&path)).await?;
        let (shutdown, down) = watch::channel(false);
        let transport = Transport::new(opened.authority.clone(), grpc_address)?;
        let accounts = Accounts::new(config.account_id.clone());
        let fleet = Arc::new(Fleet::new(opened.store.clone(), accounts.clone())?);
        let notifier = Arc::new(Notifier::new(opened.store.clone(), &config.data_dir, config.notify)?);
        let room = Arc::new(Room::new(config.data_dir.clone(), config.keep_free));
        let ingest = Arc::new(Ingest::new(opened.store.clone(), accounts, notifier.clone(), room.clone()));
        let service = Service {
            store: opened.store.clone(),
            fleet: fleet.clone(),
            ingest: ingest.clone(),
            authority: opened.authority,
            certificate_lifetime: config.certificate_lifetime,
            shutdown: down.clone(),
        };
        let sweeping = sweep(opened.store.clone(), fleet.clone(), config.audit_retention, down.clone());
        let sensors = fleet.clone();
        let api = Api {
            store: opened.store,
            fleet,
            ingest,
            policies: opened.policies,
            policy_times: opened.policy_times,
            account_id: config.account_id,
            attempts: Attempts::default(),
            failures_noted: FailuresNoted::default(),
            passwords: opened.passwords,
            trusted_proxies: config.trusted_proxies,
            notifier: notifier.clone(),
            room,
            data_dir: config.data_dir,
            backups: Arc::new(Semaphore::new(1)),
        };
        let tasks = vec![
            tokio::spawn(serve_http(http, api, down.clone())),
            tokio::spawn(serve_grpc(grpc, transport, service, down.clone())),
            tokio::spawn(sweeping),
            tokio::spawn(notify::run(notifier, down)),
        ];
        let first_key = opened.first_key;
        Ok(Self {
            http: http_address,
            grpc: grpc_address,
            first_key,
            fleet: sensors,
            shutdown,
            tasks,
            _data_dir: data_dir,
        })
    }

    /// As `revokeSensor` does. Blocks.
    pub fn revoke_sensor(&self, act: &Act, sensor_id: &str) -> Result<bool, StoreError> {
        self.fleet.revoke(act, sensor_id)
    }

    /// Ends streams, lets requests under way finish within a bound, and closes the store.
    pub async fn shut_down(self) {
        self.shutdown.send_replace(true);
        for task in self.tasks {
            let handle = task.abort_handle();
            if tokio::time::timeout(GRACE, task).await.is_err() {
                tracing::warn!("some requests did not end in time and were cut off");
                handle.abort();
            }
        }
    }
}

struct Opened {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    first_key: Option<Secret>,
    passwords: Passwords,
    policies: Policies,
    policy_times: std::collections::HashMap<String, crate::store::PolicyTimes>,
}

fn open(path: &Path) -> Result<Opened, StartError> {
    if let Err(error) = backup::sweep(path) {
        tracing::warn!(%error, "what a backup that broke off left could not be removed");
    }
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path)?);
    let authority = Arc::new(Authority::open(path)?);
    let first_key = match store.keys()?.is_empty() {
        true => {
            let terms = KeyTerms { name: "first".to_owned(), role: Role::Admin, expires_at: None };
            Some(auth::create_key(&*store, &auth::command_line("start"), terms)?.1)
        }
        false => None,
    };
    let policies = Policies::new();
    let policy_times = policies.note(&*store)?;
    let passwords = Passwords::new()?;
    Ok(Opened { store, authority, first_key, passwords, policies, policy_times })
}

async fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse { address, flag },
        _ => StartError::Listen { address, flag, source },
    })
}

fn local(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { address, flag: "local address", source })
}

async fn serve_http(listener: TcpListener, api: Api, mut shutdown: watch::Receiver<bool>) {
    let service = api::router(Arc::new(api)).into_make_service_with_connect_info::<SocketAddr>();
    let down = async move {
        // The sender gone is a shutdown, too.
        let _down = shutdown.wait_for(|down| *down).await;
    };
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(down).await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

async fn serve_grpc(
    listener: TcpListener,
    transport: Transport,
    service: Service,
    mut shutdown: watch::Receiver<bool>,
) {
    let down = async move {
        let _down = shutdown.wait_for(|down| *down).await;
    };
    let served = GrpcServer::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .concurrency_limit_per_connection(64)
        .add_service(service.into_server())
        .serve_with_incoming_shutdown(transport.incoming(listener), down)
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the gRPC server ended");
    }
}

/// Forgets what has run out, and writes down what sensors said. Nothing waits for either: every question asks for what
/// is in force now, and the newest of a sensor is in memory.
async fn sweep(
    store: Arc<dyn Store>,
    fleet: Arc<Fleet>,
    audit_retention: Duration,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        let is_down = tokio::select! {
            _ = shutdown.wait_for(|down| *down) => true,
            _ = ticks.tick() => false,
        };
        record(&fleet).await;
        if is_down {
            return;
        }
        let store = store.clone();
        let swept = crate::blocking::blocking(move || {
            let now = EpochMillis::now();
            let kept = i64::try_from(audit_retention.as_millis()).unwrap_or(i64::MAX);
            Ok::<_, StoreError>((
                store.expire(now)?,
                store.expire_sessions(now, auth::idle_since(now))?,
                store.expire_join_tokens(now)?,
                store.expire_audit(EpochMillis::from_millis(now.millis().saturating_sub(kept)))?,
            ))
        });
        match swept.await {
            Ok((0, 0, 0, 0)) => {}
            Ok((orders, sessions, tokens, audit)) => {
                tracing::debug!(orders, sessions, tokens, audit, "ran out");
            }
            Err(error) => tracing::warn!(%error, "what ran out could not be swept; next try in 15 s"),
        }
    }
}

async fn record(fleet: &Arc<Fleet>) {
    let fleet = fleet.clone();
    if let Err(error) = crate::blocking::blocking(move || fleet.record()).await {
        tracing::warn!(%error, "what sensors reported could not be written down");
    }
}
