use std::{net::IpAddr, time::Duration};

use portcullis_proto::v1::{Certificate, EnrollRequest, EnrollResponse};
use uuid::Uuid;

use crate::{
    accounts::AccountId,
    auth::{Secret, SecretKind, digest},
    authority::{Authority, AuthorityError},
    clock::EpochMillis,
    store::{Act, EnrollError, JoinToken, NewSensor, Principal, PrincipalKind, SensorStore, StoreError},
};

const MAX_NODE: usize = 255;
const MAX_VERSION: usize = 64;

/// What a join token is good for.
pub struct JoinTerms {
    pub lifetime: Duration,
    pub uses: u32,
}

/// What a sensor that enrols goes away with.
pub enum Admission<'a> {
    /// Where nobody listens in: a secret that it sends with each call.
    Credential,
    /// A certificate for the key of its request.
    Certificate { authority: &'a Authority, request: Vec<u8>, lifetime: Duration },
}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    #[error(transparent)]
    Certificate(#[from] AuthorityError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Enroll(error.into())
    }
}

/// Makes a token with which so many sensors may enrol within so long.
pub fn create_join_token<S: SensorStore + ?Sized>(
    store: &S,
    act: &Act,
    terms: JoinTerms,
) -> Result<Secret, StoreError> {
    let JoinTerms { lifetime, uses } = terms;
    let token = Secret::generate(SecretKind::JoinToken, store.account())?;
    let now = EpochMillis::now();
    store.create_join_token(
        act,
        JoinToken { hash: token.digest(), created_at: now, expires_at: now.plus(lifetime), uses },
    )?;
    Ok(token)
}

/// Trades a join token for what a sensor comes in with.
pub fn enroll<S: SensorStore + ?Sized>(
    store: &S,
    from: Option<IpAddr>,
    admission: Admission<'_>,
    request: EnrollRequest,
) -> Result<EnrollResponse, Refused> {
    let id = Uuid::now_v7().to_string();
    let (credential, certificate) = match admission {
        Admission::Credential => {
            (Some(Secret::generate(SecretKind::SensorCredential, store.account())?), None)
        }
        Admission::Certificate { authority, request, lifetime } => {
            (None, Some(certify(authority, &request, &id, store.account(), lifetime)?))
        }
    };
    let (mut node, mut version) = (request.node, request.version);
    node.truncate(node.floor_char_boundary(MAX_NODE));
    version.truncate(version.floor_char_boundary(MAX_VERSION));
    let sensor = NewSensor {
        id: id.clone(),
        credential_hash: credential.as_ref().map(Secret::digest),
        node,
        version,
        enrolled_at: EpochMillis::now(),
    };
    let act = act_of(&id, &sensor.node, from, "enroll");
    store.enroll(&act, &digest(request.join_token.trim()), sensor)?;
    let credential = credential.map(|credential| credential.reveal().to_owned()).unwrap_or_default();
    Ok(EnrollResponse { sensor_id: id, credential, certificate })
}

/// The next certificate of a sensor that is in already.
pub fn certify(
    authority: &Authority,
    request: &[u8],
    sensor_id: &str,
    account: Option<&AccountId>,
    lifetime: Duration,
) -> Result<Certificate, AuthorityError> {
    Ok(Certificate {
        leaf: authority.certify_sensor(request, sensor_id, account, lifetime)?,
        lifetime_ms: u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX),
    })
}

/// Something that a sensor does by itself, for the audit log.
pub(crate) fn act_of(id: &str, node: &str, from: Option<IpAddr>, action: &str) -> Act {
    let by = Principal { kind: PrincipalKind::Sensor, id: id.to_owned(), name: node.to_owned() };
    Act { by, from, action: action.to_owned() }
}
