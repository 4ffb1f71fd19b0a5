use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use super::{AccountId, OpenError, Plane, Setup, VniMapping};
use crate::{
    auth,
    clock::EpochMillis,
    store::{AccountRecord, AccountStore, Act, StoreError},
};

/// Each has a thread that writes and a pool of open files.
const MOST: u64 = 64;
const FOLDER: &str = "accounts";

#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0:?} is what the operator's account is called")]
    Own(String),
    #[error(
        "VNIs belong to this account: take them out of the mapping first (fetchVniMapping, modifyVniMapping)"
    )]
    Mapped,
    #[error("{0}")]
    Mapping(String),
}

/// The accounts that are open: the one place where a request finds out whose it is.
pub(crate) struct Planes {
    own: Arc<Plane>,
    others: RwLock<BTreeMap<AccountId, Arc<Plane>>>,
    mapping: RwLock<Arc<VniMapping>>,
    /// Held while accounts are opened or closed, so that none is opened twice.
    changing: Mutex<()>,
    setup: Setup,
}

impl Planes {
    /// Opens the operator's account. Blocks.
    pub(crate) fn open(setup: Setup) -> Result<Self, OpenError> {
        let own = Arc::new(Plane::open(&setup.data_dir, None, &setup)?);
        let text = own.store.vni_mapping()?.unwrap_or_default();
        // Accounts that it names cannot be removed, so those that it names are there.
        let mapping = VniMapping::parse(&text, |_| true)
            .map_err(|problem| StoreError::Damaged(format!("the VNI mapping {problem}")))?;
        let mapping = RwLock::new(Arc::new(mapping));
        Ok(Self { own, others: RwLock::default(), mapping, changing: Mutex::default(), setup })
    }

