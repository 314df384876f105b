//! End-to-end tests: the program as users start it, on simulated controllers and real clusters.
//!
//! Golden tests have `golden` in their names.

mod console;
mod earlier_windows;
mod failures;
mod faults;
mod field;
mod foreign_files;
mod golden_display;
mod golden_recording;
mod golden_sessions;
mod hosts;
mod late_output;
mod layers;
mod local_part;
mod lsp_card;
mod lsp_content;
mod lsp_errors;
mod lsp_fixes;
mod lsp_flood;
mod lsp_history;
mod lsp_late_output;
mod lsp_process;
mod lsp_results;
mod lsp_run;
mod lsp_workflow;
mod never_panics;
mod nothing_lost;
mod original_examples;
mod partial_runs;
mod per_cell;
mod plots;
mod private_files;
mod program;
mod project_folder;
mod quitting;
mod reliability;
mod shell;
mod shell_results;
mod starting;
mod targets;
mod terminal;
mod tour;
mod undecodable;
