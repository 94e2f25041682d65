//! The client at servers that do odd things with connections.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod departure;
mod downloads;
mod endless;
mod environment;
mod http2;
mod links;
mod many_downloads;
mod proxies;
mod server;
mod sizes;
mod sources;
mod starved;
