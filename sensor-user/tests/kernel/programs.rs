//! Each kernel program by itself before this kernel's verifier, with room for those of others.

use std::{io::ErrorKind, path::Path};

use aya::{
    Ebpf, EbpfLoader,
    programs::{Program, ProgramError},
};
use portcullis_sensor_common::{cut, gate};

use crate::support::ready;

/// The verifier gives up at a million, and other kernels' verifiers walk more of the same program.
const MOST_VERIFIED: u32 = 250_000;

#[test]
fn every_program_of_the_object_passes_the_verifier() {
    if !ready() {
        return;
    }
    let object = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/portcullis/sensor-ebpf.o");
    let object = std::fs::read(&object).unwrap_or_else(|error| panic!("{}: {error}", object.display()));
    let names: Vec<String> = load(&object).programs().map(|(name, _)| name.to_owned()).collect();
    assert!(names.len() >= 3, "gate, gate for packets in pieces, and tap: {names:?}");
    for name in names {
        // A fresh object for each, so that none leans on what another made.
        let mut ebpf = load(&object);
        let program = ebpf.program_mut(&name).unwrap();
        let mut attempts = 0;
        let loaded = loop {
            let loaded = match program {
                Program::Xdp(program) => program.load(),
                Program::SchedClassifier(program) => program.load(),
                _ => panic!("{name}: what kind is it? This test has to know"),
            };
            attempts += 1;
            match loaded {
                // A signal interrupted the verifier.
                Err(ProgramError::LoadError { io_error, .. })
                    if io_error.kind() == ErrorKind::WouldBlock && attempts < 5 => {}
                loaded => break loaded,
            }
        };
        loaded.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let info = match program {
            Program::Xdp(program) => program.info(),
            Program::SchedClassifier(program) => program.info(),
            _ => unreachable!(),
        };
        let info = info.unwrap();
        // Told since Linux 5.16.
        let verified = info.verified_instruction_count().unwrap_or(0);
        println!("{name}: {verified} instructions verified, {} bytes of machine code", info.size_jitted(),);
        assert!(verified <= MOST_VERIFIED, "{name}: {verified} of at most {MOST_VERIFIED}");
        assert!(info.size_jitted() > 0, "{name} is interpreted: sysctl -w net.core.bpf_jit_enable=1");
    }
}

/// With small maps: what they hold is no matter here.
fn load(object: &[u8]) -> Ebpf {
    let mut loader = EbpfLoader::new();
    for large in gate::MAPS.into_iter().chain(["FLOWS", cut::FLOWS]) {
        loader.map_max_entries(large, 1);
    }
    loader.load(object).unwrap()
}
