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

pub mod api;
pub mod auth;
pub mod models;
pub mod seam;
pub mod testing;

mod answer;
mod arguments;
mod batch;
mod call;
mod cancel;
mod catalog;
mod client;
mod clock;
mod config;
mod error;
mod filter_check;
mod headers;
mod http;
mod log;
mod paging;
mod pipeline;
mod policy;
mod private_file;
mod quota;
mod redact;
mod rng;

pub use arguments::filters::{Filter, Operator};
pub use call::{Answer, Attempt, CallOptions, Meta, Priority, RateFigures, Wait, WaitReason};
pub use cancel::{CallGuard, CallIds, Cancel};
pub use catalog::{Effect, Operation, Replay, operations};
pub use client::{Client, ClientBuilder, stored_report, stored_status};
pub use clock::Clock;
pub use config::{Config, LedgerConfig, RedisConfig, StoreConfig, TestingConfig, WhenAway};
pub use error::{Error, ErrorKind, Outcome, Result};
pub use http::{HttpRequest, HttpResponse, Reached, Transport, TransportError};
pub use log::{Attributes, Level, LogSink, Record};
pub use paging::{Page, Pager};
pub use quota::{
    Estimate, EstimateItem, LimitStatus, Plan, QuotaEvent, QuotaEventKind, QuotaListener, QuotaReport,
    QuotaStatus, ReportRow, Share, Span, Usage, Work,
};
pub use redact::Secret;
pub use rng::Rng;
