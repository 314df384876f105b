//! What the face asks for a notebook whose kernel are the engines.

use std::future::Future;

use pxlens_protocol::{
    NotebookOutputsParams, NotebookOutputsResult, RunNotebookCellParams, RunNotebookCellResult,
};

/// The part of the session that runs cells of notebooks as a kernel does.
pub trait Notebooks {
    /// Runs the px lines of a cell, or all of one that holds none and is no set-up.
    fn run_notebook_cell(
        &self,
        params: RunNotebookCellParams,
    ) -> impl Future<Output = RunNotebookCellResult> + Send;

    /// What runs gave so far, as outputs of a cell; an error where there is no such run.
    fn notebook_outputs(
        &self,
        params: NotebookOutputsParams,
    ) -> impl Future<Output = Result<NotebookOutputsResult, String>> + Send;
}
