//! What each language writes, and what its templates need to know of types.

pub(crate) mod kotlin;
pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod swift;
pub(crate) mod typescript;

use minijinja::Value;

use crate::emit::Output;

/// All templates.
pub(crate) fn outputs() -> impl Iterator<Item = &'static Output> {
    [rust::OUTPUTS, python::OUTPUTS, typescript::OUTPUTS, swift::OUTPUTS, kotlin::OUTPUTS]
        .into_iter()
        .flatten()
}

/// A text member of an object of the template's context.
fn member(object: &Value, name: &str) -> String {
    object.get_attr(name).map(|value| value.to_string()).unwrap_or_default()
}
