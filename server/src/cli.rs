//! The face of the shell.

pub mod clusters;
pub mod start;
pub mod stop;
