//! The messages with which pxlens extends LSP, as types: one module per message.
//!
//! `README.md` beside this crate's manifest is their specification; TypeScript types, a JSON schema and example
//! exchanges are generated from the two (see [`generate`]). Parameters and results are objects, enums are strings,
//! times are milliseconds, engines are ids, positions use the negotiated encoding. What a later version adds is
//! optional, and unknown fields are skipped, so that both sides may be of different age.
//!
//! Nothing here knows a server, a client or an engine.

mod ack_outputs;
mod capabilities;
mod cells;
mod clear;
mod clusters;
pub mod commands;
mod compare;
mod console;
mod content;
mod copy;
mod engines;
mod engines_changed;
mod export;
mod generate;
mod group;
mod ids;
mod interrupt;
mod message;
mod notebook;
mod outputs;
mod page;
mod position;
mod refresh_outputs;
mod result;
mod run;
mod run_local;
mod runs;
mod trust;
mod write_setting;

pub use ack_outputs::{AckOutputs, AckOutputsParams};
pub use capabilities::{ClientCapabilities, ServerCapabilities};
pub use cells::{Cell, CellState, Cells, CellsParams, CellsResult, Plan, Problem, ProblemSeverity};
pub use clear::{Clear, ClearParams, ClearResult};
pub use clusters::{
    Clusters, ClustersParams, ClustersResult, Connect, ConnectParams, ConnectResult, StartCluster,
    StartClusterParams, StopCluster, StopClusterParams, StopClusterResult,
};
pub use compare::{Compare, CompareParams, CompareResult, ComparedGroup, EngineChange};
pub use console::{Console, ConsoleCommand, ConsoleParams, ConsoleResult};
pub use content::{Content, ContentParams, ContentResult, ShowOutputParams, ShowOutputResult};
pub use copy::{CopyParams, CopyResult, CopyText, CopyTextParams, CopyTextResult};
pub use engines::{
    Cluster, ClusterState, Engine, EngineCell, EngineFailure, EngineState, Engines, EnginesParams,
    EnginesResult,
};
pub use engines_changed::{EnginesChanged, EnginesChangedParams};
pub use export::{Export, ExportFormat, ExportParams, ExportResult};
pub use generate::generate;
pub use group::{GroupParams, GroupResult};
pub use ids::{CellId, RunId};
pub use interrupt::{Interrupt, InterruptParams, InterruptResult};
pub use message::{Kind, Message, messages};
pub use notebook::{
    NotebookItem, NotebookOutput, NotebookOutputs, NotebookOutputsParams, NotebookOutputsResult,
    RunNotebookCell, RunNotebookCellParams, RunNotebookCellResult,
};
pub use outputs::{BlockLine, CellOutput, Line, LineSeverity, LineStyle, Outputs, OutputsParams};
pub use page::{
    Page, PageBlock, PageError, PageHtml, PageParams, PagePiece, PagePlace, PageResult, PageSection, ShowRun,
    ShowRunParams, ShowRunResult, TracebackLine,
};
pub use position::{TsPosition, TsRange};
pub use refresh_outputs::{RefreshOutputs, RefreshOutputsParams};
pub use result::{Group, GroupBy, GroupState, Result, ResultImage, ResultParams, ResultResult};
pub use run::{NotRun, Only, RecalledRun, Run, RunParams, RunResult, Scope, StartedRun};
pub use run_local::{RunLocal, RunLocalParams, RunLocalResult};
pub use runs::{PastRun, Runs, RunsParams, RunsResult};
pub use trust::{Trust, TrustParams};
pub use write_setting::{WriteSetting, WriteSettingParams, WriteSettingResult, WriteViewParams};
