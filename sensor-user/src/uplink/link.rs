use std::{error::Error, io, sync::Arc};

use portcullis_proto::{authority::Fingerprint, v1::control_plane_client::ControlPlaneClient};
use tokio::{sync::watch, time::sleep};
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use super::{
    MAX_MESSAGE, Node,
    backoff::Backoff,
    commands, enrol, events,
    identity::{Certificate, Credential, IdentityFile, JoinToken, Proof},
    journal::Journal,
    notice::Notice,
    spool::SpoolError,
    tls::{self, TlsProblem},
};
use crate::orders::OutOfOrder;

/// How the control plane is spoken to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Security {
    /// To loopback alone, with a credential.
    Plaintext,
    /// With certificates, of the authority that somebody named: for a sensor that has none yet.
    Tls { authority: Option<Fingerprint> },
}

/// Keeps both streams up, whatever happens to them.
pub(super) struct Link {
    pub(super) endpoint: Endpoint,
    pub(super) security: Security,
    pub(super) url: String,
    pub(super) node_name: String,
    pub(super) join_token: Option<JoinToken>,
    pub(super) identity: IdentityFile,
    /// What this sensor is known by was refused, and there is a token to get another with.
    pub(super) enrol_again: bool,
    pub(super) journal: Arc<Journal>,
    pub(super) node: Arc<dyn Node>,
    pub(super) is_up: watch::Sender<bool>,
}

