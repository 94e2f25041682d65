//! Drives the simulator over HTTP, as a client would.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod app_parts;
mod copies;
mod data_tables;
mod endings;
mod faults;
mod files;
mod grants;
mod hosts;
mod id_tokens;
mod identity;
mod limits;
mod lists;
mod masters;
mod modes;
mod people;
mod server;
mod social;
mod support;
mod tracking;
mod writes;
