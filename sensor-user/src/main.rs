//! The binary `sensor`: reads the command line and hands over to a verb.

mod cli;

use std::process::ExitCode;

/// Every exchange is some thirty small blocks made and freed: it takes a tenth less time than with the system's
/// allocator (`cargo xtask bench wire`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main().into()
}
