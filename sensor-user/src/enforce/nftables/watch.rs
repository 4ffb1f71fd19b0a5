//! What others did to our table is found and mended.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ipnet::IpNet;

use super::{
    CHECKED_AT_ONCE, NftablesEnforcer, TRANSACTION, add,
    elements::{Edits, Timed},
    failed, left,
    sets::{BlockSet, Shape},
    table::Look,
};
use crate::{enforce::EnforceError, kernel::clock::BootTime};

impl NftablesEnforcer {
    /// Follows what others did to the table, or may have done.
    pub(super) fn look(&mut self) -> Result<(), EnforceError> {
        match self.table.look()? {
            Look::Nothing => {}
            Look::Perhaps if self.unchecked.is_some() => self.check_again = true,
            Look::Perhaps => self.unchecked = self.entries.iter().next().map(|(net, _)| net),
            Look::Laid { lost } => {
                self.laid_again += 1;
                let mine: BTreeSet<Shape> = lost
                    .iter()
                    .filter(|set| set.generation == self.generation)
                    .map(|set| set.shape)
                    .collect();
                let now = BootTime::now();
                let back: Vec<Timed> = self
                    .entries
                    .iter()
                    .filter(|(net, _)| mine.contains(&Shape::of(*net)))
                    .filter_map(|(net, end)| left(end, now).map(|left| (net, left)))
                    .collect();
                self.restored += back.len() as u64;
                tracing::warn!(
                    blocks = back.len(),
                    "somebody changed the table portcullis; it is laid again, with the blocks it lost"
                );
                if self.inherited && !lost.is_empty() {
                    tracing::warn!("blocks of an earlier agent are lost until the control plane sends them");
                }
                for back in back.chunks(TRANSACTION) {
                    let mut edits = Edits::default();
                    add(&mut edits, self.generation, back);
                    self.table.apply(edits).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Asks for some of the elements, and puts back those that somebody took out.
    pub(super) fn check_some(&mut self) -> Result<(), EnforceError> {
        let Some(start) = self.unchecked else { return Ok(()) };
        // What ends within moments need not be there any more.
        let soon = BootTime::now().after(Duration::from_secs(1));
        let mut asked: BTreeMap<Shape, Vec<IpNet>> = BTreeMap::new();
        for (net, end) in self.entries.from(start).take(CHECKED_AT_ONCE) {
            if end.is_none_or(|end| end > soon) {
                asked.entry(Shape::of(net)).or_default().push(net);
            }
        }
        let next = self.entries.from(start).nth(CHECKED_AT_ONCE).map(|(net, _)| net);
        let now = BootTime::now();
        let mut back: Vec<Timed> = Vec::new();
        for (shape, nets) in asked {
            let set = BlockSet { shape, generation: self.generation };
            for net in self.table.missing(set, &nets).map_err(failed)? {
                back.extend(self.entries.end(net).and_then(|end| left(end, now)).map(|left| (net, left)));
            }
        }
        if !back.is_empty() {
            tracing::warn!(
                blocks = back.len(),
                "somebody took blocks out of the table portcullis; they are back"
            );
            self.restored += back.len() as u64;
            let mut edits = Edits::default();
            add(&mut edits, self.generation, &back);
            self.apply(edits)?;
        }
        self.unchecked = next;
        if next.is_none() && std::mem::take(&mut self.check_again) {
            self.unchecked = self.entries.iter().next().map(|(net, _)| net);
        }
        Ok(())
    }
}
