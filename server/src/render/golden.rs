//! Golden displays: what ipyparallel's own terminal printed.
