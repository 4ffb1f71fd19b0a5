//! Weaknesses of APIs: what scans make of them, and what people read and do about them.

mod imported;
mod scans;
