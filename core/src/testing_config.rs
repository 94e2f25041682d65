//! Settings for tests: another clock, no chance, answers from a table.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// See [`crate::Config::testing`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TestingConfig {
    /// `recorded`: pauses return at once; `manual`: time stands until it is advanced.
    pub clock: Option<String>,
    /// Start of the clock, Unix seconds.
    pub start: Option<u64>,
    /// No chance: spreads in the middle, request ids in order.
    pub fixed_chance: bool,
    /// Lines that a journal of changes takes; then its disk is full.
    pub journal_lines: Option<u64>,
    /// Whether the last of them is written, and said not to be: as a process has it that ends right behind it.
    pub journal_line_untold: bool,
    /// Answers from this table instead of the network. A request that none fits fails with the error `network`.
    pub answers: Option<Vec<TableAnswer>>,
}

/// An answer of [`crate::TestingConfig::answers`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableAnswer {
    /// Method of the request. Default `GET`.
    #[serde(default = "get")]
    pub method: String,
    /// Path below `/api/COMPANY/`, or one that begins with `/`. Query parameters behind a `?` have to be among those of the
    /// request.
    pub path: String,
    /// Status. Default 200.
    #[serde(default = "ok")]
    pub status: u16,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, which is sent as JSON. Default: none.
    #[serde(default)]
    pub body: Option<Value>,
    /// The body as a text that need not be JSON.
    #[serde(default)]
    pub text: Option<String>,
    /// How often it answers. Default: always.
    #[serde(default)]
    pub times: Option<u32>,
}

fn get() -> String {
    "GET".into()
}

fn ok() -> u16 {
    200
}
