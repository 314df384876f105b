//! Clusters: their connection files, finding, starting and stopping them, and the client that speaks to one.

pub mod discovery;
pub mod local;
mod process;
pub mod python;
