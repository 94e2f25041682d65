//! Records of the service, generated from the shapes of the catalogue.
//!
//! Every member may be absent or null, and members that the catalogue does not name are kept in `extra`.

#[allow(clippy::doc_markdown)]
mod generated;

pub use generated::*;
