//! Whether filters do what they say.

mod check;

pub(crate) use check::FilterCheck;
