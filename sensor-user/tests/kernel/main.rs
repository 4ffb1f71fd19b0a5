//! The kernel programs and what drives them, in a real kernel: needs root, and namespaces that each test makes for
//! itself.

mod blocking;
mod gate;
mod support;
mod survival;
mod tap;
mod traffic;
