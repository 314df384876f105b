//! The ids of the commands that the server executes (`workspace/executeCommand`). Each takes one object.
//!
//! Lenses and code actions use them in any client. `vscode-languageclient` registers them by itself, so an extension's own
//! palette commands are named otherwise (`pxlens.run`).

/// Takes [`RunParams`](crate::RunParams), answers with [`RunResult`](crate::RunResult).
pub const RUN: &str = "pxlens.server.run";
/// Takes [`RunParams`](crate::RunParams) and sets its scope to `above`.
pub const RUN_ABOVE: &str = "pxlens.server.runAbove";
/// Takes [`RunParams`](crate::RunParams) and sets its scope to `below`.
pub const RUN_BELOW: &str = "pxlens.server.runBelow";
/// Takes [`RunParams`](crate::RunParams) and sets its scope to `all`.
pub const RUN_ALL: &str = "pxlens.server.runAll";
/// Takes [`InterruptParams`](crate::InterruptParams), answers with [`InterruptResult`](crate::InterruptResult).
pub const INTERRUPT: &str = "pxlens.server.interrupt";
/// Takes [`ConsoleParams`](crate::ConsoleParams), answers with [`ConsoleResult`](crate::ConsoleResult) and shows what to type.
pub const CONSOLE: &str = "pxlens.server.console";
/// Takes [`ResultParams`](crate::ResultParams), answers with [`ResultResult`](crate::ResultResult): the output that a
/// non-blocking run kept back is shown from then on.
pub const SHOW_RESULT: &str = "pxlens.server.showResult";
/// Takes [`WriteViewParams`](crate::WriteViewParams), answers with [`WriteSettingResult`](crate::WriteSettingResult).
pub const WRITE_VIEW: &str = "pxlens.server.writeView";
/// Takes [`ShowOutputParams`](crate::ShowOutputParams), answers with [`ShowOutputResult`](crate::ShowOutputResult) and has the
/// client show it.
pub const SHOW_OUTPUT: &str = "pxlens.server.showOutput";
/// Takes [`ShowRunParams`](crate::ShowRunParams), answers with [`ShowRunResult`](crate::ShowRunResult): the client shows the run in
/// its panel.
pub const SHOW_RUN: &str = "pxlens.server.showRun";
/// Takes [`ExportParams`](crate::ExportParams), answers with [`ExportResult`](crate::ExportResult).
pub const EXPORT: &str = "pxlens.server.export";

/// Takes [`GroupParams`](crate::GroupParams), answers with [`GroupResult`](crate::GroupResult).
pub const GROUP: &str = "pxlens.server.group";
/// Takes [`CopyParams`](crate::CopyParams), answers with [`CopyResult`](crate::CopyResult).
pub const COPY: &str = "pxlens.server.copy";
/// Takes [`CompareParams`](crate::CompareParams), answers with [`CompareResult`](crate::CompareResult) and says what changed.
pub const COMPARE: &str = "pxlens.server.compare";
/// Takes [`ClearParams`](crate::ClearParams), answers with [`ClearResult`](crate::ClearResult).
pub const CLEAR: &str = "pxlens.server.clear";

/// All of them.
pub const ALL: &[&str] = &[
    RUN,
    RUN_ABOVE,
    RUN_BELOW,
    RUN_ALL,
    INTERRUPT,
    SHOW_RESULT,
    SHOW_OUTPUT,
    SHOW_RUN,
    GROUP,
    COPY,
    COMPARE,
    CLEAR,
    EXPORT,
    CONSOLE,
    WRITE_VIEW,
];
