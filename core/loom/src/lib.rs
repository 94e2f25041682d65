//! Model checks of the core's concurrent code: every order in which threads may run is tried, within bounds.
//!
//! The files of the core are included here and get loom's locks for those of the standard library.

#[cfg(test)]
mod rate;
