use std::{net::IpAddr, time::Duration};

use portcullis_proto::v1::{EnrollRequest, EnrollResponse};
use uuid::Uuid;

use crate::{
    auth::{Secret, SecretKind, digest},
    clock::EpochMillis,
    store::{Act, EnrollError, JoinToken, NewSensor, Principal, PrincipalKind, SensorStore, StoreError},
};

const MAX_NODE: usize = 255;
const MAX_VERSION: usize = 64;

/// Makes a token with which so many sensors may enrol within so long.
pub fn create_join_token<S: SensorStore + ?Sized>(
    store: &S,
    act: &Act,
    lifetime: Duration,
    uses: u32,
) -> Result<Secret, StoreError> {
    let token = Secret::generate(SecretKind::JoinToken)?;
    let now = EpochMillis::now();
    store.create_join_token(
        act,
        JoinToken { hash: token.digest(), created_at: now, expires_at: now.plus(lifetime), uses },
    )?;
    Ok(token)
}

/// Trades a join token for a credential of the sensor's own.
pub fn enroll<S: SensorStore + ?Sized>(
    store: &S,
    from: Option<IpAddr>,
    request: EnrollRequest,
) -> Result<EnrollResponse, EnrollError> {
    let credential = Secret::generate(SecretKind::SensorCredential)?;
    let id = Uuid::now_v7().to_string();
    let (mut node, mut version) = (request.node, request.version);
    node.truncate(node.floor_char_boundary(MAX_NODE));
    version.truncate(version.floor_char_boundary(MAX_VERSION));
    let sensor = NewSensor {
        id: id.clone(),
        credential_hash: credential.digest(),
        node,
        version,
        enrolled_at: EpochMillis::now(),
    };
    let by = Principal { kind: PrincipalKind::Sensor, id: id.clone(), name: sensor.node.clone() };
    let act = Act { by, from, action: "enroll".to_owned() };
    store.enroll(&act, &digest(request.join_token.trim()), sensor)?;
    Ok(EnrollResponse { sensor_id: id, credential: credential.reveal().to_owned() })
}
