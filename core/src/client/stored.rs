//! What the settings say of the quota, and how it stands by a stored ledger without a client.

use std::sync::Arc;

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::error::Result;
use crate::own::{QuotaReport, QuotaStatus};
use crate::quota::{self, LedgerSettings, QuotaSettings};

pub(super) fn quota_settings(config: &Config, clock: Arc<dyn Clock>) -> Result<QuotaSettings> {
    Ok(QuotaSettings {
        owner: quota::owner(&config.api_base()?, config.company()?),
        plan: config.plan.clone().unwrap_or_default(),
        floor: config.quota_floor,
        lease: config.quota_lease,
        longest_wait: config.quota_wait.map(|wait| config.seconds("quota_wait", wait)).transpose()?,
        max_wait: config.seconds("max_wait", config.max_wait)?,
        ledger: LedgerSettings {
            chosen: config.ledger.clone(),
            state_folder: config.state_folder(),
            ca_certificates: config.ca_certificates.clone(),
            clock,
            server_time: config.testing.as_ref().is_none_or(|testing| testing.clock.is_none()),
        },
    })
}

/// How the quota stands by the stored ledger that the settings name. Needs no sign-in and sends nothing to the service. The
/// default ledger is made where nothing was counted yet.
///
/// # Errors
/// `config` when there is no ledger of the name that was given, or it cannot be read; `network` when Redis is away.
pub async fn stored_status(config: &Config) -> Result<QuotaStatus> {
    quota::stored_quota(quota_settings(config, clock::of(config.testing.as_ref())?.0)?)?.status().await
}

/// Who used the quota during the last days, today included, by the stored ledger that the settings name.
///
/// # Errors
/// As for [`stored_status`]; and `config` for more days than the 90 that are kept.
pub async fn stored_report(config: &Config, days: u64) -> Result<QuotaReport> {
    quota::stored_quota(quota_settings(config, clock::of(config.testing.as_ref())?.0)?)?.report(days).await
}
