//! What tower-lsp needs round it.
//!
//! ```text
//! stdin ▶ decode ▶ Compat ▶ Guard ▶ router ▶ handlers
//! stdout ◀ Encode ◀ RawResponses ◀────────────┘
//! ```
//!
//! | part | why it is there |
//! |---|---|
//! | [`decode`] | tower-lsp ends the conversation at the first message that it cannot decode; here that message is answered or skipped, and the rest goes on |
//! | [`compat`] | its types refuse what some clients send: `null` for what is left out, parameters that are missing, unknown enum values; it also drops notifications that it cannot read without a word |
//! | [`guard`] | a panic in a handler would end the task that all handlers share; here it is the error answer of that request |
//! | [`encode`] | it writes message by message, and panics when the pipe is closed; here messages are written together and the end of the client is an end |
//! | [`raw_response`] | it makes a `Value` of each answer before it writes it, which costs seconds where there are thousands of lenses |
//! | [`lifetime`] | it outlives `exit` and a closed pipe; here every way in which a client can go ends the server, with the exit code that LSP asks for |
//! | [`parent`] | a client that was killed closes nothing where another process holds the pipe; its process id is watched |

pub(super) mod compat;
pub(super) mod decode;
pub(super) mod encode;
pub(super) mod guard;
pub(super) mod lifetime;
pub(super) mod parent;
pub(super) mod raw_response;
