use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tonic::transport::Server as GrpcServer;

use crate::{
    accounts::{OpenError, Planes, Setup},
    api,
    auth::{self, Attempts, KeyTerms, PasswordError, Passwords, Secret},
    authority::{Authority, AuthorityError},
    backup,
    country::{self, Countries, CountryError},
    data_dir::{DataDir, DataDirError},
    fleet::CoverageSettings,
    grpc::Service,
    oidc::{Oidc, OidcError, OidcSettings},
    outbound::NotifySettings,
    room::Room,
    store::{Act, Role, StoreError},
    transport::Transport,
};

const ACCOUNTS_EVERY: Duration = Duration::from_secs(2);
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
    /// Write a day of events to a file before it is dropped for its age.
    pub export_dropped: bool,
    pub notify: NotifySettings,
    /// When people are told of lost coverage; `None` for the usual times.
    pub coverage: Option<CoverageSettings>,
    /// How long a sensor's certificate is good for; a sensor renews it after two thirds of that.
    pub certificate_lifetime: Duration,
    /// Bytes of the disk that events leave free for everything else.
    pub keep_free: u64,
    /// Says instead of the registries' lists in which country an address is: an MMDB file, read again when it changes.
    pub country_db: Option<PathBuf>,
    /// Who vouches for people besides passwords.
    pub oidc: Option<OidcSettings>,
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
    Account(#[from] OpenError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Country(#[from] CountryError),
    #[error(transparent)]
    Oidc(#[from] OidcError),
}

/// A control plane at work. Dropping it ends its tasks, too, but nobody waits for that; [`Server::shut_down`] does.
pub struct Server {
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    /// The key made because there was none. Shown once; nobody can ask for it again.
    pub first_key: Option<Secret>,
    planes: Arc<Planes>,
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

        let (shutdown, down) = watch::channel(false);
        let Opened { planes, authority, countries, first_key } = crate::blocking::blocking({
            let config = config.clone();
            move || open(config)
        })
        .await?;
        let transport = Transport::new(authority.clone(), grpc_address)?;
        let service =
            Service { planes: planes.clone(), authority, certificate_lifetime: config.certificate_lifetime };
        let tasks = vec![
            tokio::spawn(serve_http(http, planes.clone(), down.clone())),
            tokio::spawn(serve_grpc(grpc, transport, service, down.clone())),
            tokio::spawn(keep(planes.clone(), down.clone())),
            tokio::spawn(country::keep(countries, down)),
        ];
        Ok(Self {
            http: http_address,
            grpc: grpc_address,
            first_key,
            planes,
            shutdown,
            tasks,
            _data_dir: data_dir,
        })
    }

    /// As `revokeSensor` does in the operator's account. Blocks.
    pub fn revoke_sensor(&self, act: &Act, sensor_id: &str) -> Result<bool, StoreError> {
        self.planes.own().fleet.revoke(act, sensor_id)
    }

    /// Ends streams, lets requests under way finish within a bound, and closes the store.
    pub async fn shut_down(self) {
        self.shutdown.send_replace(true);
        // First: it ends the sensors' streams, which the listeners wait for.
        self.planes.close().await;
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
    planes: Arc<Planes>,
    authority: Arc<Authority>,
    countries: Arc<Countries>,
    first_key: Option<Secret>,
}

fn open(config: Config) -> Result<Opened, StartError> {
    if let Err(error) = backup::sweep(&config.data_dir) {
        tracing::warn!(%error, "what a backup that broke off left could not be removed");
    }
    let authority = Arc::new(Authority::open(&config.data_dir)?);
    let oidc = config.oidc.map(Oidc::new).transpose()?.map(Arc::new);
    let countries = Arc::new(Countries::open(config.country_db.as_deref())?);
    let planes = Arc::new(Planes::open(Setup {
        oidc,
        countries: countries.clone(),
        room: Arc::new(Room::new(config.data_dir.clone(), config.keep_free)),
        backups: Arc::new(Semaphore::new(1)),
        data_dir: config.data_dir,
        own_id: config.account_id,
        trusted_proxies: config.trusted_proxies,
        audit_retention: config.audit_retention,
        export_dropped: config.export_dropped,
        notify: config.notify,
        coverage: config.coverage.unwrap_or_else(|| CoverageSettings::new(config.certificate_lifetime)),
        attempts: Arc::new(Attempts::default()),
        passwords: Arc::new(Passwords::new()?),
    })?);
    let store = &planes.own().store;
    let first_key = match store.keys()?.is_empty() {
        true => {
            let terms = KeyTerms { name: "first".to_owned(), role: Role::Admin, expires_at: None };
            Some(auth::create_key(&**store, &auth::command_line("start"), terms)?.1)
        }
        false => None,
    };
    Ok(Opened { planes, authority, countries, first_key })
}

/// Opens accounts that were made beside this process, and closes those that were removed.
async fn keep(planes: Arc<Planes>, mut shutdown: watch::Receiver<bool>) {
    loop {
        planes.keep().await;
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            () = tokio::time::sleep(ACCOUNTS_EVERY) => {}
        }
    }
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

async fn serve_http(listener: TcpListener, planes: Arc<Planes>, mut shutdown: watch::Receiver<bool>) {
    let service = api::router(planes).into_make_service_with_connect_info::<SocketAddr>();
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
