//! Whether filters do what they say.

mod check;
mod schema_cache;

pub(crate) use check::FilterCheck;
