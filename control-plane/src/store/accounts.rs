use super::{Act, Result};
use crate::{accounts::AccountId, clock::EpochMillis};

/// Whose store it is.
pub trait Owned: Send + Sync {
    /// `None` for the operator's account.
    fn account(&self) -> Option<&AccountId>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    pub id: AccountId,
    pub name: String,
    pub created_at: EpochMillis,
    pub created_by: String,
    /// Set: it is to go, and is as good as gone.
    pub removed_at: Option<EpochMillis>,
}

/// Which accounts there are besides the operator's, kept in the operator's store.
pub trait AccountStore: Send + Sync {
    /// By id.
    fn accounts(&self) -> Result<Vec<AccountRecord>>;
    /// Refused where there is one of this id, or `most` of them.
    fn create_account(
        &self,
        act: &Act,
        id: &AccountId,
        name: &str,
        now: EpochMillis,
        most: u64,
    ) -> Result<()>;
    /// False where there is none, or it was removed before.
    fn remove_account(&self, act: &Act, id: &AccountId, now: EpochMillis) -> Result<bool>;
    /// Which VNI belongs to which account and collection, as somebody wrote it; `None` where nobody did.
    fn vni_mapping(&self) -> Result<Option<String>>;
    fn set_vni_mapping(&self, act: &Act, text: &str, now: EpochMillis) -> Result<()>;
    /// All that it had is deleted: its id is free again.
    fn forget_account(&self, id: &AccountId) -> Result<()>;
}
