//! The way to a cluster: finding it or starting one, its connection file, the sockets to its controller, and the client
//! that speaks ipyparallel's protocol over them.
//!
//! In go requests, out come [`crate::run::Event`]s and the engine table. Nothing here knows an editor, a document or a
//! cell; zeromq's types stop at [`transport`].

pub mod client;
pub mod connection;
pub mod console;
pub mod discovery;
pub mod feed;
pub mod local;
pub(crate) mod process;
pub mod python;
pub mod transport;

pub use client::{ClientError, ClientOptions, ClusterClient, ClusterStatus, Execute, InterruptReport};
pub use connection::ConnectionInfo;
pub use console::{Console, ConsoleError};
pub use feed::{FeedReceiver, feed};
