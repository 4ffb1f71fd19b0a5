use std::{io, path::Path, path::PathBuf};

use super::Position;
use crate::state_dir;

/// How far events are acknowledged, kept beside them so that a restart does not send a whole file again. Losing it
/// is no harm: the control plane drops second arrivals.
pub(super) struct Mark {
    path: PathBuf,
    position: Position,
}

impl Mark {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("acknowledged");
        let position = match fs_err::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { path, position })
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    pub(super) fn advance(&mut self, position: Position) -> io::Result<()> {
        if position > self.position {
            self.position = position;
            state_dir::replace(&self.path, position.to_string().as_bytes())?;
        }
        Ok(())
    }
}
