//! The policies of the pipeline, one a file, in the order of `pipeline.rs`.

mod authorize;
mod classify;
mod coalesce;
mod ending;
mod idle_timeout;
mod log;
mod metrics;
mod quota_check;
mod quota_reserve;
mod rate;
mod request_id;
mod retry;
mod send;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use url::Url;

use crate::auth::TokenHolder;
use crate::clock::{Clock, ServerTime};
use crate::http::Transport;
use crate::log::Log;
use crate::pipeline::Policy;
use crate::quota::Quota;
use crate::redact::Secrets;
use crate::rng::Rng;

pub(crate) use rate::{ForkGuard, Limiter, Limiters};

/// What the policies work with.
pub(crate) struct Parts {
    pub(crate) handle: Handle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: ServerTime,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) tokens: Arc<TokenHolder>,
    pub(crate) quota: Arc<Quota>,
    pub(crate) limiters: Limiters,
    pub(crate) secrets: Secrets,
    pub(crate) log: Log,
    pub(crate) api: Url,
    pub(crate) company: String,
    pub(crate) attempts: u64,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_wait: Duration,
    /// In bytes.
    pub(crate) max_answer_size: usize,
    pub(crate) token_in_query: bool,
}

/// The row of policies, in their order.
pub(crate) fn row(parts: &Parts) -> Arc<[Arc<dyn Policy>]> {
    let clock = || Arc::clone(&parts.clock);
    Arc::from([
        Arc::new(request_id::RequestId { clock: clock(), secrets: parts.secrets.clone() }) as Arc<dyn Policy>,
        Arc::new(metrics::Metrics {
            clock: clock(),
            quota: Arc::clone(&parts.quota),
            log: parts.log.clone(),
        }),
        Arc::new(ending::Ending { clock: clock() }),
        Arc::new(coalesce::Coalesce::new(parts.handle.clone())),
        Arc::new(retry::Retry::new(clock(), Arc::clone(&parts.rng), parts.attempts, parts.max_wait)),
        Arc::new(quota_check::QuotaCheck {
            quota: Arc::clone(&parts.quota),
            clock: clock(),
            limiter: Arc::clone(&parts.limiters.api),
            api: parts.api.clone(),
        }),
        Arc::new(rate::RateWait {
            clock: clock(),
            max_wait: parts.max_wait,
            limiters: parts.limiters.clone(),
        }),
        Arc::new(authorize::Authorize {
            tokens: Arc::clone(&parts.tokens),
            time: parts.time.clone(),
            in_query: parts.token_in_query,
        }),
        Arc::new(quota_reserve::QuotaReserve { quota: Arc::clone(&parts.quota) }),
        Arc::new(idle_timeout::IdleTimeout { clock: clock(), limit: parts.idle_timeout }),
        Arc::new(log::LogAttempt { clock: clock(), log: parts.log.clone() }),
        Arc::new(classify::Classify {
            company: parts.company.clone(),
            secrets: parts.secrets.clone(),
            time: parts.time.clone(),
        }),
        Arc::new(send::Send {
            transport: Arc::clone(&parts.transport),
            api: parts.api.clone(),
            clock: clock(),
            idle_timeout: parts.idle_timeout,
            max_answer_size: parts.max_answer_size,
        }),
    ])
}
