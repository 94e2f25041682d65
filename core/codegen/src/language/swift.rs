//! Types and arguments in Swift.

use minijinja::Environment;

pub(crate) fn register(_environment: &mut Environment<'_>) {}
