//! `beproduct quota`.

use std::io::Write;

use beproduct::{Config, QuotaReport, QuotaStatus};
use comfy_table::{CellAlignment, Table, presets};

use crate::generated::QuotaFlags;
use crate::{Failure, runtime};

const BAR: u64 = 40;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: QuotaFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn config(&self) -> Result<Config, Failure> {
        let mut settings = self.flags.settings()?;
        settings.insert("environment".into(), true.into());
        // No profile: a ledger can be read by whoever is not signed in.
        let config = Config::for_login(settings, None)?;
        if config.company_domain.is_none() {
            return Err(Failure::Usage(
                "--company-domain is missing: the part of the web address after the host name, once signed in".into(),
            ));
        }
        Ok(config)
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let config = arguments.config()?;
    let (status, report) = runtime()?.block_on(async {
        let status = beproduct::stored_status(&config).await?;
        let report = match arguments.flags.days {
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
