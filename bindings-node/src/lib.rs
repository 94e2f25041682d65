//! The native half of the npm package: [`beproduct::seam`] as classes of Node.
//!
//! Arguments, options and answers cross as JSON text, errors as the JSON of [`beproduct::Error::to_json`] in the message
//! of a plain `Error`. The TypeScript half makes values and error classes of them; nothing here is public API.

pub mod command;
mod engine;
mod host;
mod promise;
mod reply;
pub mod values;
