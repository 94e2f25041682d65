//! Types and arguments in Kotlin.

use minijinja::Environment;

pub(crate) fn register(_environment: &mut Environment<'_>) {}
