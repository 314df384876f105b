//! Golden tests of the reducer.

mod wire;
