//! The client against controllers that do what a test says: over no sockets at all, where time stands still unless
//! everybody waits, and over real ones.

mod controller;
mod engines;
mod hosts;
mod interrupts;
mod outputs;
mod script;
mod sockets;
mod turns;
