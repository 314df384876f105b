//! The way to a cluster: finding it or starting one, its connection file, the sockets to its controller, and the client
//! that speaks ipyparallel's protocol over them.
//!
//! In go requests, out come [`crate::run::Event`]s and the engine table. Nothing here knows an editor, a document or a
//! cell; zeromq's types stop at [`transport`].

pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod console;
pub(crate) mod discovery;
pub mod feed;
pub(crate) mod local;
pub(crate) mod origin;
pub(crate) mod process;
pub(crate) mod python;
pub(crate) mod transport;

pub(crate) use client::{ClientError, ClusterStatus, INTERRUPTED, InterruptReport, Submitted, Whose};
pub use client::{ClientOptions, ClusterClient, Execute};
pub use connection::ConnectionInfo;
pub(crate) use console::{Console, ConsoleError};
pub(crate) use feed::FeedReceiver;
pub use feed::feed;
pub(crate) use origin::{Identity, Origin, Origins, RunName};
