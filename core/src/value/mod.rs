//! Values of fields, by the type of the field and its place: read as a person means them, written as the service takes them,
//! and compared as forgivingly as the service stores them (docs/service/values.md, Field types).
//!
//! Reading never fails: what is not understood stays as it came. Writing refuses what the service would blank or misread, with
//! a text that goes behind the name of the field.

mod date;
mod equal;
mod field_type;
mod number;
mod place;
mod read;
mod record;
mod reference;
mod refusal;
mod spelling;
mod untyped;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use self::date::{Written, milliseconds, text_of};
pub(crate) use self::equal::equal;
pub(crate) use self::field_type::FieldType;
pub(crate) use self::number::Decimal;
pub(crate) use self::place::Place;
pub(crate) use self::read::{flag, member, read};
#[cfg(feature = "typed")]
pub(crate) use self::record::value_of;
pub(crate) use self::record::{standard_type, values_of};
pub(crate) use self::reference::Reference;
pub(crate) use self::refusal::shown;
pub(crate) use self::spelling::{alike, plain};
pub(crate) use self::untyped::{Open, no_other_zone, write_untyped};
pub(crate) use self::write::{distinct, write};
