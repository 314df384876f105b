//! The messages with which pxlens extends LSP, as types: one module per message.
//!
//! A message is declared once, in its own module ([`Message`]): name, method, direction, parameters, result, and the text of
//! the specification. A command of the server is declared once in [`commands`]. From these come `README.md` beside this
//! crate's manifest, TypeScript types, a JSON schema and example exchanges; the feature `codegen` has the generators, and the
//! server is built without them. Parameters and results are objects, enums are strings, times are milliseconds, engines are
//! ids, positions use the negotiated encoding. What a later version adds is optional, and unknown fields are skipped, so that
//! the two sides may be of different versions.
//!
//! Nothing here knows a server, a client or an engine.

#[macro_use]
mod message;

mod ack_outputs;
mod capabilities;
mod cells;
mod clear;
mod clusters;
pub mod commands;
mod compare;
mod connect;
mod console;
mod content;
mod copy;
mod engines;
mod engines_changed;
mod export;
#[cfg(feature = "codegen")]
mod generate;
mod group;
mod ids;
mod interrupt;
mod interrupt_engines;
mod notebook_outputs;
mod outputs;
mod page;
#[cfg(feature = "codegen")]
mod position;
mod refresh_outputs;
mod result;
mod run;
mod run_local;
mod run_notebook_cell;
mod runs;
mod show_run;
mod start_cluster;
mod stop_cluster;
mod trust;
#[cfg(feature = "codegen")]
mod types;
mod write_setting;

#[cfg(not(feature = "codegen"))]
use pxlens_protocol_inert::{JsonSchema, TS};
#[cfg(feature = "codegen")]
use {schemars::JsonSchema, ts_rs::TS};

#[cfg(feature = "codegen")]
pub use generate::generate;
pub use message::{Kind, Message};

#[cfg(feature = "codegen")]
pub use position::*;
pub use {capabilities::*, group::*, ids::*};

messages! {
    run::Run,
    interrupt::Interrupt,
    interrupt_engines::InterruptEngines,
    cells::Cells,
    result::Result,
    page::Page,
    show_run::ShowRun,
    runs::Runs,
    compare::Compare,
    clear::Clear,
    content::Content,
    export::Export,
    engines::Engines,
    engines_changed::EnginesChanged,
    clusters::Clusters,
    connect::Connect,
    start_cluster::StartCluster,
    stop_cluster::StopCluster,
    console::Console,
    run_local::RunLocal,
    outputs::Outputs,
    refresh_outputs::RefreshOutputs,
    ack_outputs::AckOutputs,
    run_notebook_cell::RunNotebookCell,
    notebook_outputs::NotebookOutputs,
    trust::Trust,
    write_setting::WriteSetting,
    copy::CopyText,
}
