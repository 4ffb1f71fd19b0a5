use std::{
    io::{self, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use fs_err::{File, OpenOptions, os::unix::fs::OpenOptionsExt as _};
use ipnet::IpNet;
use portcullis_detection::Suppressions;
use portcullis_proto::v1::{self, change::Change};

use super::{
    super::{
        ends::{End, now_ms},
        judging::Judging,
        message::suppression_message,
        state::State,
    },
    KeptError,
    frame::{self, MAGIC, Record},
};
use crate::enforce::GateMode;

/// Changes in one record.
const CHANGES: usize = 4_096;

/// The state at a moment, on its way to disk. Written by whoever has time, without holding up the next revision.
pub(in crate::orders) struct Snapshot {
    path: PathBuf,
    revision: u64,
    at_ms: u64,
    blocks: Vec<(IpNet, End)>,
    allowed: Vec<IpNet>,
    gate_mode: Option<GateMode>,
    suppressions: Arc<Suppressions>,
    judging: Arc<Judging>,
}

impl Snapshot {
    pub(super) fn of(path: PathBuf, state: &State) -> Self {
        Self {
            path,
            revision: state.revision,
            at_ms: now_ms(),
            blocks: state.blocks.iter().collect(),
            allowed: state.allowed.iter().copied().collect(),
            gate_mode: state.gate_mode,
            suppressions: state.suppressions.load_full(),
            judging: Arc::clone(&state.judging),
        }
    }

    /// Beside the old one, which it then replaces. Gives its revision and length.
    pub(in crate::orders) fn write(&self) -> io::Result<(u64, u64)> {
        let draft = self.path.with_extension("snapshot-new");
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let mut file = BufWriter::new(file);
        file.write_all(&MAGIC)?;
        let mut len = MAGIC.len() as u64;
        let mut record = self.record();
        for change in self.changes() {
            record.changes.push(v1::Change { change: Some(change) });
            if record.changes.len() == CHANGES {
                len += frame::write(&mut file, &record)?;
                record.changes.clear();
            }
        }
        record.last = true;
        len += frame::write(&mut file, &record)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        fs_err::rename(draft, &self.path)?;
        Ok((self.revision, len))
    }

    fn record(&self) -> Record {
        Record { revision: self.revision, at_ms: self.at_ms, changes: Vec::new(), last: false }
    }

    fn changes(&self) -> impl Iterator<Item = Change> {
        let mode = self.gate_mode.map(|mode| match mode {
            GateMode::Enforce => v1::GateMode::Enforce,
            GateMode::Monitor => v1::GateMode::Monitor,
        });
        let allowed = self
            .allowed
            .iter()
            .map(|net| Change::Allow(v1::Allow { cidr: net.to_string(), ..v1::Allow::default() }));
        let suppressions = self.suppressions.iter();
        let suppressed = suppressions.filter_map(|(one, _)| suppression_message(one, self.at_ms));
        let blocks = self.blocks.iter().filter(|(_, end)| !end.is_over(self.at_ms)).map(|(net, end)| {
            let remaining_ms = end.remaining_ms(self.at_ms);
            Change::Block(v1::Block { cidr: net.to_string(), remaining_ms, ..v1::Block::default() })
        });
        mode.map(|mode| Change::GateMode(mode.into()))
            .into_iter()
            .chain(allowed)
            .chain(suppressed.map(Change::Suppress))
            .chain(self.judging.changes())
            .chain(blocks)
    }
}

/// The state, and the length of its file; neither where there is none.
pub(super) fn read(path: &Path) -> Result<(State, u64), KeptError> {
    let damaged = |what: &str| KeptError::Damaged { path: path.to_owned(), what: what.to_owned() };
    let mut state = State::default();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((state, 0)),
        Err(error) => return Err(error.into()),
    };
    let len = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    if !frame::fill(&mut reader, &mut magic)? {
        return Err(damaged("it is cut off"));
    }
    if magic != MAGIC {
        return Err(KeptError::Version { path: path.to_owned() });
    }
    loop {
        let (record, _) = frame::read(&mut reader)?.ok_or_else(|| damaged("a record does not check"))?;
        state.take(&record.changes, record.at_ms);
        state.revision = record.revision;
        if record.last {
            return Ok((state, len));
        }
    }
}
