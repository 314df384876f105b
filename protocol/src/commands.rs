//! The commands that the server executes (`workspace/executeCommand`), each declared once. Each takes one object.
//!
//! Lenses and code actions use them in any client. `vscode-languageclient` registers them by itself, so an extension's own
//! palette commands need other names (`pxlens.run`).

use crate::{
    ClearParams, ClearResult, CompareParams, CompareResult, ConsoleParams, ConsoleResult, CopyParams,
    CopyResult, ExportParams, ExportResult, GroupParams, GroupResult, InterruptParams, InterruptResult,
    ResultParams, ResultResult, RunParams, RunResult, ShowOutputParams, ShowOutputResult, ShowRunParams,
    ShowRunResult, WriteSettingResult, WriteViewParams,
};

macro_rules! commands {
    ($($(#[doc = $text:literal])+ $constant:ident $id:literal ($params:ident) -> $result:ident;)+) => {
        $(
            $(#[doc = $text])+
            #[doc = concat!("\n\nTakes [`", stringify!($params), "`], answers with [`", stringify!($result), "`].")]
            pub const $constant: &str = $id;
        )+

        /// The ids of all commands.
        pub const ALL: &[&str] = &[$($constant),+];

        #[cfg(feature = "codegen")]
        pub(crate) fn declared() -> Vec<Command> {
            vec![$(Command {
                id: $id,
                params: stringify!($params),
                result: stringify!($result),
                text: concat!($($text),+),
                types: [
                    crate::types::Described::of::<$params>(),
                    crate::types::Described::of::<$result>(),
                ],
            }),+]
        }

        // The types belong to the declaration, even if nothing is generated from it.
        #[cfg(not(feature = "codegen"))]
        const _: Option<($($params, $result),+)> = None;
    };
}

/// What a declaration says.
#[cfg(feature = "codegen")]
pub(crate) struct Command {
    pub(crate) id: &'static str,
    pub(crate) params: &'static str,
    pub(crate) result: &'static str,
    /// What it does, in Markdown.
    pub(crate) text: &'static str,
    /// The types of its argument and of its result.
    pub(crate) types: [crate::types::Described; 2],
}

commands! {
    /// [`px/run`](#run).
    RUN "pxlens.server.run" (RunParams) -> RunResult;
    /// The same with the `scope` `above`.
    RUN_ABOVE "pxlens.server.runAbove" (RunParams) -> RunResult;
    /// The same with the `scope` `below`.
    RUN_BELOW "pxlens.server.runBelow" (RunParams) -> RunResult;
    /// The same with the `scope` `all`.
    RUN_ALL "pxlens.server.runAll" (RunParams) -> RunResult;
    /// [`px/interrupt`](#interrupt).
    INTERRUPT "pxlens.server.interrupt" (InterruptParams) -> InterruptResult;
    /// [`px/result`](#result); from then on, the output that a non-blocking run kept back is shown.
    SHOW_RESULT "pxlens.server.showResult" (ResultParams) -> ResultResult;
    /// Asks the client to [show the document](#content).
    SHOW_OUTPUT "pxlens.server.showOutput" (ShowOutputParams) -> ShowOutputResult;
    /// Has a client with [`panel`](#show-run) show the run there, and answers once it has.
    SHOW_RUN "pxlens.server.showRun" (ShowRunParams) -> ShowRunResult;
    /// Changes the grouping in which a run is shown.
    GROUP "pxlens.server.group" (GroupParams) -> GroupResult;
    /// Copies the output of a run to the clipboard, through a client with [`copy`](#copy).
    COPY "pxlens.server.copy" (CopyParams) -> CopyResult;
    /// [`px/compare`](#compare); the summary is also shown as a message.
    COMPARE "pxlens.server.compare" (CompareParams) -> CompareResult;
    /// [`px/clear`](#clear).
    CLEAR "pxlens.server.clear" (ClearParams) -> ClearResult;
    /// [`px/export`](#export); the message of the result is also shown.
    EXPORT "pxlens.server.export" (ExportParams) -> ExportResult;
    /// [`px/console`](#console); what to type is also shown as a message.
    CONSOLE "pxlens.server.console" (ConsoleParams) -> ConsoleResult;
    /// Has a client with [`writeSettings`](#write-setting) write a view into the settings.
    WRITE_VIEW "pxlens.server.writeView" (WriteViewParams) -> WriteSettingResult;
}
