mod info;

pub use info::{Category, Info, Severity};
