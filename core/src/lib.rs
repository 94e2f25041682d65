//! A client for the BeProduct PLM API.
//!
//! ```no_run
//! use beproduct::{Client, Filter, Plan};
//! use futures_util::TryStreamExt as _;
//!
//! # async fn example() -> beproduct::Result<()> {
//! let client = Client::builder("acme")
//!     .refresh_token("client-id", "client-secret", "refresh-token")
//!     .plan(Plan::business_max(8))
//!     .build()?;
//! let mut styles = std::pin::pin!(client.style().list().filters([Filter::eq("active", "Yes")]).stream());
//! while let Some(style) = styles.try_next().await? {
//!     println!("{}", style.header_number.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every operation of the service has a method on one of the resources: [`Client::style`], [`Client::material`],
//! [`Client::data_tables`] and so on. [`Client::call`] and [`Client::pages`] take an operation by name, for other
//! languages and for programs that do not know it beforehand.

#[cfg(feature = "typed")]
pub mod api;
pub mod auth;
pub mod host;
#[cfg(feature = "typed")]
pub mod models;
pub mod seam;
pub mod testing;

mod address;
mod answer;
mod arguments;
mod call_options;
mod caller;
mod cancel;
mod catalog;
mod changes;
mod client;
mod clock;
mod config;
mod credentials;
mod error;
mod filters;
mod folders;
mod handlers;
mod headers;
mod history;
mod host_failure;
mod http;
mod id_filters;
mod limits;
mod log;
mod near;
mod options;
mod own;
mod page_sizes;
mod paging;
mod pairs;
mod pipeline;
mod policy;
mod private_file;
mod progress;
mod promise;
mod quota;
mod rate_news;
mod record_lines;
mod redact;
mod requester;
mod rng;
mod schemas;
mod settings;
mod store_config;
mod tally;
mod testing_config;
mod trace;
mod value;
mod webhook;

pub use answer::Answer;
pub use arguments::files::FileSource;
pub use arguments::filters::{Filter, Operator};
pub use cancel::{CallGuard, CallIds, Cancel};
pub use catalog::{Effect, Operation, Replay, operations};
pub use client::{Client, ClientBuilder, stored_report, stored_status};
pub use clock::Clock;
pub use config::{Config, LedgerConfig, RedisConfig, StoreConfig, WhenAway};
pub use error::{Error, Result};
pub use http::{
    AnswerBody, Body, BodySource, Chunks, HttpRequest, HttpResponse, Reach, Reached, SourceError, Transport,
    TransportError, Wire,
};
pub use log::{Attributes, Level, LogSink, Record};
pub use options::{CallOptions, Priority};
pub use own::*;
pub use paging::{Page, Pager};
pub use progress::OnProgress;
pub use quota::{Plan, QuotaListener};
pub use redact::Secret;
pub use requester::Transfer;
pub use rng::Rng;
pub use testing_config::{TableAnswer, TestingConfig};
pub use webhook::parse_event;
