//! A listener of the quota in the host program.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::lane::{Job, Lane};
use super::log::HostLog;
use super::{Hook, HostFailure};
use crate::error::{Error, Result};
use crate::own::QuotaEvent;
use crate::quota::QuotaListener;

/// Events that wait for a listener. There are three a day, unless it does not take them.
const MOST: usize = 100;

pub(crate) struct HostListener {
    lane: Lane,
    /// Takes what no call could tell.
    log: Option<Arc<HostLog>>,
}

impl HostListener {
    pub(super) fn new(lane: Lane, log: Option<Arc<HostLog>>) -> Self {
        Self { lane, log }
    }
}

impl QuotaListener for HostListener {
    fn notice(&self, event: &QuotaEvent) {
        if !self.lane.has(Hook::QuotaEvent) {
            return;
        }
        if self.lane.waiting() >= MOST {
            if let Some(log) = &self.log {
                log.warn("on_quota_event takes events too slowly: one was left out".into());
            }
            return;
        }
        let (event, log) = (text(event), self.log.clone());
        self.lane.put(Job {
            hook: Hook::QuotaEvent,
            payload: Box::new(|| Some(event.into())),
            done: Box::new(move |answer| {
                if let (Err(failure), Some(log)) = (answer, log) {
                    log.warn(format!("on_quota_event failed: {failure}"));
                }
            }),
        });
    }

    fn at_limit<'a>(&'a self, event: &'a QuotaEvent) -> BoxFuture<'a, Result<Option<Duration>>> {
        Box::pin(async move {
            if !self.lane.has(Hook::QuotaLimit) {
                return Ok(None);
            }
            self.lane.ask("on_quota_limit", Hook::QuotaLimit, text(event), longest_wait).await
        })
    }
}

fn longest_wait(answer: std::result::Result<String, HostFailure>) -> Result<Option<Duration>> {
    let answer = answer.map_err(|failure| Error::of_host("on_quota_limit failed", failure))?;
    let read = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    match (&read, read.as_f64()) {
        (Value::Null, _) => Ok(None),
        // JSON has no number for it.
        (Value::String(forever), _) if forever == "Infinity" => Ok(Some(Duration::MAX)),
        (_, Some(seconds)) if seconds >= 0.0 => {
            Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
        }
        _ => Err(Error::of_callback(format!(
            "on_quota_limit has to give the seconds that a call may wait, or nothing, not {read}"
        ))),
    }
}

fn text(event: &QuotaEvent) -> String {
    // Texts and numbers only: this cannot fail.
    serde_json::to_string(event).unwrap_or_default()
}
