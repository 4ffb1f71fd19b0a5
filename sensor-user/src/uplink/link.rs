use std::{convert::Infallible, error::Error, io, sync::Arc};

use portcullis_proto::v1::{EnrollRequest, control_plane_client::ControlPlaneClient};
use tokio::{sync::watch, time::sleep};
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use super::{
    MAX_MESSAGE, Node,
    backoff::Backoff,
    commands, events,
    identity::{Identity, IdentityFile, JoinToken},
    journal::Journal,
    notice::Notice,
    spool::SpoolError,
};
use crate::orders::OutOfOrder;

/// Keeps both streams up, whatever happens to them.
pub(super) struct Link {
    pub(super) endpoint: Endpoint,
    pub(super) url: String,
    pub(super) node_name: String,
    pub(super) join_token: Option<JoinToken>,
    pub(super) identity: IdentityFile,
    /// The credential was refused, and there is a token to get another with.
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
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied => Self::CredentialRefused(status),
            Code::Unimplemented => Self::OtherVersion(status),
            _ => Self::Ended(status),
        }
    }
}

impl Link {
    pub(super) async fn keep_up(mut self) {
        let mut backoff = Backoff::default();
        let mut notice = Notice::default();
        loop {
            let Err(error) = self.once().await;
            if self.is_up.send_replace(false) {
                backoff.reset();
                notice.recovered();
            }
            self.enrol_again = matches!(error, LinkError::CredentialRefused(_)) && self.join_token.is_some();
            notice.tell(&error, &self.url, self.journal.waiting());
            self.journal.reconnected();
            sleep(backoff.next()).await;
        }
    }

    /// From the dialling to the end of either stream.
    async fn once(&mut self) -> Result<Infallible, LinkError> {
        let channel =
            self.endpoint.connect().await.map_err(|error| LinkError::Unreachable(root_cause(&error)))?;
        let identity = match self.identity.current() {
            Some(identity) if !self.enrol_again => identity.clone(),
            _ => self.enrol(channel.clone()).await?,
        };
        let bearer = identity.bearer().ok_or_else(|| {
            LinkError::CredentialRefused(Status::unauthenticated("it is no text that a header can carry"))
        })?;
        let client = Client { channel, bearer };
        let ended = tokio::try_join!(
            events::stream(client.clone(), &self.journal),
            commands::stream(client, &self.node, &self.node_name, &self.journal, || {
                tracing::info!(control_plane = self.url, sensor_id = identity.sensor_id(), "connected");
                self.is_up.send_replace(true);
            }),
        );
        ended.map(|(never, _)| never)
    }

    async fn enrol(&mut self, channel: Channel) -> Result<Identity, LinkError> {
        let Some(token) = &self.join_token else {
            return Err(LinkError::CredentialRefused(Status::unauthenticated("there is none")));
        };
        let request = EnrollRequest {
            join_token: token.secret().to_owned(),
            node: self.node_name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let enrolled =
            ControlPlaneClient::new(channel).enroll(request).await.map_err(|status| match status.code() {
                Code::Unauthenticated | Code::PermissionDenied | Code::InvalidArgument => {
                    LinkError::TokenRefused(status)
                }
                _ => status.into(),
            })?;
        let identity = Identity::from(enrolled.into_inner());
        self.identity.store(identity.clone())?;
        self.node.forget_revision();
        tracing::info!(sensor_id = identity.sensor_id(), "enrolled");
        Ok(identity)
    }
}

/// A channel that says who it is.
#[derive(Clone)]
pub(super) struct Client {
    channel: Channel,
    bearer: MetadataValue<Ascii>,
}

impl Client {
    pub(super) fn stub(&self) -> ControlPlaneClient<Channel> {
        ControlPlaneClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
    }

    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.bearer.clone());
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
