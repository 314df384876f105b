//! End-to-end tests: the program as users start it, on simulated controllers and real clusters.
//!
//! Golden tests have `golden` in their names.

mod faults;
mod golden_display;
mod layers;
mod lsp_run;
mod lsp_shell;
mod nothing_lost;
mod program;
mod shell;
mod tour;
