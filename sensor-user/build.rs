//! Embeds the kernel programs, if they have been built.

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rustc-check-cfg=cfg(kernel_programs)");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../target/portcullis");
    let object = folder.join("sensor-ebpf.o");
    if object.is_file() {
        println!("cargo::rerun-if-changed={}", object.display());
        println!("cargo::rustc-cfg=kernel_programs");
        fs::copy(&object, PathBuf::from(env::var("OUT_DIR")?).join("sensor-ebpf.o"))?;
    } else {
        // The folder and not the file: cargo takes a watched file that is missing for one that has changed.
        fs::create_dir_all(&folder)?;
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    Ok(())
}
