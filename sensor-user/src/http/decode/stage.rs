/// Why a stage stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Damaged,
    Bomb,
}

/// One coding taken off. Output goes out in pieces as it comes, never collected.
pub(super) trait Stage: Send {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop>;

    /// Whether the coded bytes may end here.
    fn is_over(&self) -> bool;

    /// Heap bytes held.
    fn memory(&self) -> usize;
}
