//! The agent: what runs on the node, outside the kernel.
//!
//! One room per stage, one type between each: capture gives [`segment::Segment`], flow and http give `Exchange`, tag
//! gives `TaggedExchange`, detection gives `Detection`, uplink sends events. Commands come back through uplink into
//! enforce.

pub mod blocking;
pub mod capture;
pub mod configuration;
pub mod counters;
pub mod enforce;
pub mod evaluate;
pub mod event;
pub mod flow;
pub mod http;
pub mod interfaces;
pub mod inventory;
mod kernel;
pub mod learned;
pub mod mask;
pub mod orders;
pub mod output;
pub mod policies;
pub mod replay;
pub mod run;
pub mod segment;
pub mod state_dir;
pub mod storm;
pub mod tag;
pub mod uplink;
pub mod wire;
