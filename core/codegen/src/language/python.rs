//! Types and arguments in Python.

use minijinja::Environment;

pub(crate) fn register(_environment: &mut Environment<'_>) {}