    pub(crate) fn own(&self) -> &Arc<Plane> {
        &self.own
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Of all accounts that are open, the operator's first.
    pub(crate) fn all(&self) -> Vec<Arc<Plane>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.own).chain(others.values()).cloned().collect()
    }

    /// Whose secret this says it is. Whether it is, only that account's store knows. Blocks where the account is not open.
    pub(crate) fn of_secret(&self, secret: &str) -> Result<Option<Arc<Plane>>, StoreError> {
        self.of(auth::account_of(secret).as_ref())
    }

    /// By the name that people give at the log-in; nothing means the operator's. Blocks where the account is not open.
    pub(crate) fn named(&self, name: &str) -> Result<Option<Arc<Plane>>, StoreError> {
        match name {
            "" => Ok(Some(self.own.clone())),
            own if own == self.setup.own_id => Ok(Some(self.own.clone())),
            other => match AccountId::parse(other) {
                Ok(id) => self.of(Some(&id)),
                Err(_) => Ok(None),
            },
        }
    }

    /// `None` where there is no such account, or it cannot be opened. Blocks where it is not open.
    pub(crate) fn of(&self, account: Option<&AccountId>) -> Result<Option<Arc<Plane>>, StoreError> {
        let Some(id) = account else { return Ok(Some(self.own.clone())) };
        if let Some(plane) = self.opened(id) {
            return Ok(Some(plane));
        }
        // Made by the command line a moment ago, maybe.
        match self.ensure_open(id) {
            Ok(plane) => Ok(plane),
            Err(OpenError::Store(error)) => Err(error),
            Err(error) => {
                tracing::error!(account = %id, %error, "an account cannot be opened");
                Ok(None)
            }
        }
    }

    /// Makes an account and opens it. Blocks.
    pub(crate) fn create(&self, act: &Act, id: &AccountId, name: &str) -> Result<Arc<Plane>, AccountsError> {
        if id.as_str() == self.setup.own_id {
            return Err(AccountsError::Own(id.to_string()));
        }
        create(&*self.own.store, act, id, name)?;
        // Gone again only where somebody removed it within the moment.
        Ok(self.ensure_open(id)?.ok_or(StoreError::Closed)?)
    }

    /// Marks an account as one to go; [`Self::keep`] closes it and deletes what it had. False where there is none. Blocks.
    pub(crate) fn remove(&self, act: &Act, id: &AccountId) -> Result<bool, AccountsError> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.mapping().names(id) {
            return Err(AccountsError::Mapped);
        }
        Ok(self.own.store.remove_account(act, id, EpochMillis::now())?)
    }

    pub(crate) fn mapping(&self) -> Arc<VniMapping> {
        self.mapping.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes another mapping of VNIs, at once and for good. Blocks.
    pub(crate) fn set_mapping(&self, act: &Act, text: &str) -> Result<(), AccountsError> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = self.own.store.accounts()?;
        let is_known = |id: &AccountId| listed.iter().any(|one| one.id == *id && one.removed_at.is_none());
        let mapping = VniMapping::parse(text, is_known).map_err(AccountsError::Mapping)?;
        self.own.store.set_vni_mapping(act, text, EpochMillis::now())?;
        *self.mapping.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(mapping);
        Ok(())
    }

    /// Opens what was made and closes what was removed since the last time, here or by the command line.
    pub(crate) async fn keep(self: &Arc<Self>) {
        let planes = self.clone();
        let listed = crate::blocking::blocking(move || {
            let listed = planes.own.store.accounts()?;
            for one in listed.iter().filter(|one| one.removed_at.is_none()) {
                if let Err(error) = planes.ensure_open(&one.id) {
                    tracing::error!(account = %one.id, %error, "an account cannot be opened; next try in 2 s");
                }
            }
            Ok::<_, StoreError>(listed)
        });
        let removed: Vec<AccountRecord> = match listed.await {
            Ok(listed) => listed.into_iter().filter(|one| one.removed_at.is_some()).collect(),
            Err(error) => {
                tracing::warn!(%error, "the accounts cannot be listed; next try in 2 s");
                return;
            }
        };
        for one in removed {
            if let Some(plane) = self.withdraw(&one.id) {
                plane.close().await;
            }
            let planes = self.clone();
            let id = one.id.clone();
            let gone = crate::blocking::blocking(move || {
                erase(&planes.setup.data_dir, &id)?;
                Ok::<_, AccountsError>(planes.own.store.forget_account(&id)?)
            });
            match gone.await {
                Ok(()) => tracing::info!(account = %one.id, "an account was removed with all that it had"),
                Err(error) => {
                    tracing::error!(account = %one.id, %error, "a removed account cannot be deleted; next try in 2 s");
                }
            }
        }
    }

    pub(crate) async fn close(&self) {
        for plane in self.all() {
            plane.close().await;
        }
    }

    fn opened(&self, id: &AccountId) -> Option<Arc<Plane>> {
        self.others.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn ensure_open(&self, id: &AccountId) -> Result<Option<Arc<Plane>>, OpenError> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plane) = self.opened(id) {
            return Ok(Some(plane));
        }
        let is_there = |one: &AccountRecord| one.id == *id && one.removed_at.is_none();
        if !self.own.store.accounts()?.iter().any(is_there) {
            return Ok(None);
        }
        let folder = prepare(&self.setup.data_dir, id)?;
        let plane = Arc::new(Plane::open(&folder, Some(id.clone()), &self.setup)?);
        self.others.write().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), plane.clone());
        Ok(Some(plane))
    }

    /// From now on nobody finds it; whoever was opening it has done so.
    fn withdraw(&self, id: &AccountId) -> Option<Arc<Plane>> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.others.write().unwrap_or_else(PoisonError::into_inner).remove(id)
    }
}

impl From<io::Error> for AccountsError {
    fn from(error: io::Error) -> Self {
        Self::Open(OpenError::Folder { path: PathBuf::from(FOLDER), source: error })
    }
}

/// Where an account lies.
pub(crate) fn folder(data_dir: &Path, id: &AccountId) -> PathBuf {
    data_dir.join(FOLDER).join(id.as_str())
}

/// Makes the account known, within the bound of how many there can be.
pub(crate) fn create<S: AccountStore + ?Sized>(
    store: &S,
    act: &Act,
    id: &AccountId,
    name: &str,
) -> Result<(), StoreError> {
    store.create_account(act, id, name, EpochMillis::now(), MOST)
}

/// Makes the account's folder, for its owner alone.
pub(crate) fn prepare(data_dir: &Path, id: &AccountId) -> Result<PathBuf, OpenError> {
    let path = folder(data_dir, id);
    match DirBuilder::new().recursive(true).mode(0o700).create(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(OpenError::Folder { path, source }),
    }
}

/// Deletes all that an account had.
pub(crate) fn erase(data_dir: &Path, id: &AccountId) -> Result<(), OpenError> {
    let path = folder(data_dir, id);
    match std::fs::remove_dir_all(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(OpenError::Folder { path, source }),
        _ => Ok(()),
    }
}
