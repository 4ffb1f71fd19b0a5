use super::Lack;

#[cfg(kernel_programs)]
static OBJECT: Option<&[u8]> = Some(aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sensor-ebpf.o")));
#[cfg(not(kernel_programs))]
static OBJECT: Option<&[u8]> = None;

/// The kernel programs, as they were when this binary was built.
pub(crate) fn bytes() -> Result<&'static [u8], Lack> {
    OBJECT.ok_or_else(|| {
        Lack::new(
            "this binary was built without its kernel programs",
            "run `cargo xtask build-ebpf` and build it again, or use --capture pcap",
        )
    })
}
