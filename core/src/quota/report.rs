//! Status and usage of the quota.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use super::Quota;
use super::calendar::{iso, seconds};
use super::ledger::{HISTORY, OTHERS, Row};
use crate::error::{Error, Result};
use crate::own::{LimitStatus, QuotaReport, QuotaStatus, ReportRow, Share, Usage};

impl Quota {
    /// Status of the quota. Counts what this client has used of its leases as used.
    pub(crate) async fn status(&self) -> Result<QuotaStatus> {
        self.leases.recover().await;
        let (frame, standing) = self.standing().await?;
        self.recall_limits(&frame).await?;
        let mut rows = self.ledger.history(&frame.owner, frame.day().start).await?;
        rows.retain(|row| row.day == frame.day().start);
        let limits = self.limits(&frame).unwrap_or_else(|| self.present().plan.limits());
        let (day, used) = (limits[0], standing.counts[0]);
        let unsettled = self.leases.unsettled(frame.day());
        let own: u64 = unsettled.iter().map(|spent| spent.units).sum();
        let now = seconds(self.now());
        let remaining = day.map(|limit| limit.saturating_sub(used));
        let pace = pace(standing.counts[1], standing.hour_before, now.saturating_sub(frame.hour().start));
        let others = rows.iter().filter(|row| &*row.entry.label == OTHERS && row.entry.operation.is_empty());
        let others = others.map(|row| row.units).sum();
        rows.extend(unsettled.into_iter().map(|spent| Row {
            day: frame.day().start,
            entry: spent.entry,
            units: spent.units,
        }));
        Ok(QuotaStatus {
            store: self.ledger.store(),
            limit: day,
            used,
            remaining,
            resets_at: iso(frame.day().end),
            usage: usage(&rows),
            limits: frame
                .windows
                .iter()
                .zip(limits)
                .zip(standing.counts)
                .filter_map(|((window, limit), used)| {
                    limit.map(|limit| LimitStatus {
                        window: window.span,
                        limit,
                        used,
                        remaining: limit.saturating_sub(used),
                        resets_at: iso(window.end),
                    })
                })
                .collect(),
            leased: standing.leased.saturating_sub(own),
            others,
            pace,
            runs_out_at: remaining.and_then(|left| runs_out(left, pace, now, frame.day().end)).map(iso),
            paused_until: standing.paused_until.map(seconds).filter(|until| *until > now).map(iso),
        })
    }

    /// The last days, today included.
    pub(crate) async fn report(&self, days: u64) -> Result<QuotaReport> {
        if !(1..=HISTORY).contains(&days) {
            return Err(Error::config(format!(
                "days has to be from 1 to {HISTORY}, which are kept; not {days}"
            )));
        }
        self.leases.recover().await;
        let (frame, _) = self.standing().await?;
        let calendar = self.calendar();
        let today = frame.day().start;
        // From its middle, as days with a change of the clocks are shorter or longer.
        let middle = (today + 12 * 3_600).saturating_sub((days - 1) * 24 * 3_600);
        let [first, ..] = calendar.windows(UNIX_EPOCH + Duration::from_secs(middle));
        let from = first.start;
        let mut found = self.ledger.history(&frame.owner, from).await?;
        found.retain(|row| row.day <= today);
        found.extend(self.leases.unsettled(frame.day()).into_iter().map(|spent| Row {
            day: today,
            entry: spent.entry,
            units: spent.units,
        }));
        let mut sums = BTreeMap::new();
        for row in found {
            *sums.entry((row.day, row.entry)).or_insert(0) += row.units;
        }
        let mut rows: Vec<_> = sums.into_iter().collect();
        rows.sort_by(|((day, entry), units), ((other_day, other), others)| {
            (day, others, entry).cmp(&(other_day, units, other))
        });
        let rows: Vec<_> = rows
            .into_iter()
            .map(|((day, entry), requests)| ReportRow {
                day: calendar.date(day),
                operation: entry.operation.to_string(),
                label: entry.label.to_string(),
                process: entry.process.to_string(),
                requests,
            })
            .collect();
        Ok(QuotaReport {
            from: calendar.date(from),
            to: calendar.date(today),
            requests: rows.iter().map(|row| row.requests).sum(),
            by_day: {
                let mut days = shares(&rows, |row| &row.day);
                days.sort_by(|one, other| one.name.cmp(&other.name));
                days
            },
            by_operation: shares(&rows, |row| &row.operation),
            by_label: shares(&rows, |row| &row.label),
            by_process: shares(&rows, |row| &row.process),
            rows,
        })
    }
}

/// Requests by operation and label, most first.
pub(crate) fn usage(rows: &[Row]) -> Vec<Usage> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry((row.entry.operation.to_string(), row.entry.label.to_string())).or_insert(0) += row.units;
    }
    let mut usage: Vec<_> =
        sums.into_iter().map(|((operation, label), requests)| Usage { operation, label, requests }).collect();
    usage.sort_by_key(|usage| std::cmp::Reverse(usage.requests));
    usage
}

/// Requests by one trait of the rows, most first.
fn shares(rows: &[ReportRow], name: impl Fn(&ReportRow) -> &String) -> Vec<Share> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(name(row).clone()).or_insert(0) += row.requests;
    }
    let mut shares: Vec<_> = sums.into_iter().map(|(name, requests)| Share { name, requests }).collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.requests));
    shares
}

/// Requests an hour, from those of this hour so far and those of the last one.
fn pace(this_hour: u64, hour_before: u64, elapsed: u64) -> f64 {
    let to_come = 1.0 - (elapsed.min(3_600) as f64 / 3_600.0);
    this_hour as f64 + hour_before as f64 * to_come
}

/// When so many are used up, if that is before the end of the day.
fn runs_out(left: u64, pace: f64, now: u64, end: u64) -> Option<u64> {
    if left == 0 {
        return Some(now);
    }
    let seconds = left as f64 / pace * 3_600.0;
    let at = now as f64 + seconds;
    (seconds.is_finite() && at < end as f64).then_some(at as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_pace() {
        let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-9, "{one} {other}");
        close(pace(0, 60, 0), 60.0);
        close(pace(0, 60, 1_800), 30.0);
        close(pace(50, 60, 1_800), 80.0);
        close(pace(50, 0, 3_600), 50.0);
    }

    #[test]
    fn when_it_runs_out() {
        assert_eq!(runs_out(100, 50.0, 1_000, 100_000), Some(8_200));
        assert_eq!(runs_out(100, 50.0, 1_000, 8_000), None);
        assert_eq!(runs_out(100, 0.0, 1_000, 8_000), None);
        assert_eq!(runs_out(0, 0.0, 1_000, 8_000), Some(1_000));
    }
}
