//! Accounts: only the operator's admins may ask, make and remove.

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
};
use crate::{
    accounts::{AccountId, AccountsError},
    auth::{self, KeyTerms},
    blocking::blocking,
    clock::EpochMillis,
    store::{AccountRecord, Role, StoreError},
};

const MAX_NAME: usize = 100;

/// `fetchAccounts`: all but the operator's, by id.
pub(super) fn list(call: &Call) -> Reply {
    operator_only(call)?;
    let accounts: Vec<Value> = call.api.store.accounts()?.iter().map(shown).collect();
    Ok(json!({ "accounts": accounts, "total": accounts.len() }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Add {
    id: String,
    name: Option<String>,
}

/// `addAccount`: with the first key to it, shown this once.
pub(super) fn add(call: &Call) -> Reply {
    operator_only(call)?;
    let Add { id, name } = call.keys()?;
    let id = id_of(&id)?;
    let name = name.unwrap_or_default().trim().to_owned();
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::invalid("name", format_args!("is one line of at most {MAX_NAME} characters")));
    }
    let plane = call.planes.create(&call.act(), &id, &name)?;
    let terms = KeyTerms { name: "first".to_owned(), role: Role::Admin, expires_at: None };
    let (_, key) = auth::create_key(&*plane.store, &call.act(), terms)?;
    Ok(json!({ "id": id.as_str(), "name": name, "key": key.reveal() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    id: String,
    /// Has to be true.
    delete_data: bool,
}

/// `removeAccount`: closes it and deletes all that it has.
pub(super) async fn remove(call: Call) -> Reply {
    operator_only(&call)?;
    let Remove { id, delete_data } = call.keys()?;
    let id = id_of(&id)?;
    if !delete_data {
        return Err(ApiError::invalid(
            "deleteData",
            "has to be true: the account's events, users, keys and sensors go with it, for good",
        ));
    }
    let (planes, act, wanted) = (call.planes.clone(), call.act(), id.clone());
    if !blocking(move || planes.remove(&act, &wanted)).await? {
        return Err(ApiError::invalid("id", "there is no such account; fetchAccounts shows those there are"));
    }
    call.planes.keep().await;
    Ok(json!({ "id": id.as_str() }))
}

/// `fetchVniMapping`: as somebody wrote it.
pub(super) fn mapping(call: &Call) -> Reply {
    operator_only(call)?;
    Ok(json!({ "yaml": call.api.store.vni_mapping()?.unwrap_or_default() }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Mapping {
    /// docs/accounts.md says how it is written.
    yaml: String,
}

/// `modifyVniMapping`: holds for what comes from then on.
pub(super) fn set_mapping(call: &Call) -> Reply {
    operator_only(call)?;
    let Mapping { yaml } = call.keys()?;
    call.planes.set_mapping(&call.act(), &yaml)?;
    Ok(json!({ "yaml": yaml }))
}

/// Others are not to know that there are others.
fn operator_only(call: &Call) -> Result<(), ApiError> {
    match call.api.store.account() {
        None => Ok(()),
        Some(_) => Err(ApiError::OperatorOnly),
    }
}

fn id_of(text: &str) -> Result<AccountId, ApiError> {
    AccountId::parse(text).map_err(|error| ApiError::invalid("id", error))
}

impl From<AccountsError> for ApiError {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Store(error) => error.into(),
            refused @ (AccountsError::Own(_) | AccountsError::Mapped) => Self::invalid("id", refused),
            AccountsError::Mapping(problem) => Self::invalid("yaml", problem),
            AccountsError::Open(error) => {
                tracing::error!(%error, "an account cannot be opened");
                Self::Store(StoreError::Damaged(error.to_string()))
            }
        }
    }
}

fn shown(account: &AccountRecord) -> Value {
    json!({
        "id": account.id.as_str(),
        "name": account.name,
        "createdAt": account.created_at.seconds(),
        "createdBy": account.created_by,
        "removedAt": account.removed_at.map(EpochMillis::seconds),
    })
}
