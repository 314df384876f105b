//! End-to-end tests: the program as users start it, on simulated controllers and real clusters.
//!
//! Golden tests have `golden` in their names.
