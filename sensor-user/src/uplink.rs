//! The line to the control plane: events up, commands down.
//!
//! The sensor always dials. What the shards hand over goes to the spool first and leaves it only when the control
//! plane says that it is stored, so an absence of either side costs nothing but time.

mod address;
mod backoff;
mod commands;
mod enrol;
mod events;
mod identity;
mod inventory;
mod journal;
mod link;
mod notice;
mod queue;
pub mod spool;
mod tls;

use std::{sync::Arc, time::Duration};

use portcullis_proto::{authority::Fingerprint, v1};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tonic::transport::Endpoint;

use crate::{counters::Counters, orders::OutOfOrder, state_dir::StateDir};

use address::Scheme;
use identity::{IdentityFile, Proof};
pub use identity::{JoinToken, TokenError};
use journal::Journal;
use link::{Link, Security};
pub use queue::{EventReceiver, EventSender, bounded};
use spool::{Spool, SpoolError};

/// Larger than any event batch or snapshot: a hundred thousand blocks take about 5 MB.
const MAX_MESSAGE: usize = 64 << 20;

#[derive(Clone)]
pub struct Config {
    /// `https://host:port`, or `http://host:port` on loopback.
    pub control_plane: String,
    /// What its authority is known by where neither the join token nor the state folder says so.
    pub authority: Option<Fingerprint>,
    pub node: String,
    /// Needed until there is a credential in the state folder.
    pub join_token: Option<JoinToken>,
    /// Bytes on disk that waiting events may take.
    pub spool_limit: u64,
}

/// What the commands act upon and the reports tell of. Called where blocking is allowed.
pub trait Node: Send + Sync + 'static {
    fn revision(&self) -> u64;
    /// `None` where there is nothing to acknowledge yet.
    fn apply(&self, message: v1::ControlMessage) -> Result<Option<v1::Applied>, OutOfOrder>;
    /// The credential is a new one: revision counts of before mean nothing.
    fn forget_revision(&self);
    fn report(&self) -> v1::SensorReport;
    /// Those that the control plane has not acknowledged.
    fn automatic_blocks(&self) -> Vec<v1::AutomaticBlock>;
    /// Changes with every one of them.
    fn automatic_blocks_made(&self) -> watch::Receiver<u64>;
    /// What is new at the endpoints; with `counts`, also where no more is new than how often they were asked for.
    fn inventory(&self, counts: bool) -> Option<v1::InventoryUpdate>;
    /// The update of this number is stored.
    fn inventory_arrived(&self, number: u64);
    /// It is not, and has to be told again.
    fn inventory_lost(&self, update: v1::InventoryUpdate);
}

#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    #[error("`{0}` is no address of a control plane; write https://HOST:PORT, as https://192.0.2.1:9090")]
    Address(String),
    #[error("{0} would be plaintext, which is for loopback alone; write https:// instead of http://")]
    Plaintext(String),
    #[error(
        "nothing says what the control plane's certificate authority is known by; make a join token with this version's \
         `control-plane join-token create` and add --join-token FILE, or add --authority with what \
         `control-plane authority` prints"
    )]
    NoAuthority,
    #[error(
        "this sensor has a certificate, which plaintext has no use for; write --control-plane https://HOST:PORT"
    )]
    HasCertificate,
    #[error(
        "no credential in the state folder yet; make a join token with `control-plane join-token create --data-dir DIR > FILE` and add --join-token FILE"
    )]
    NoToken,
    #[error("the spool cannot be used: {0}")]
    Spool(#[from] SpoolError),
    #[error("the credential cannot be read: {0}")]
    Identity(std::io::Error),
}

/// Everything checked that can be checked before the kernel is touched.
pub struct Prepared {
    config: Config,
    endpoint: Endpoint,
    security: Security,
    identity: IdentityFile,
    spool: Spool,
}

/// The running line.
pub struct Uplink {
    journal: Arc<Journal>,
    writing: JoinHandle<()>,
    linking: JoinHandle<()>,
    up: watch::Receiver<bool>,
}

impl Prepared {
    pub fn new(config: Config, state: &StateDir) -> Result<Self, UplinkError> {
        let (endpoint, scheme) = endpoint(&config.control_plane)?;
        let identity = IdentityFile::open(state.file("identity.json")).map_err(UplinkError::Identity)?;
        if identity.current().is_none() && config.join_token.is_none() {
            return Err(UplinkError::NoToken);
        }
        let security = match (scheme, identity.current().map(|identity| &identity.proof)) {
            (Scheme::Plaintext, Some(Proof::Certificate(_))) => return Err(UplinkError::HasCertificate),
            (Scheme::Plaintext, _) => Security::Plaintext,
            (Scheme::Tls, Some(Proof::Certificate(_))) => {
                Security::Tls { authority: named_authority(&config) }
            }
            (Scheme::Tls, _) => match named_authority(&config) {
                None => return Err(UplinkError::NoAuthority),
                named => Security::Tls { authority: named },
            },
        };
        let spool = Spool::open(&state.file("spool"), config.spool_limit)?;
        Ok(Self { config, endpoint, security, identity, spool })
    }

    /// Needs a tokio runtime around it.
    pub fn start(self, node: Arc<dyn Node>, events: EventReceiver) -> Uplink {
        let Self { config, endpoint, security, identity, spool } = self;
        let journal = Arc::new(Journal::new(spool, &events));
        let (is_up, up) = watch::channel(false);
        let link = Link {
            endpoint,
            security,
            url: config.control_plane,
            node_name: config.node,
            join_token: config.join_token,
            identity,
            enrol_again: false,
            journal: Arc::clone(&journal),
            node,
            is_up,
        };
        let writing = tokio::spawn(Arc::clone(&journal).write_down(events));
        let linking = tokio::spawn(link.keep_up());
        Uplink { journal, writing, linking, up }
    }
}

impl Uplink {
    /// Resolves once the command stream stands.
    pub async fn ready(&self) {
        // The sender lives as long as the link task; its end is seen elsewhere.
        self.up.clone().wait_for(|up| *up).await.ok();
    }

    pub fn counters(&self) -> Counters {
        self.journal.counters()
    }

    /// Lets everything out that the shards handed over, as long as `patience` lasts; the rest stays in the spool.
    /// All [`EventSender`]s must be gone. Gives how many events still wait.
    pub async fn stop(self, patience: Duration) -> u64 {
        let drained = async {
            self.writing.await.ok();
            self.journal.drained().await;
        };
        timeout(patience, drained).await.ok();
        self.linking.abort();
        self.journal.sync();
        self.journal.waiting()
    }
}

/// What the command line says the authority is known by.
fn named_authority(config: &Config) -> Option<Fingerprint> {
    config.authority.or_else(|| config.join_token.as_ref().and_then(JoinToken::authority))
}

/// Whether this is an address that a link can be made to.
fn endpoint(url: &str) -> Result<(Endpoint, Scheme), UplinkError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| UplinkError::Address(url.to_owned()))?;
    let scheme = Scheme::of(url, endpoint.uri())?;
    // Keep-alives find a dead line in 20 s, where TCP alone would wait for a quarter of an hour.
    let endpoint = endpoint
        .connect_timeout(Duration::from_secs(5))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    Ok((endpoint, scheme))
}
