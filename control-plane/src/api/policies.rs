//! Policies: every one with its text, what is saved over the built-in ones, and what a text would find.

mod change;
mod dry_run;
mod exchange;
mod list;

pub(super) use self::{
    change::{Content, Mode, Named, Rollback, delete, restore, roll_back, save, set_mode},
    dry_run::{Trial, test},
    list::{Request, list, remediation, versions},
};
