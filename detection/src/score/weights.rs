//! The table of weights, as `cargo xtask train` writes it.

use std::sync::LazyLock;

/// Runs have 2^16 places, of which each is for the runs of one tag; those that say which family it is share 2^13.
pub const PLACES: usize = 1 << 16;
pub const FAMILY_PLACES: usize = 1 << 13;
pub const FAMILIES: usize = 8;
/// Windows of fewer runs count as if they had this many: two signs alone prove little.
pub const FEWEST: usize = 16;

/// Of a step of the weights, what scores count in.
pub const UNIT: i32 = 64;

const MAGIC: [u8; 4] = *b"PSW2";
const HEAD: usize = 12;

/// How much each run speaks for an attack, and for which family of attacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// What a score must pass.
    pub threshold: i32,
    /// What a score begins with.
    pub bias: i32,
    /// [`PLACES`] tags: a run of another tag speaks for nothing, so that what training never saw adds no noise.
    pub tags: Vec<u8>,
    /// [`PLACES`] weights.
    pub attack: Vec<i8>,
    /// [`FAMILIES`] weights for each of [`FAMILY_PLACES`].
    pub family: Vec<i8>,
}

static BUILTIN: LazyLock<Option<Weights>> = LazyLock::new(|| Weights::parse(include_bytes!("weights.bin")));

impl Weights {
    /// The table that was built in; `None` only if it is damaged, which a test rules out.
    pub(super) fn builtin() -> Option<&'static Self> {
        BUILTIN.as_ref()
    }

    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let table = |from: usize, length: usize| -> Option<Vec<i8>> {
            Some(bytes.get(from..from + length)?.iter().map(|byte| byte.cast_signed()).collect())
        };
        let whole = bytes.starts_with(&MAGIC) && bytes.len() == HEAD + 2 * PLACES + FAMILIES * FAMILY_PLACES;
        whole.then_some(())?;
        Some(Self {
            threshold: number(4)?,
            bias: number(8)?,
            tags: bytes.get(HEAD..HEAD + PLACES)?.to_vec(),
            attack: table(HEAD + PLACES, PLACES)?,
            family: table(HEAD + 2 * PLACES, FAMILIES * FAMILY_PLACES)?,
        })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.threshold.to_le_bytes());
        bytes.extend(self.bias.to_le_bytes());
        bytes.extend(&self.tags);
        bytes.extend(self.attack.iter().chain(&self.family).map(|weight| weight.cast_unsigned()));
        bytes
    }

    /// The score of a window with this many different places and this sum of their weights.
    pub fn score(&self, sum: i32, places: usize) -> i32 {
        let root = (places.max(FEWEST) << 8).isqrt();
        // Sixteen times the root keeps four more bits of it; a sum is at most 2^7 times some 2^10 runs.
        self.bias + sum * (16 * UNIT) / i32::try_from(root).unwrap_or(i32::MAX)
    }

    pub(super) fn of(&self, hash: u32) -> i32 {
        let at = place(hash);
        if self.tags.get(at) == Some(&tag(hash)) {
            self.attack.get(at).copied().map_or(0, i32::from)
        } else {
            0
        }
    }

    pub(super) fn of_families(&self, hash: u32) -> &[i8] {
        let at = family_place(hash) * FAMILIES;
        self.family.get(at..at + FAMILIES).unwrap_or_default()
    }
}

pub const fn place(hash: u32) -> usize {
    (hash >> 16) as usize
}

/// Of the bits that the place leaves.
pub const fn tag(hash: u32) -> u8 {
    hash.to_le_bytes()[0]
}

pub const fn family_place(hash: u32) -> usize {
    (hash >> 19) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_whole_and_is_written_as_it_is_read() {
        let weights = Weights::builtin().expect("whole");
        assert_eq!(weights.to_bytes(), include_bytes!("weights.bin"));
    }
}
