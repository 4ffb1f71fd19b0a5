//! Events by UTC day: filters and figures against a plain list, the way over from one table, days that go, words that are
//! found.

mod aged;
mod filters;
mod moved;
mod retention;
mod words;
