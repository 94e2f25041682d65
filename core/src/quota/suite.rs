//! What every ledger does: the tests that all of them pass. `suite/model.rs` says what each step of a random sequence
//! answers.

mod model;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::calendar::{Calendar, Frame, SPANS};
use super::ledger::{
    APART, Counts, Entry, Granted, HISTORY, LeaseId, Ledger, Limits, OTHERS, Row, Spent, Standing,
};

pub(crate) use model::compare;

/// 2026-11-25T02:30:15Z.
const NIGHT: u64 = 1_795_573_815;
const DAY: u64 = 86_400;

/// More than fits into what Lua or JSON call a number is not counted.
const LARGE: u64 = 1 << 52;

const NONE: Limits = [None; SPANS];

fn moment(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

fn frame(owner: &str, second: u64) -> Frame {
    Frame { owner: owner.into(), windows: Calendar::new(None, None).unwrap().windows(moment(second)) }
}

fn entry(operation: &str, label: &str, process: &str) -> Entry {
    Entry { operation: operation.into(), label: label.into(), process: process.into() }
}

fn spent(label: &str, units: u64) -> Spent {
    Spent { entry: entry("style.list", label, "host:1"), units }
}

fn yes(units: u64, counts: Counts) -> Granted {
    Granted::Yes { units, counts }
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.retain(|row| row.units > 0);
    rows.sort_by(|a, b| (a.day, &a.entry).cmp(&(b.day, &b.entry)));
    rows
}

/// One that no other test uses.
fn owner() -> String {
    format!("https://api.example.com {}", Uuid::new_v4())
}

/// What every ledger does.
pub(crate) async fn run(ledger: &dyn Ledger) {
    limits(ledger).await;
    refunds(ledger).await;
    leases(ledger).await;
    settling(ledger).await;
    raises(ledger).await;
    pauses(ledger).await;
    notes(ledger).await;
    windows_apart(ledger).await;
    owners_apart(ledger).await;
    names(ledger).await;
    history(ledger).await;
    folding(ledger).await;
    large_numbers(ledger).await;
}

async fn counts(ledger: &dyn Ledger, frame: &Frame) -> Counts {
    ledger.standing(frame).await.unwrap().counts
}

async fn labels(ledger: &dyn Ledger, frame: &Frame) -> Vec<(String, u64)> {
    let rows = ledger.history(&frame.owner, frame.day().start).await.unwrap();
    sorted(rows).into_iter().map(|row| (row.entry.label.to_string(), row.units)).collect()
}

fn shown(labels: &[(&str, u64)]) -> Vec<(String, u64)> {
    labels.iter().map(|(label, units)| ((*label).to_owned(), *units)).collect()
}

/// Each window holds by itself, and nothing is taken where one does not allow it.
async fn limits(ledger: &dyn Ledger) {
    let now = frame(&owner(), NIGHT);
    assert_eq!(ledger.standing(&now).await.unwrap(), Standing::default());
    assert_eq!(ledger.reserve(&now, &NONE, &spent("a", 1)).await.unwrap(), yes(1, [1, 1, 1]));
    assert_eq!(
        ledger.reserve(&now, &[Some(3), None, Some(9)], &spent("a", 2)).await.unwrap(),
        yes(2, [3; 3])
    );
    for (window, limits) in [
        (0, [Some(3), Some(9), Some(9)]),
        (1, [Some(9), Some(3), Some(9)]),
        (2, [Some(9), Some(9), Some(3)]),
        (1, [None, Some(2), Some(3)]),
        (0, [Some(0), Some(0), Some(0)]),
    ] {
        assert_eq!(ledger.reserve(&now, &limits, &spent("b", 1)).await.unwrap(), Granted::No { window });
    }
    // There is room for one, and not for two.
    assert_eq!(
        ledger.reserve(&now, &[Some(9), Some(4), None], &spent("b", 2)).await.unwrap(),
        Granted::No { window: 1 }
    );
    assert_eq!(counts(ledger, &now).await, [3; 3]);
    assert_eq!(labels(ledger, &now).await, shown(&[("a", 3)]));
    assert_eq!(ledger.reserve(&now, &[Some(4); 3], &spent("b", 1)).await.unwrap(), yes(1, [4; 3]));
    assert_eq!(labels(ledger, &now).await, shown(&[("a", 3), ("b", 1)]));
}

/// What is given back is gone from all windows, those included that are over.
async fn refunds(ledger: &dyn Ledger) {
    let owner = owner();
    let (now, later) = (frame(&owner, NIGHT), frame(&owner, NIGHT + 60));
    for label in ["a", "a", "b"] {
        ledger.reserve(&now, &NONE, &spent(label, 2)).await.unwrap();
    }
    ledger.reserve(&later, &NONE, &spent("a", 1)).await.unwrap();
    ledger.refund(&now, &spent("a", 2)).await.unwrap();
    assert_eq!(counts(ledger, &now).await, [5, 5, 4]);
    assert_eq!(counts(ledger, &later).await, [5, 5, 1]);
    ledger.refund(&now, &spent("b", 2)).await.unwrap();
    assert_eq!(counts(ledger, &later).await, [3, 3, 1]);
    assert_eq!(labels(ledger, &now).await, shown(&[("a", 3)]));
    // More than there is makes nobody's count negative.
    ledger.refund(&later, &spent("a", 50)).await.unwrap();
    assert_eq!(counts(ledger, &later).await, [0, 0, 0]);
    assert_eq!(counts(ledger, &now).await, [0, 0, 2]);
    assert_eq!(labels(ledger, &now).await, shown(&[]));
    assert_eq!(ledger.reserve(&later, &NONE, &spent("a", 1)).await.unwrap(), yes(1, [1; 3]));
}

/// A lease takes a quarter of what is left, and one at least.
async fn leases(ledger: &dyn Ledger) {
    let now = frame(&owner(), NIGHT);
    let lease = |id: &str| LeaseId { frame: now.clone(), id: format!("{} {id}", now.owner).into() };
    let limits = [Some(20), Some(11), None];
    // 11, 8, 6, 4, 3, 2 and 1 are left in the hour.
    let mut taken = 0;
    for (index, units) in [3, 2, 2, 1, 1, 1, 1].into_iter().enumerate() {
        taken += units;
        let granted = ledger.lease(&lease(&index.to_string()), &limits, 100).await.unwrap();
        assert_eq!(granted, yes(units, [taken; 3]));
    }
    assert_eq!(ledger.lease(&lease("full"), &limits, 100).await.unwrap(), Granted::No { window: 1 });
    assert_eq!(ledger.reserve(&now, &limits, &spent("a", 1)).await.unwrap(), Granted::No { window: 1 });
    assert_eq!(ledger.standing(&now).await.unwrap().leased, 11);
    // Not more than was asked for.
    assert_eq!(ledger.lease(&lease("few"), &[Some(111), None, None], 7).await.unwrap(), yes(7, [18; 3]));
    assert_eq!(ledger.lease(&lease("free"), &NONE, 1000).await.unwrap(), yes(1000, [1018; 3]));
    assert_eq!(ledger.standing(&now).await.unwrap().leased, 1018);
    // Nobody has used them yet.
    assert_eq!(labels(ledger, &now).await, shown(&[]));
}

/// What is left of a lease is given back once.
async fn settling(ledger: &dyn Ledger) {
    let owner = owner();
    let (now, later) = (frame(&owner, NIGHT), frame(&owner, NIGHT + 3_600));
    let lease = |id: &str| LeaseId { frame: now.clone(), id: format!("{} {id}", now.owner).into() };
    for (id, units) in [("a", 10), ("b", 5), ("c", 5)] {
        ledger.lease(&lease(id), &NONE, units).await.unwrap();
    }
    let used = [spent("a", 3), spent("b", 1)];
    for _ in 0..2 {
        ledger.settle(&lease("a"), &used).await.unwrap();
        assert_eq!(counts(ledger, &now).await, [14; 3]);
        assert_eq!(ledger.standing(&now).await.unwrap().leased, 10);
        assert_eq!(labels(ledger, &now).await, shown(&[("a", 3), ("b", 1)]));
    }
    ledger.settle(&lease("never taken"), &used).await.unwrap();
    ledger.settle(&lease("never taken"), &used).await.unwrap();
    // It was on its way: what was ended does not begin any more.
    assert_eq!(ledger.lease(&lease("never taken"), &NONE, 5).await.unwrap(), Granted::Moved);
    // Another hour: the day is the same one.
    ledger.reserve(&later, &NONE, &spent("a", 1)).await.unwrap();
    ledger.settle(&lease("b"), &[]).await.unwrap();
    assert_eq!(counts(ledger, &later).await, [10, 1, 1]);
    assert_eq!(counts(ledger, &now).await, [10, 9, 9]);
    ledger.settle(&lease("c"), &[spent("a", 5)]).await.unwrap();
    let standing = ledger.standing(&later).await.unwrap();
    assert_eq!((standing.counts, standing.hour_before, standing.leased), ([10, 1, 1], 9, 0));
    assert_eq!(labels(ledger, &now).await, shown(&[("a", 9), ("b", 1)]));
}

/// The service's own count is taken over where it is higher, for the day only.
async fn raises(ledger: &dyn Ledger) {
    let now = frame(&owner(), NIGHT);
    assert_eq!(ledger.raise(&now, 0).await.unwrap(), 0);
    ledger.reserve(&now, &NONE, &spent("a", 4)).await.unwrap();
    for (at_least, by) in [(3, 0), (4, 0), (10, 6), (10, 0), (11, 1)] {
        assert_eq!(ledger.raise(&now, at_least).await.unwrap(), by);
    }
    assert_eq!(counts(ledger, &now).await, [11, 4, 4]);
    let rows = sorted(ledger.history(&now.owner, 0).await.unwrap());
    let others = Row { day: now.day().start, entry: entry("", OTHERS, ""), units: 7 };
    assert_eq!((rows.len(), &rows[0]), (2, &others));
    assert_eq!(
        ledger.reserve(&now, &[Some(11), None, None], &spent("a", 1)).await.unwrap(),
        Granted::No { window: 0 }
    );
}

async fn pauses(ledger: &dyn Ledger) {
    let now = frame(&owner(), NIGHT);
    let until = moment(NIGHT) + Duration::from_millis(1_250);
    for (asked, kept) in [
        (until, until),
        (until - Duration::from_millis(1), until),
        (until + Duration::from_millis(1), until + Duration::from_millis(1)),
        (moment(NIGHT + DAY), moment(NIGHT + DAY)),
        (until, moment(NIGHT + DAY)),
    ] {
        ledger.pause(&now.owner, asked).await.unwrap();
        assert_eq!(ledger.standing(&now).await.unwrap().paused_until, Some(kept));
        // It is the owner's, whatever the time.
        let later = frame(&now.owner, NIGHT + 40 * DAY);
        assert_eq!(ledger.standing(&later).await.unwrap().paused_until, Some(kept));
    }
    assert_eq!(counts(ledger, &now).await, [0; 3]);
}

async fn notes(ledger: &dyn Ledger) {
    let owner = owner();
    let (now, later, tomorrow) =
        (frame(&owner, NIGHT), frame(&owner, NIGHT + 7_200), frame(&owner, NIGHT + DAY));
    assert_eq!(ledger.recall(&now, "a").await.unwrap(), None);
    assert_eq!(ledger.note(&now, "a", "1").await.unwrap(), None);
    assert_eq!(ledger.note(&later, "a", "two: \"ü\"\n").await.unwrap().as_deref(), Some("1"));
    assert_eq!(ledger.note(&now, "b", "").await.unwrap(), None);
    assert_eq!(ledger.recall(&now, "a").await.unwrap().as_deref(), Some("two: \"ü\"\n"));
    assert_eq!(ledger.recall(&now, "b").await.unwrap().as_deref(), Some(""));
    assert_eq!(ledger.recall(&tomorrow, "a").await.unwrap(), None);
    assert_eq!(ledger.note(&tomorrow, "a", "3").await.unwrap(), None);
    assert_eq!(ledger.recall(&now, "a").await.unwrap().as_deref(), Some("two: \"ü\"\n"));
}

/// A window's end gives what its limit allows, and what was before stays known for an hour.
async fn windows_apart(ledger: &dyn Ledger) {
    let owner = owner();
    let at = |second| frame(&owner, second);
    // The last minute of an hour, and of a day.
    let midnight = NIGHT - NIGHT % DAY + DAY;
    let full = [Some(6), Some(4), Some(2)];
    for (second, granted, hour_before) in [
        (midnight - 61, yes(1, [1, 1, 1]), 0),
        (midnight - 61, yes(1, [2, 2, 2]), 0),
        (midnight - 61, Granted::No { window: 2 }, 0),
        (midnight - 60, yes(1, [3, 3, 1]), 0),
        (midnight - 1, yes(1, [4, 4, 2]), 0),
        (midnight - 1, Granted::No { window: 1 }, 0),
        (midnight, yes(1, [1, 1, 1]), 4),
        (midnight + 59, yes(1, [2, 2, 2]), 4),
        (midnight + 59, Granted::No { window: 2 }, 4),
        (midnight + 3_600, yes(1, [3, 1, 1]), 2),
        (midnight + 3 * 3_600, yes(1, [4, 1, 1]), 0),
    ] {
        assert_eq!(ledger.reserve(&at(second), &full, &spent("a", 1)).await.unwrap(), granted, "{second}");
        assert_eq!(ledger.standing(&at(second)).await.unwrap().hour_before, hour_before, "{second}");
    }
    assert_eq!(counts(ledger, &at(midnight - 1)).await[0], 4);
}

async fn owners_apart(ledger: &dyn Ledger) {
    let one = frame(&owner(), NIGHT);
    ledger.reserve(&one, &NONE, &spent("a", 1)).await.unwrap();
    ledger.pause(&one.owner, moment(NIGHT)).await.unwrap();
    ledger.note(&one, "a", "1").await.unwrap();
    let lease = LeaseId { frame: one.clone(), id: Uuid::new_v4().to_string().into() };
    ledger.lease(&lease, &NONE, 5).await.unwrap();
    // Its name is the beginning of another's, and all of it.
    for name in
        [owner(), format!("{}2", one.owner), format!("{}}}", one.owner), format!("{}{{x}}", one.owner)]
    {
        let other = frame(&name, NIGHT);
        assert_eq!(ledger.standing(&other).await.unwrap(), Standing::default());
        assert_eq!(ledger.recall(&other, "a").await.unwrap(), None);
        assert_eq!(ledger.history(&other.owner, 0).await.unwrap(), []);
    }
}

/// Entries are told apart by each of their parts, whatever stands in them.
async fn names(ledger: &dyn Ledger) {
    let now = frame(&owner(), NIGHT);
    let mut expected = Vec::new();
    for (index, [operation, label, process]) in ENTRIES.into_iter().enumerate() {
        let (entry, units) = (entry(operation, label, process), index as u64 + 1);
        ledger.reserve(&now, &NONE, &Spent { entry: entry.clone(), units }).await.unwrap();
        expected.push(Row { day: now.day().start, entry, units });
    }
    assert_eq!(sorted(ledger.history(&now.owner, 0).await.unwrap()), sorted(expected));
}

const ENTRIES: [[&str; 3]; 9] = [
    ["style.list", "", "host:1"],
    ["style.list", "host:1", ""],
    ["style.list,", "", "host:1"],
    ["", "style.list", "host:1"],
    ["a", "b\",\"c", ""],
    ["a\",\"b", "c", ""],
    ["a", "b:c", "\u{1f4e6}\n\0"],
    ["a:b", "c", "\u{1f4e6}\n\0"],
    ["", "others", "host:1"],
];

/// Days are kept for 90 days, each by itself, and the processes for a week.
async fn history(ledger: &dyn Ledger) {
    let owner = owner();
    let first = frame(&owner, NIGHT).day().start;
    for day in 0..=HISTORY {
        let frame = frame(&owner, NIGHT + day * DAY);
        ledger.reserve(&frame, &NONE, &spent("a", day + 1)).await.unwrap();
        ledger.note(&frame, "day", &day.to_string()).await.unwrap();
    }
    for since in [0, 1, 60, HISTORY] {
        let expected: Vec<_> = (since..=HISTORY)
            .map(|day| {
                let process = if day + APART < HISTORY { "" } else { "host:1" };
                Row { day: first + day * DAY, entry: entry("style.list", "a", process), units: day + 1 }
            })
            .collect();
        let rows = ledger.history(&owner, first + since * DAY).await.unwrap();
        assert_eq!(sorted(rows), expected, "since {since}");
        // From the second on the day is over, for its beginning counts.
        let rows = ledger.history(&owner, first + since * DAY + 1).await.unwrap();
        assert_eq!(sorted(rows), expected[1..], "after {since}");
    }
    for day in [0, 1, HISTORY] {
        let frame = frame(&owner, NIGHT + day * DAY);
        assert_eq!(counts(ledger, &frame).await[0], day + 1);
        assert_eq!(ledger.recall(&frame, "day").await.unwrap(), Some(day.to_string()));
    }
}

/// Many processes become one row for each operation and label. What is given back later changes nothing else.
async fn folding(ledger: &dyn Ledger) {
    let owner = owner();
    let at = |second| frame(&owner, second);
    let of = |label, process: &str, units| Spent { entry: entry("style.list", label, process), units };
    for process in 0..30 {
        for label in ["a", "b"] {
            let spent = of(label, &format!("host:{process}"), 2);
            ledger.reserve(&at(NIGHT), &NONE, &spent).await.unwrap();
        }
    }
    ledger.refund(&at(NIGHT), &of("a", "host:7", 2)).await.unwrap();
    let rows = async || sorted(ledger.history(&owner, 0).await.unwrap());
    let week = NIGHT + APART * DAY;
    ledger.reserve(&at(week), &NONE, &of("c", "host:1", 1)).await.unwrap();
    assert_eq!(rows().await.len(), 60, "a week later they are apart");
    ledger.reserve(&at(week + DAY), &NONE, &of("c", "host:1", 1)).await.unwrap();
    let start = |second| at(second).day().start;
    let row =
        |second, label, process, units| Row { day: start(second), entry: of(label, process, 0).entry, units };
    let mut expected = vec![
        row(NIGHT, "a", "", 58),
        row(NIGHT, "b", "", 60),
        row(week, "c", "host:1", 1),
        row(week + DAY, "c", "host:1", 1),
    ];
    assert_eq!(rows().await, expected);
    ledger.refund(&at(NIGHT), &of("a", "", 2)).await.unwrap();
    expected[0].units = 56;
    assert_eq!(rows().await, expected);
    // Once more, with nothing to fold.
    ledger.reserve(&at(week + DAY + 3_600), &NONE, &of("c", "host:1", 1)).await.unwrap();
    expected[3].units = 2;
    assert_eq!(rows().await, expected);
    assert_eq!(counts(ledger, &at(NIGHT)).await[0], 116);
}

/// Rows whose processes have to be told apart today, and the others without.
fn folded(rows: Vec<Row>, today: u64) -> Vec<Row> {
    let mut sums = std::collections::BTreeMap::new();
    for mut row in rows {
        if row.day < today.saturating_sub(APART * DAY) {
            row.entry.process = "".into();
        }
        *sums.entry((row.day, row.entry)).or_insert(0) += row.units;
    }
    let rows = sums.into_iter().map(|((day, entry), units)| Row { day, entry, units });
    sorted(rows.collect())
}

/// Beyond any quota, and still exact.
async fn large_numbers(ledger: &dyn Ledger) {
    let now = frame(&owner(), NIGHT);
    let most = [Some(u64::MAX); 3];
    assert_eq!(
        ledger.reserve(&now, &most, &spent("a", LARGE - 7)).await.unwrap(),
        yes(LARGE - 7, [LARGE - 7; 3])
    );
    assert_eq!(ledger.reserve(&now, &most, &spent("b", 5)).await.unwrap(), yes(5, [LARGE - 2; 3]));
    let tight = [Some(LARGE), None, Some(u64::MAX)];
    assert_eq!(ledger.reserve(&now, &tight, &spent("b", 3)).await.unwrap(), Granted::No { window: 0 });
    assert_eq!(ledger.reserve(&now, &tight, &spent("b", 2)).await.unwrap(), yes(2, [LARGE; 3]));
    ledger.refund(&now, &spent("a", LARGE - 8)).await.unwrap();
    assert_eq!(counts(ledger, &now).await, [8; 3]);
    assert_eq!(labels(ledger, &now).await, shown(&[("a", 1), ("b", 7)]));
    assert_eq!(ledger.raise(&now, LARGE + 1).await.unwrap(), LARGE - 7);
    assert_eq!(counts(ledger, &now).await, [LARGE + 1, 8, 8]);
    let lease = LeaseId { frame: now.clone(), id: Uuid::new_v4().to_string().into() };
    let limit = [Some(LARGE + 1 + 4 * 1_000_001), None, None];
    let granted = ledger.lease(&lease, &limit, u64::MAX).await.unwrap();
    assert_eq!(granted, yes(1_000_001, [LARGE + 1_000_002, 1_000_009, 1_000_009]));
    ledger.settle(&lease, &[spent("a", 1_000_000)]).await.unwrap();
    assert_eq!(counts(ledger, &now).await, [LARGE + 1_000_001, 1_000_008, 1_000_008]);
}

/// Many tasks at two ledgers of one store take all of the units, and not one more.
pub(crate) async fn race<L: Ledger>(ledgers: [&L; 2]) {
    let now = frame(&owner(), NIGHT);
    let takers = (0..100).map(|index| {
        let (now, ledger) = (&now, ledgers[index % 2]);
        async move {
            let limits = [Some(100), None, Some(60)];
            if index % 10 < 7 {
                let granted = ledger.reserve(now, &limits, &spent("a", 1)).await.unwrap();
                return u64::from(matches!(granted, Granted::Yes { .. }));
            }
            let lease = LeaseId { frame: now.clone(), id: Uuid::new_v4().to_string().into() };
            match ledger.lease(&lease, &limits, 3).await.unwrap() {
                Granted::Yes { units, .. } => units,
                _ => 0,
            }
        }
    });
    let taken: u64 = futures_util::future::join_all(takers).await.into_iter().sum();
    assert_eq!(taken, 60);
    for ledger in ledgers {
        assert_eq!(counts(ledger, &now).await, [60; 3]);
    }
}

/// What a ledger has counted before it was opened again.
#[derive(Default)]
pub(crate) struct Kept {
    owner: Option<String>,
    used: u64,
}

impl Kept {
    /// Uses one unit, after those that were used before.
    pub(crate) async fn use_and_check(&mut self, ledger: &dyn Ledger) {
        let now = frame(self.owner.get_or_insert_with(owner), NIGHT);
        assert_eq!(labels(ledger, &now).await.iter().map(|(_, units)| units).sum::<u64>(), self.used);
        self.used += 1;
        let granted = ledger.reserve(&now, &NONE, &spent("a", 1)).await.unwrap();
        assert_eq!(granted, yes(1, [self.used; 3]));
    }
}
