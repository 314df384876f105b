//! The layers around tower-lsp.
//!
//! ```text
//! stdin ▶ decode ▶ Compat ▶ Guard ▶ Cancel ▶ handlers
//! stdout ◀ Encode ◀ RawResponses ◀─────────────────────┘
//! ```
//!
//! | layer | why it is needed |
//! |---|---|
//! | [`decode`] | tower-lsp ends the connection at the first message that it cannot decode; here that message is answered or skipped, and the connection goes on |
//! | [`compat`] | its types reject what some clients send: `null` for an absent field, missing parameters, unknown enum values; it also silently drops notifications that it cannot parse |
//! | [`guard`] | a panic in a handler would end the task that all handlers share; here it becomes an error response to that request |
//! | [`cancel`] | it answers a cancelled request as such even if its effects go on; here a handler is dropped only where that is true |
//! | [`encode`] | it keeps reading after the output is broken; here a failed write ends the server, and raw responses are put in place |
//! | [`raw_response`] | it converts each response to a `Value` before it writes it, which takes seconds for thousands of lenses |
//! | [`lifetime`] | it outlives `exit` and a closed pipe; here the server ends however the client goes away, with the exit code that LSP asks for |
//! | [`parent`] | the pipe of a killed client stays open if another process holds it; here the client's process is watched |

pub(super) mod cancel;
pub(super) mod compat;
pub(super) mod decode;
pub(super) mod encode;
pub(super) mod guard;
pub(super) mod lifetime;
pub(super) mod parent;
pub(super) mod raw_response;
