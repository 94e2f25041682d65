//! What each language writes, and what its templates need to know of types.

pub(crate) mod command;
mod examples;
pub(crate) mod kotlin;
pub(crate) mod python;
pub(crate) mod reference;
pub(crate) mod rust;
pub(crate) mod swift;
pub(crate) mod typescript;

use minijinja::{Environment, Value};

use crate::client::Own;
use crate::output::Output;

/// A language: what is written for it, what its templates call, and how it spells the marks of texts.
pub(crate) struct Language {
    pub(crate) outputs: &'static [Output],
    pub(crate) register: fn(&mut Environment<'_>),
    pub(crate) spell: fn(&Own, &str, &str) -> String,
}

pub(crate) const ALL: &[Language] = &[
    Language { outputs: rust::OUTPUTS, register: rust::register, spell: rust::spell },
    Language { outputs: python::OUTPUTS, register: python::register, spell: python::spell },
    Language { outputs: typescript::OUTPUTS, register: typescript::register, spell: typescript::spell },
    Language { outputs: swift::OUTPUTS, register: swift::register, spell: swift::spell },
    Language { outputs: reference::OUTPUTS, register: reference::register, spell: reference::spell },
    Language { outputs: kotlin::OUTPUTS, register: kotlin::register, spell: kotlin::spell },
    Language { outputs: command::OUTPUTS, register: command::register, spell: command::spell },
];

/// A text member of an object of the template's context.
fn member(object: &Value, name: &str) -> String {
    object.get_attr(name).map(|value| value.to_string()).unwrap_or_default()
}
