//! The face that editors see: a language server over stdio.
//!
//! Messages come in through the [`shell`]'s adaptors, one handler file per method hands them to the session, and what
//! happens in the session goes out again: outputs through the publisher, the rest through the herald. Types of tower-lsp
//! and lsp-types stop here; nothing below knows an editor.
//!
//! Rules that hold everywhere below `lsp/`:
//! * A notification handler has no `.await` before it told the session: order is kept only up to the first one.
//! * A handler neither blocks nor computes for long: all of them share one task.
//! * A request to the client is never awaited in a handler: it is spawned, with a time limit.
//! * Standard output belongs to the protocol.
//! * A client's URI is a key: compared byte for byte, given back unchanged.

mod backend;
mod bridge;
mod capabilities;
mod contents;
mod diagnostics;
mod engines_changed;
mod facade;
mod guard;
mod handlers;
mod herald;
mod lifetime;
mod messages;
mod parent;
mod paths;
mod pipes;
mod progress;
mod publish;
mod router;
mod run_local;
mod settings;
mod shell;
mod starting;
mod strainer;
mod tasks;
#[cfg(test)]
mod tests;
mod tolerance;
mod written;

pub use bridge::Bridge;
pub use facade::{
    CardForm, CardWish, CellOutputs, CellText, Change, Clusters, Completion, Content, Contents, Elsewhere,
    EngineError, ErrorVariant, Explanation, Fold, Happening, Hint, History, LensCell, Lenses, NotebookCell,
    NotebookChange, NotebookSplice, Notebooks, Pages, Parts, Problems, Purpose, RegionEnd, Session, Starting,
    Suggestion, Suggestions, Symbol, SymbolKind, TextChange, Token, Wanted,
};
pub use paths::file_path;
pub use publish::{Credit, Mark, Marks, Publisher, Sink, View};
pub use settings::{BadSetting, ClusterChoice, DEFAULT_ENGINES, Settings};
pub use shell::{serve, serve_stdio};
