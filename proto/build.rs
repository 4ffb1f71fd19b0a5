//! Compiles `sensor.proto` in Rust alone: no `protoc` has to be installed.

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=sensor.proto");
    let descriptors = protox::compile(["sensor.proto"], ["."])?;
    tonic_prost_build::configure().compile_fds(descriptors.clone())?;

    // The server once more, over messages that are encoded already.
    let encoded = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?).join("encoded");
    fs::create_dir_all(&encoded)?;
    tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".portcullis.sensor.v1", "crate::v1")
        .extern_path(".portcullis.sensor.v1.ControlMessage", "crate::encoded::ControlMessage")
        .out_dir(encoded)
        .compile_fds(descriptors)?;
    Ok(())
}
