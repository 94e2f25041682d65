//! A stand-in for the BeProduct PLM service: identity server, REST API and control interface on one port of
//! 127.0.0.1, with sample data made from a seed.
//!
//! Tests start it inside their own process:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use beproduct_simulator::{Options, Simulator};
//!
//! let options = Options { styles: 50, materials: 10, table_rows: 100, ..Options::default() };
//! let simulator = Simulator::start(options).await?;
//! assert!(simulator.addresses().api.starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```
//!
//! A request runs through `gate` (log, counts, faults) to `service` or `identity`; `control` is what tests talk
//! to. `seed` makes the records, `model` holds them and writes them out.

mod answers;
mod calendar;
mod connection;
mod control;
mod faults;
mod fields;
mod files;
mod filters;
mod gate;
mod identity;
mod limits;
mod log;
mod model;
mod options;
mod parts;
mod people;
mod random;
mod secrets;
mod seed;
mod server;
mod service;
mod state;
mod storage;
mod tls;
mod values;

pub use options::{Edition, Options, Rotation, SigningAlgorithm};
pub use server::{Addresses, Simulator};
pub use tls::Authority;
