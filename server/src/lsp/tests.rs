//! The traps that language servers fall into, each as a test: a client over a pipe in memory, a session made for the test.

mod client;
mod conversation;
mod endings;
mod fake;
mod order;
mod plain;
