//! End-to-end tests: the program as users start it, on simulated controllers and real clusters.
//!
//! Golden tests have `golden` in their names.

mod console;
mod faults;
mod golden_display;
mod golden_recording;
mod layers;
mod local_part;
mod lsp_flood;
mod lsp_mend;
mod lsp_results;
mod lsp_run;
mod lsp_shell;
mod lsp_work;
mod nothing_lost;
mod program;
mod shell;
mod shell_results;
mod tour;
