//! What the templates of each language need to know of types.

pub(crate) mod kotlin;
pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod swift;
pub(crate) mod typescript;

use minijinja::Value;

/// A text member of an object of the template's context.
fn member(object: &Value, name: &str) -> String {
    object.get_attr(name).map(|value| value.to_string()).unwrap_or_default()
}
