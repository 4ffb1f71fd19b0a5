use ipnet::IpNet;

use super::EnforceError;

/// How much a block met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHits {
    pub net: IpNet,
    pub packets: u64,
    pub bytes: u64,
}

/// Reads what the kernel has counted, which of very many blocks takes its time. It needs the enforcer no more, so that
/// this need not wait.
pub type Count = Box<dyn FnOnce() -> Result<Counted, EnforceError> + Send>;

/// What the kernel has counted. The enforcer says of which blocks that is.
#[derive(Debug, Default)]
pub struct Counted {
    /// By the number of the entry in the gate's maps.
    pub(super) by_entry: Vec<(u64, Met)>,
    pub(super) by_net: Vec<BlockHits>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}