/// Why the line is down, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the control plane cannot be reached: {0}; start it, or check --control-plane")]
    Unreachable(String),
    #[error(
        "the control plane refused the join token: {}; make a new one with `control-plane join-token create \
         --data-dir DIR` and start the sensor with --join-token FILE",
        .0.message()
    )]
    TokenRefused(Status),
    #[error(
        "the control plane does not accept this sensor's credential: {}; if its data is new, start the sensor with \
         --join-token FILE to enrol again",
        .0.message()
    )]
    CredentialRefused(Status),
    #[error(
        "the control plane's certificate is signed by another authority than this sensor knows; check --control-plane; \
         if its data is new, make a join token with `control-plane join-token create --data-dir DIR` and start the \
         sensor with --join-token FILE"
    )]
    OtherAuthority,
    #[error(
        "by this node's clock the control plane's certificate is not valid ({0}); set the clocks of both (`timedatectl` \
         shows this node's)"
    )]
    Clock(String),
    #[error(
        "this sensor's certificate has run out: it was away for longer than that lives, or a clock is wrong; make a join \
         token with `control-plane join-token create --data-dir DIR` and start the sensor with --join-token FILE"
    )]
    CertificateExpired,
    #[error(
        "the control plane refused this sensor's certificate; if its data is new, make a join token with \
         `control-plane join-token create --data-dir DIR` and start the sensor with --join-token FILE"
    )]
    CertificateRefused,
    #[error(
        "this sensor was revoked; to let it in again, remove identity.json from its state folder and start it with a new \
         join token"
    )]
    Revoked,
    #[error("TLS to the control plane failed: {0}; check that --control-plane is its gRPC address")]
    Tls(String),
    #[error("a certificate request could not be made: {0}")]
    Request(#[from] rcgen::Error),
    #[error("the control plane does not know this call ({}); run the same version of both", .0.message())]
    OtherVersion(Status),
    #[error("the line to the control plane broke: {}", .0.message())]
    Ended(Status),
    #[error("{0}; everything is asked for again")]
    OutOfOrder(#[from] OutOfOrder),
    #[error("the spool failed: {0}")]
    Spool(#[from] SpoolError),
    #[error("the credential could not be stored: {0}")]
    Identity(#[from] io::Error),
}

impl From<Status> for LinkError {
    fn from(status: Status) -> Self {
        if let Some(problem) = status.source().and_then(tls::problem) {
            return problem.into();
        }
        match status.code() {
            Code::PermissionDenied => Self::Revoked,
            Code::Unauthenticated => Self::CredentialRefused(status),
            Code::Unimplemented => Self::OtherVersion(status),
            _ => Self::Ended(status),
        }
    }
}

impl From<TlsProblem> for LinkError {
    fn from(problem: TlsProblem) -> Self {
        match problem {
            TlsProblem::OtherAuthority => Self::OtherAuthority,
            TlsProblem::Clock(what) => Self::Clock(what),
            TlsProblem::Expired => Self::CertificateExpired,
            TlsProblem::Refused => Self::CertificateRefused,
            TlsProblem::Other(what) => Self::Tls(what),
        }
    }
}

impl From<tonic::transport::Error> for LinkError {
    fn from(error: tonic::transport::Error) -> Self {
        tls::problem(&error).map_or_else(|| Self::Unreachable(root_cause(&error)), Self::from)
    }
}

impl LinkError {
    /// Whether another enrolment would help. Not for one that was revoked: somebody wants it out.
    fn wants_enrolment(&self) -> bool {
        matches!(
            self,
            Self::CredentialRefused(_)
                | Self::OtherAuthority
                | Self::CertificateExpired
                | Self::CertificateRefused
        )
    }
}

impl Link {
    pub(super) async fn keep_up(mut self) {
        let mut backoff = Backoff::default();
        let mut notice = Notice::default();
        loop {
            let ended = self.once().await;
            let Err(error) = ended else {
                tracing::info!(control_plane = self.url, "certificate renewed; connecting with it");
                continue;
            };
            if self.is_up.send_replace(false) {
                backoff.reset();
                notice.recovered();
            }
            self.enrol_again = error.wants_enrolment() && self.join_token.is_some();
            notice.tell(&error, &self.url, self.journal.waiting());
            self.journal.reconnected();
            sleep(backoff.next()).await;
        }
    }

    /// From the dialling to the end of either stream, or until there is a new certificate to dial with.
    async fn once(&mut self) -> Result<(), LinkError> {
        match self.security {
            Security::Plaintext => {
                let channel = self.endpoint.connect().await?;
                let credential = self.credential(channel.clone()).await?;
                self.converse(&Client { channel, bearer: Some(bearer(&credential)?) }).await
            }
            Security::Tls { authority } => {
                let certificate = self.certificate(authority).await?;
                let channel = self.dial(certificate.authority, Some(&certificate)).await?;
                let client = Client { channel, bearer: None };
                let next = tokio::select! {
                    ended = self.converse(&client) => return ended,
                    next = enrol::renewed(&client, &certificate) => next,
                };
                self.store(Proof::Certificate(Box::new(next)))
            }
        }
    }

    /// Both streams, until one of them ends.
    async fn converse(&self, client: &Client) -> Result<(), LinkError> {
        let sensor_id = self.identity.current().map(|identity| identity.sensor_id.as_str());
        let ended = tokio::try_join!(
            events::stream(client.clone(), &self.journal),
            commands::stream(client.clone(), &self.node, &self.node_name, &self.journal, || {
                tracing::info!(control_plane = self.url, sensor_id, "connected");
                self.is_up.send_replace(true);
            }),
        );
        match ended? {}
    }

    pub(super) async fn dial(
        &self,
        authority: Fingerprint,
        own: Option<&Certificate>,
    ) -> Result<Channel, LinkError> {
        let settings = tls::settings(authority, own).map_err(|error| LinkError::Tls(error.to_string()))?;
        Ok(tls::connect(&self.endpoint, settings).await?)
    }
}

pub(super) fn bearer(credential: &Credential) -> Result<MetadataValue<Ascii>, LinkError> {
    credential.bearer().ok_or_else(|| {
        LinkError::CredentialRefused(Status::unauthenticated("it is no text that a header can carry"))
    })
}

/// A channel that says who it is.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) channel: Channel,
    /// `None` where its certificate says so.
    pub(super) bearer: Option<MetadataValue<Ascii>>,
}

impl Client {
    pub(super) fn stub(&self) -> ControlPlaneClient<Channel> {
        ControlPlaneClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
    }

    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(bearer) = &self.bearer {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        request
    }
}

/// The last cause in the chain: the outer ones only say «transport error».
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
