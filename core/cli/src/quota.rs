//! `beproduct quota`.

use std::io::Write;
use std::path::PathBuf;

use beproduct::{Config, LedgerConfig, PlanConfig, QuotaStatus};
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};

use crate::{Failure, runtime};

const BAR: u64 = 40;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Company domain: what follows the host name in the browser when signed in
    #[arg(long)]
    company: String,
    /// Edition that the company has bought, for the limit of the day
    #[arg(long, requires = "licenses")]
    edition: Option<Edition>,
    /// User licences that the company has bought
    #[arg(long, requires = "edition")]
    licenses: Option<u32>,
    /// Limit of the day, where it is not that of an edition
    #[arg(long, conflicts_with = "edition")]
    requests_per_day: Option<u64>,
    /// SQLite file in which the requests are counted [default: the user's ledger]
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Host of the API that the requests were sent to [default: the service's]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Edition {
    BusinessMax,
    Enterprise,
}

impl Edition {
    fn name(self) -> &'static str {
        match self {
            Self::BusinessMax => "business_max",
            Self::Enterprise => "enterprise",
        }
    }
}

impl Arguments {
    fn config(&self) -> Config {
        let mut config = Config::default();
        config.company_domain = Some(self.company.clone());
        config.api_url.clone_from(&self.api_url);
        config.ledger = self.ledger.clone().map(LedgerConfig::Sqlite);
        if self.edition.is_some() || self.requests_per_day.is_some() {
            let mut plan = PlanConfig::default();
            plan.edition = self.edition.map(|edition| edition.name().to_owned());
            plan.licenses = self.licenses;
            plan.requests_per_day = self.requests_per_day;
            config.plan = Some(plan);
        }
        config
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let status = runtime()?.block_on(beproduct::stored_status(&arguments.config()))?;
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&status).map_err(std::io::Error::from)?)?;
        return Ok(());
    }
    match (status.limit, status.remaining) {
        (Some(limit), Some(left)) => {
            writeln!(
                out,
                "{}  {left} of {limit} requests left until {}",
                bar(left, limit),
                status.resets_at
            )?;
        }
        _ => {
            writeln!(out, "{} requests since midnight UTC; with a plan, what is left is shown", status.used)?
        }
    }
    if !status.usage.is_empty() {
        writeln!(out, "\n{}", table(&status))?;
    }
    Ok(())
}

/// What is left, filled.
fn bar(left: u64, limit: u64) -> String {
    // Something left is something shown.
    let filled = (u128::from(left) * u128::from(BAR)).div_ceil(u128::from(limit.max(1))) as usize;
    let width = BAR as usize;
    format!("[{}{}]", "#".repeat(filled.min(width)), "-".repeat(width.saturating_sub(filled)))
}

fn table(status: &QuotaStatus) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["requests", "operation", "label"]);
    for usage in &status.usage {
        table.add_row([usage.requests.to_string(), usage.operation.clone(), usage.label.clone()]);
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
