//! Weaknesses of APIs: what scans find, and what files of other tools' findings say, as the store's observations.

mod endpoint;
mod import;
mod nuclei;
mod redact;
mod sarif;

pub(crate) use self::{
    import::{Format, read},
    redact::redacted,
};
