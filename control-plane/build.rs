//! Makes sure `console/dist` exists, so that the embedding compiles without Node, and rebuilds when it changes.

use std::{env, fs, path::Path};

fn main() {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../console/dist");
    // An absent path would count as changed on every build. Where the tree is read-only it stays absent, which
    // costs rebuilds and nothing else.
    if let Err(error) = fs::create_dir_all(&dist) {
        println!("cargo::warning=cannot make {}: {error}", dist.display());
    }
    println!("cargo::rerun-if-changed=../console/dist");
    println!("cargo::rerun-if-changed=build.rs");
}
