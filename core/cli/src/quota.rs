//! `beproduct quota`.

use std::io::Write;
use std::path::PathBuf;

use beproduct::{Config, LedgerConfig, Plan, QuotaReport, QuotaStatus, RedisConfig};
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};

use crate::{Failure, runtime};

const BAR: u64 = 40;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Company domain: the part of the web address after the host name, once signed in
    #[arg(long)]
    company: String,
    /// Edition that the company has bought, which decides the daily limit
    #[arg(long, requires = "licenses")]
    edition: Option<Edition>,
    /// User licences that the company has bought
    #[arg(long, requires = "edition")]
    licenses: Option<u32>,
    /// Daily limit, if it is not that of an edition
    #[arg(long, conflicts_with = "edition")]
    requests_per_day: Option<u64>,
    /// Use the limits that the service stated to the programs that share the ledger
    #[arg(long, conflicts_with_all = ["edition", "requests_per_day"])]
    from_service: bool,
    /// Limit of each hour
    #[arg(long)]
    requests_per_hour: Option<u64>,
    /// Limit of each minute
    #[arg(long)]
    requests_per_minute: Option<u64>,
    /// Time at which days begin, the same as in the programs that share the ledger [default: 00:00]
    #[arg(long, value_name = "HH:MM")]
    day_start: Option<String>,
    /// Time zone in which days begin, such as America/New_York [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// SQLite file in which the requests are counted [default: the user's ledger]
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Redis server in which the requests are counted: redis://user:password@host:port/database, or rediss://
    #[arg(long, value_name = "URL", env = "BEPRODUCT_REDIS_URL", hide_env_values = true)]
    redis: Option<String>,
    /// Host of the API to which the requests were sent [default: the service's]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Also show who used the quota in this number of days, including today; 90 days are kept
    #[arg(long)]
    days: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Edition {
    BusinessMax,
    Enterprise,
}

impl Arguments {
    fn config(&self) -> Config {
        let mut config = Config::default();
        config.company_domain = Some(self.company.clone());
        config.api_url.clone_from(&self.api_url);
        config.ledger = match (&self.ledger, &self.redis) {
            (Some(path), _) => Some(LedgerConfig::Sqlite(path.clone())),
            (None, Some(url)) => Some(LedgerConfig::Redis(RedisConfig::new(url))),
            (None, None) => None,
        };
        config.plan = Some(self.plan());
        config
    }

    fn plan(&self) -> Plan {
        let mut plan = match (self.edition, self.licenses, self.requests_per_day) {
            (Some(Edition::BusinessMax), Some(licenses), _) => Plan::business_max(licenses),
            (Some(Edition::Enterprise), Some(licenses), _) => Plan::enterprise(licenses),
            (_, _, Some(limit)) => Plan::requests_per_day(limit),
            _ if self.from_service => Plan::from_service(),
            _ => Plan::unlimited(),
        };
        if let Some(limit) = self.requests_per_hour {
            plan = plan.with_requests_per_hour(limit);
        }
        if let Some(limit) = self.requests_per_minute {
            plan = plan.with_requests_per_minute(limit);
        }
        if let Some(time) = &self.day_start {
            plan = plan.with_day_start(time);
        }
        match &self.time_zone {
            Some(zone) => plan.with_time_zone(zone),
            None => plan,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let config = arguments.config();
    let (status, report) = runtime()?.block_on(async {
        let status = beproduct::stored_status(&config).await?;
        let report = match arguments.days {
            Some(days) => Some(beproduct::stored_report(&config, days).await?),
            None => None,
        };
        Ok::<_, beproduct::Error>((status, report))
    })?;
    if arguments.json {
        let mut value = serde_json::to_value(&status).map_err(std::io::Error::from)?;
        if let Some(report) = &report {
            value["report"] = serde_json::to_value(report).map_err(std::io::Error::from)?;
        }
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    show_status(&status, out)?;
    if !status.usage.is_empty() {
        let rows = status
            .usage
            .iter()
            .map(|usage| [usage.requests.to_string(), named(&usage.operation), usage.label.clone()]);
        writeln!(out, "\n{}", table(["requests", "operation", "label"], rows))?;
    }
    report.map_or(Ok(()), |report| show_report(&report, out))
}

fn show_status(status: &QuotaStatus, out: &mut dyn Write) -> Result<(), Failure> {
    match (status.limit, status.remaining) {
        (Some(limit), Some(left)) => {
            let reset = &status.resets_at;
            writeln!(out, "{}  {left} of {limit} requests left until {reset}", bar(left, limit))?;
        }
        _ => writeln!(
            out,
            "{} requests today; the day ends at {}; with a plan, what is left is shown",
            status.used, status.resets_at
        )?,
    }
    let pace = status.pace.round();
    match (&status.runs_out_at, status.limit) {
        (Some(_), _) if status.remaining == Some(0) => {}
        (Some(at), _) => writeln!(out, "at the present {pace} an hour they are used up at {at}")?,
        (None, Some(_)) if status.pace > 0.0 => {
            writeln!(out, "at the present {pace} an hour they last until then")?;
        }
        _ => {}
    }
    for limit in status.limits.iter().skip_while(|limit| limit.window == beproduct::QuotaWindow::Day) {
        let (window, used, most) = (limit.window.as_str(), limit.used, limit.limit);
        writeln!(out, "{used} of the {most} requests of this {window} are used")?;
    }
    if status.leased > 0 {
        writeln!(
            out,
            "{} of the used ones are leased to programs that may not have sent them yet",
            status.leased
        )?;
    }
    if status.others > 0 {
        writeln!(out, "{} were sent by others, without sharing this ledger", status.others)?;
    }
    if let Some(until) = &status.paused_until {
        writeln!(out, "the service asked to wait until {until}")?;
    }
    Ok(())
}

fn show_report(report: &QuotaReport, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\n{} requests from {} to {}", report.requests, report.from, report.to)?;
    for (title, shares) in [
        ("day", &report.by_day),
        ("operation", &report.by_operation),
        ("label", &report.by_label),
        ("process", &report.by_process),
    ] {
        if !shares.is_empty() {
            let rows = shares.iter().map(|share| [share.requests.to_string(), named(&share.name)]);
            writeln!(out, "\n{}", table(["requests", title], rows))?;
        }
    }
    Ok(())
}

/// Requests of other clients, and of a killed process, have no operation.
fn named(name: &str) -> String {
    if name.is_empty() { "-".to_owned() } else { name.to_owned() }
}

/// A bar: the part that is left is filled.
fn bar(left: u64, limit: u64) -> String {
    // Something left is something shown.
    let filled = (u128::from(left) * u128::from(BAR)).div_ceil(u128::from(limit.max(1))) as usize;
    let width = BAR as usize;
    format!("[{}{}]", "#".repeat(filled.min(width)), "-".repeat(width.saturating_sub(filled)))
}

/// Numbers in the first column.
fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    if let Some(requests) = table.column_mut(0) {
        requests.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_what_is_left() {
        let filled = |left, limit| bar(left, limit).matches('#').count();
        assert_eq!(
            (filled(0, 2000), filled(1, 2000), filled(1000, 2000), filled(2000, 2000)),
            (0, 1, 20, 40)
        );
        assert_eq!((filled(0, 0), bar(3, 4).len()), (0, 42));
    }
}
