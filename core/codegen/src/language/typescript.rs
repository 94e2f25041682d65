//! Types and arguments in TypeScript.

use minijinja::Environment;

pub(crate) fn register(_environment: &mut Environment<'_>) {}
