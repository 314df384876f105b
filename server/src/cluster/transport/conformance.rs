//! The suite that every kind of transport runs.
