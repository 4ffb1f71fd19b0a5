use std::time::Duration;

use portcullis_proto::{
    authority::Fingerprint,
    v1::{self, EnrollRequest, EnrollResponse, RenewRequest, control_plane_client::ControlPlaneClient},
};
use tokio::time::sleep;
use tonic::{Code, Request, Status, transport::Channel};

use super::{
    identity::{Certificate, Credential, Identity, Proof, Wanted},
    link::{Client, Link, LinkError, bearer},
};

/// A node that slept wakes with a clock that went on: it is looked at now and then.
const LOOKED_AT: Duration = Duration::from_secs(60);

impl Link {
    /// The credential for plaintext: that of before, or a new one for the join token.
    pub(super) async fn credential(&mut self, channel: Channel) -> Result<Credential, LinkError> {
        if let Some(Proof::Credential(credential)) = self.proof() {
            return Ok(credential.clone());
        }
        let EnrollResponse { sensor_id, credential, .. } = self.enrol(channel, Vec::new()).await?;
        let credential = Credential::new(credential);
        self.enrolled(sensor_id, Proof::Credential(credential.clone()))?;
        Ok(credential)
    }

    /// That of before, or a new one: for the credential of before certificates, or for the join token.
    pub(super) async fn certificate(&mut self, named: Option<Fingerprint>) -> Result<Certificate, LinkError> {
        let credential = match self.proof() {
            Some(Proof::Certificate(certificate)) => return Ok((**certificate).clone()),
            Some(Proof::Credential(credential)) => Some(credential.clone()),
            None => None,
        };
        let authority = named.ok_or(LinkError::CertificateRefused)?;
        let wanted = Wanted::new()?;
        let channel = self.dial(authority, None).await?;
        match credential {
            Some(credential) => {
                let client = Client { channel, bearer: Some(bearer(&credential)?) };
                let granted = renew(&client, &wanted.request).await?;
                let certificate = wanted.granted(granted, authority);
                self.store(Proof::Certificate(Box::new(certificate.clone())))?;
                tracing::info!("the credential is exchanged for a certificate");
                Ok(certificate)
            }
            None => {
                let response = self.enrol(channel, wanted.request.clone()).await?;
                let granted = response.certificate.ok_or_else(no_certificate)?;
                let certificate = wanted.granted(granted, authority);
                self.enrolled(response.sensor_id, Proof::Certificate(Box::new(certificate.clone())))?;
                Ok(certificate)
            }
        }
    }

    /// The same sensor, with something new to be known by.
    pub(super) fn store(&mut self, proof: Proof) -> Result<(), LinkError> {
        let sensor_id =
            self.identity.current().map(|identity| identity.sensor_id.clone()).unwrap_or_default();
        Ok(self.identity.store(Identity { sensor_id, proof })?)
    }

    /// What this sensor has, unless it was refused.
    fn proof(&self) -> Option<&Proof> {
        self.identity.current().filter(|_| !self.enrol_again).map(|identity| &identity.proof)
    }

    fn enrolled(&mut self, sensor_id: String, proof: Proof) -> Result<(), LinkError> {
        tracing::info!(sensor_id, "enrolled");
        self.identity.store(Identity { sensor_id, proof })?;
        self.node.forget_revision();
        Ok(())
    }

    async fn enrol(
        &self,
        channel: Channel,
        certificate_request: Vec<u8>,
    ) -> Result<EnrollResponse, LinkError> {
        let Some(token) = &self.join_token else {
            return Err(LinkError::CredentialRefused(Status::unauthenticated("there is none")));
        };
        let request = EnrollRequest {
            join_token: token.secret().to_owned(),
            node: self.node_name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            certificate_request,
        };
        let enrolled = ControlPlaneClient::new(channel).enroll(request).await;
        Ok(enrolled
            .map_err(|status| match status.code() {
                Code::Unauthenticated | Code::PermissionDenied | Code::InvalidArgument => {
                    LinkError::TokenRefused(status)
                }
                _ => status.into(),
            })?
            .into_inner())
    }
}

/// Waits until two thirds of the certificate's life are over and gets the next one, for a new key.
pub(super) async fn renewed(client: &Client, current: &Certificate) -> Certificate {
    loop {
        match current.due_in() {
            Duration::ZERO => {}
            due => {
                sleep(due.min(LOOKED_AT)).await;
                continue;
            }
        }
        match next(client, current.authority).await {
            Ok(next) => return next,
            Err(error) => {
                tracing::warn!("this sensor's certificate could not be renewed: {error}; it is tried again");
                sleep(current.patience()).await;
            }
        }
    }
}

async fn next(client: &Client, authority: Fingerprint) -> Result<Certificate, LinkError> {
    let wanted = Wanted::new()?;
    let granted = renew(client, &wanted.request).await?;
    Ok(wanted.granted(granted, authority))
}

async fn renew(client: &Client, request: &[u8]) -> Result<v1::Certificate, LinkError> {
    let request: Request<_> = client.request(RenewRequest { certificate_request: request.to_vec() });
    client.stub().renew(request).await?.into_inner().certificate.ok_or_else(no_certificate)
}

fn no_certificate() -> LinkError {
    Status::internal("the control plane answered without a certificate").into()
}
