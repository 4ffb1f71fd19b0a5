//! Where an address is registered, and what it is where it is nobody's in particular.

mod database;
mod special;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::watch;

pub use self::database::CountryError;
use self::database::{Database, Stamp};
pub(crate) use self::special::network;
use crate::{blocking::blocking, store::StoreError};

const LOOK_EVERY: Duration = Duration::from_secs(10);

/// From the five registries' public lists, which are part of the binary, or from a database that the operator brought.
pub(crate) struct Countries {
    brought: Option<Brought>,
}

struct Brought {
    path: PathBuf,
    now: RwLock<(Arc<Database>, Stamp)>,
}

impl Countries {
    /// `None`: what is part of the binary.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CountryError> {
        let brought = path.map(|path| {
            let now = RwLock::new(database::open(path)?);
            Ok(Brought { path: path.to_owned(), now })
        });
        Ok(Self { brought: brought.transpose()? })
    }

    /// ISO 3166-1 alpha-2, or empty where nobody knows: private and reserved addresses, mostly.
    pub(crate) fn of(&self, address: IpAddr) -> String {
        let address = address.to_canonical();
        if network(address).is_some() {
            return String::new();
        }
        match &self.brought {
            None => iptocc::country_code(address).unwrap_or_default().to_owned(),
            Some(brought) => brought.database().country(address).unwrap_or_default(),
        }
    }

    /// Takes up another database where the file has changed; a damaged one leaves that of before. Blocks.
    pub(crate) fn look(&self) {
        let Some(Brought { path, now }) = &self.brought else { return };
        let known = now.read().unwrap_or_else(PoisonError::into_inner).1.clone();
        let stamp = match Stamp::of(path) {
            Ok(stamp) if stamp == known => return,
            Ok(stamp) => stamp,
            // Gone, perhaps for the moment in which it is replaced.
            Err(_) => return,
        };
        let taken = match database::open(path) {
            Ok((database, stamp)) => {
                tracing::info!(path = %path.display(), kind = database.kind(), "the country database is taken up anew");
                (Some(database), stamp)
            }
            Err(error) => {
                tracing::error!("{error}; the one of before stays in use");
                (None, stamp)
            }
        };
        let mut now = now.write().unwrap_or_else(PoisonError::into_inner);
        // Told once for each damaged file.
        now.1 = taken.1;
        if let Some(database) = taken.0 {
            now.0 = database;
        }
    }
}

/// Looks after the file for as long as the control plane is up.
pub(crate) async fn keep(countries: Arc<Countries>, mut shutdown: watch::Receiver<bool>) {
    if countries.brought.is_none() {
        return;
    }
    loop {
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let countries = countries.clone();
        let looked = blocking(move || {
            countries.look();
            Ok::<_, StoreError>(())
        });
        if let Err(error) = looked.await {
            tracing::error!(%error, "the country database is looked at again later");
        }
    }
}

impl Brought {
    fn database(&self) -> Arc<Database> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).0)
    }
}

#[cfg(test)]
mod tests;
