//! Accounts: only the operator's admins may ask, make and remove.

use serde::{Deserialize, Serialize};
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

#[derive(Serialize, ToSchema)]
pub(super) struct Accounts {
    accounts: Vec<AccountRow>,
    total: usize,
}

/// An account besides the operator's.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(crate) struct AccountRow {
    id: String,
    name: String,
    created_at: i64,
    created_by: String,
    /// Set: its data is being deleted.
    removed_at: Option<i64>,
}

/// `fetchAccounts`: all but the operator's, by id.
pub(super) fn list(call: &Call) -> Reply<Accounts> {
    operator_only(call)?;
    let accounts: Vec<_> = call.api.store.accounts()?.iter().map(AccountRow::from).collect();
    Ok(Accounts { total: accounts.len(), accounts })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Add {
    id: String,
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Added {
    id: String,
    name: String,
    /// Its first key, an admin's, shown this once.
    key: String,
}

/// `addAccount`: with the first key to it, shown this once.
pub(super) fn add(call: &Call) -> Reply<Added> {
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
    Ok(Added { id: id.as_str().to_owned(), name, key: key.reveal().to_owned() })
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    id: String,
    /// Has to be true.
    delete_data: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Removed {
    id: String,
}

/// `removeAccount`: closes it and deletes all that it has.
pub(super) async fn remove(call: Call) -> Reply<Removed> {
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
    Ok(Removed { id: id.as_str().to_owned() })
}

#[derive(Serialize, ToSchema)]
pub(super) struct Mapped {
    yaml: String,
}

/// `fetchVniMapping`: as somebody wrote it.
pub(super) fn mapping(call: &Call) -> Reply<Mapped> {
    operator_only(call)?;
    Ok(Mapped { yaml: call.api.store.vni_mapping()?.unwrap_or_default() })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Mapping {
    /// docs/accounts.md says how it is written.
    yaml: String,
}

/// `modifyVniMapping`: holds for what comes from then on.
pub(super) fn set_mapping(call: &Call) -> Reply<Mapped> {
    operator_only(call)?;
    let Mapping { yaml } = call.keys()?;
    call.planes.set_mapping(&call.act(), &yaml)?;
    Ok(Mapped { yaml })
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

impl From<&AccountRecord> for AccountRow {
    fn from(account: &AccountRecord) -> Self {
        Self {
            id: account.id.as_str().to_owned(),
            name: account.name.clone(),
            created_at: account.created_at.seconds(),
            created_by: account.created_by.clone(),
            removed_at: account.removed_at.map(EpochMillis::seconds),
        }
    }
}
