//! Random sequences of all that can be asked of a ledger, compared with a plain model: a list of what happened, summed up
//! anew for each answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use uuid::Uuid;

use super::super::calendar::{Calendar, Frame, SPANS, Window};
use super::super::ledger::{Counts, Entry, Granted, LeaseId, Ledger, Limits, OTHERS, Row, Spent, Standing};
use super::{ENTRIES, NIGHT, entry, folded, moment, owner, yes};

/// One step of a random sequence. Numbers that name something are taken modulo what there is.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Reserve { owner: usize, entry: usize, units: u64, limits: Limits },
    Refund { which: usize },
    Lease { owner: usize, most: u64, limits: Limits },
    Settle { which: usize, used: Vec<(usize, u64)> },
    Raise { owner: usize, at_least: u64 },
    Pause { owner: usize, seconds: u64 },
    Note { owner: usize, name: usize, value: u8 },
    Recall { owner: usize, name: usize },
}

fn limit() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![2 => Just(None), 4 => (0_u64..40).prop_map(Some), 1 => Just(Some(u64::MAX))]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let limits = || [limit(), limit(), limit()];
    let (owner, entry) = (0..OWNERS, 0..ENTRIES.len());
    let step = prop_oneof![
        3 => prop::sample::select(vec![1, 20, 60, 700, 3_600, 5_000, 86_400]).prop_map(Step::Wait),
        6 => (owner.clone(), entry.clone(), 1_u64..6, limits())
            .prop_map(|(owner, entry, units, limits)| Step::Reserve { owner, entry, units, limits }),
        3 => any::<usize>().prop_map(|which| Step::Refund { which }),
        4 => (owner.clone(), prop_oneof![1_u64..30, Just(1 << 40)], limits())
            .prop_map(|(owner, most, limits)| Step::Lease { owner, most, limits }),
        4 => (any::<usize>(), prop::collection::vec((entry, 1_u64..9), 0..4))
            .prop_map(|(which, used)| Step::Settle { which, used }),
        2 => (owner.clone(), 0_u64..60).prop_map(|(owner, at_least)| Step::Raise { owner, at_least }),
        1 => (owner.clone(), 0_u64..9_000).prop_map(|(owner, seconds)| Step::Pause { owner, seconds }),
        1 => (owner.clone(), 0..2_usize, any::<u8>())
            .prop_map(|(owner, name, value)| Step::Note { owner, name, value }),
        1 => (owner, 0..2_usize).prop_map(|(owner, name)| Step::Recall { owner, name }),
    ];
    prop::collection::vec(step, 1..60)
}

const OWNERS: usize = 3;

/// Something that happened. What counts is summed up from all of it, every time.
#[derive(Debug)]
enum Event {
    Reserved(Frame, Spent),
    Refunded(Frame, Spent),
    Leased(LeaseId, u64),
    Settled(LeaseId, Vec<Spent>, u64),
    Raised(Frame, u64),
    Paused(Arc<str>, SystemTime),
    Noted(Frame, String, String),
}

#[derive(Debug, Default)]
struct Model(Vec<Event>);

impl Model {
    /// Units in one window: what was taken in frames that hold it, less what was given back.
    fn count(&self, owner: &str, window: &Window) -> u64 {
        let within = |frame: &Frame| *frame.owner == *owner && frame.windows.contains(window);
        let changes = self.0.iter().map(|event| match event {
            Event::Reserved(frame, spent) if within(frame) => i128::from(spent.units),
            Event::Refunded(frame, spent) if within(frame) => -i128::from(spent.units),
            Event::Leased(lease, units) if within(&lease.frame) => i128::from(*units),
            Event::Settled(lease, _, rest) if within(&lease.frame) => -i128::from(*rest),
            Event::Raised(frame, units) if within(frame) && frame.day() == window => i128::from(*units),
            _ => 0,
        });
        u64::try_from(changes.sum::<i128>()).unwrap()
    }

    fn counts(&self, frame: &Frame) -> Counts {
        frame.windows.map(|window| self.count(&frame.owner, &window))
    }

    fn ended(&self, lease: &LeaseId) -> bool {
        self.0.iter().any(|event| matches!(event, Event::Settled(ended, ..) if ended == lease))
    }

    fn standing(&self, frame: &Frame) -> Standing {
        let leased = self.0.iter().map(|event| match event {
            Event::Leased(lease, units)
                if lease.frame.owner == frame.owner
                    && lease.frame.day() == frame.day()
                    && !self.ended(lease) =>
            {
                *units
            }
            _ => 0,
        });
        let pauses = self.0.iter().filter_map(|event| match event {
            Event::Paused(owner, until) if *owner == frame.owner => Some(*until),
            _ => None,
        });
        let hour = frame.hour();
        let before = Window { span: hour.span, start: hour.start - 3_600, end: hour.start };
        Standing {
            counts: self.counts(frame),
            hour_before: self.count(&frame.owner, &before),
            leased: leased.sum(),
            paused_until: pauses.max(),
        }
    }

    fn history(&self, owner: &str, since: u64) -> Vec<Row> {
        let others = [Spent { entry: entry("", OTHERS, ""), units: 0 }];
        let mut sums: BTreeMap<(u64, Entry), i128> = BTreeMap::new();
        for event in &self.0 {
            let (frame, spent, sign, units) = match event {
                Event::Reserved(frame, spent) => (frame, std::slice::from_ref(spent), 1, 0),
                Event::Refunded(frame, spent) => (frame, std::slice::from_ref(spent), -1, 0),
                Event::Settled(lease, used, _) => (&lease.frame, used.as_slice(), 1, 0),
                Event::Raised(frame, units) => (frame, others.as_slice(), 1, *units),
                _ => continue,
            };
            if *frame.owner == *owner && frame.day().start >= since {
                for spent in spent {
                    let sum = sums.entry((frame.day().start, spent.entry.clone())).or_default();
                    *sum += sign * i128::from(spent.units + units);
                }
            }
        }
        let rows = sums.into_iter().filter(|(_, units)| *units > 0);
        rows.map(|((day, entry), units)| Row { day, entry, units: u64::try_from(units).unwrap() }).collect()
    }

    fn noted(&self, frame: &Frame, name: &str) -> Option<String> {
        self.0.iter().rev().find_map(|event| match event {
            Event::Noted(then, noted, value)
                if then.owner == frame.owner && then.day() == frame.day() && noted == name =>
            {
                Some(value.clone())
            }
            _ => None,
        })
    }

    /// The room for units in these windows, if there is: none where nothing limits it.
    fn room(&self, frame: &Frame, limits: &Limits, units: u64) -> Result<Option<u64>, Granted> {
        let counts = self.counts(frame);
        let rooms: Vec<Option<i128>> =
            (0..SPANS).map(|window| Some(i128::from(limits[window]?) - i128::from(counts[window]))).collect();
        match rooms.iter().position(|room| room.is_some_and(|room| room < i128::from(units))) {
            Some(window) => Err(Granted::No { window }),
            None => Ok(rooms.into_iter().flatten().min().map(|room| u64::try_from(room).unwrap())),
        }
    }

    /// What has not been given back yet.
    fn reserved(&self) -> Vec<(Frame, Spent)> {
        let mut open = Vec::new();
        for event in &self.0 {
            match event {
                Event::Reserved(frame, spent) => open.push((frame.clone(), spent.clone())),
                Event::Refunded(frame, spent) => {
                    let same = |one: &(Frame, Spent)| (&one.0, &one.1) == (frame, spent);
                    let place = open.iter().position(same).unwrap();
                    open.remove(place);
                }
                _ => {}
            }
        }
        open
    }

    fn leases(&self) -> Vec<(LeaseId, u64)> {
        self.0
            .iter()
            .filter_map(|event| match event {
                Event::Leased(lease, units) => Some((lease.clone(), *units)),
                _ => None,
            })
            .collect()
    }
}

/// Plays random sequences, and compares every answer with the model's.
pub(crate) fn compare<L: Ledger>(cases: u32, make: impl Fn() -> L) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let played = TestRunner::new(config).run(&steps(), |steps| {
        let ledger = make();
        runtime.block_on(play(&ledger, steps))
    });
    if let Err(error) = played {
        panic!("{error}");
    }
}

async fn play(ledger: &dyn Ledger, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let base = owner();
    let owners: [Arc<str>; OWNERS] =
        [base.clone().into(), format!("{base}{{x}}").into(), format!("{base} 2%").into()];
    let calendar = Calendar::new(Some("06:30"), Some("America/New_York")).unwrap();
    let (mut model, mut now) = (Model::default(), NIGHT);
    for step in steps {
        let frame = |owner: usize| Frame {
            owner: Arc::clone(&owners[owner]),
            windows: calendar.windows(moment(now)),
        };
        match step.clone() {
            Step::Wait(seconds) => now += seconds,
            Step::Reserve { owner, entry: name, units, limits } => {
                let frame = frame(owner);
                let [operation, label, process] = ENTRIES[name];
                let spent = Spent { entry: entry(operation, label, process), units };
                let granted = ledger.reserve(&frame, &limits, &spent).await.unwrap();
                let expected = match model.room(&frame, &limits, units) {
                    Err(refused) => refused,
                    Ok(_) => {
                        model.0.push(Event::Reserved(frame.clone(), spent));
                        yes(units, model.counts(&frame))
                    }
                };
                prop_assert_eq!(granted, expected, "{:?}", step);
            }
            Step::Refund { which } => {
                let open = model.reserved();
                if !open.is_empty() {
                    let (frame, spent) = open[which % open.len()].clone();
                    ledger.refund(&frame, &spent).await.unwrap();
                    model.0.push(Event::Refunded(frame, spent));
                }
            }
            Step::Lease { owner, most, limits } => {
                let lease = LeaseId { frame: frame(owner), id: Uuid::new_v4().to_string().into() };
                let granted = ledger.lease(&lease, &limits, most).await.unwrap();
                let expected = match model.room(&lease.frame, &limits, 1) {
                    Err(refused) => refused,
                    Ok(room) => {
                        // A quarter, rounded up.
                        let units = room.map_or(most, |room| most.min(room / 4 + u64::from(room % 4 > 0)));
                        model.0.push(Event::Leased(lease.clone(), units));
                        yes(units, model.counts(&lease.frame))
                    }
                };
                prop_assert_eq!(granted, expected, "{:?}", step);
            }
            Step::Settle { which, used } => {
                let leases = model.leases();
                // One more than there are: a lease that was never taken.
                let (lease, units) = match leases.get(which % (leases.len() + 1)) {
                    Some((lease, units)) => (lease.clone(), *units),
                    None => (LeaseId { frame: frame(0), id: Uuid::new_v4().to_string().into() }, 0),
                };
                let mut rest = units;
                let mut spent: Vec<Spent> = Vec::new();
                for (name, units) in used {
                    let [operation, label, process] = ENTRIES[name];
                    let entry = entry(operation, label, process);
                    if units <= rest && spent.iter().all(|spent| spent.entry != entry) {
                        rest -= units;
                        spent.push(Spent { entry, units });
                    }
                }
                ledger.settle(&lease, &spent).await.unwrap();
                if units > 0 && !model.ended(&lease) {
                    model.0.push(Event::Settled(lease, spent, rest));
                }
            }
            Step::Raise { owner, at_least } => {
                let frame = frame(owner);
                let by = ledger.raise(&frame, at_least).await.unwrap();
                prop_assert_eq!(by, at_least.saturating_sub(model.counts(&frame)[0]), "{:?}", step);
                model.0.push(Event::Raised(frame, by));
            }
            Step::Pause { owner, seconds } => {
                let until = moment(now + seconds);
                ledger.pause(&owners[owner], until).await.unwrap();
                model.0.push(Event::Paused(Arc::clone(&owners[owner]), until));
            }
            Step::Note { owner, name, value } => {
                let (frame, name, value) = (frame(owner), format!("note {name}"), value.to_string());
                let before = ledger.note(&frame, &name, &value).await.unwrap();
                prop_assert_eq!(before, model.noted(&frame, &name), "{:?}", step);
                model.0.push(Event::Noted(frame, name, value));
            }
            Step::Recall { owner, name } => {
                let (frame, name) = (frame(owner), format!("note {name}"));
                let noted = ledger.recall(&frame, &name).await.unwrap();
                prop_assert_eq!(noted, model.noted(&frame, &name), "{:?}", step);
            }
        }
        for owner in &owners {
            let frame = Frame { owner: Arc::clone(owner), windows: calendar.windows(moment(now)) };
            prop_assert_eq!(ledger.standing(&frame).await.unwrap(), model.standing(&frame), "{:?}", step);
            for since in [0, frame.day().start] {
                let rows = ledger.history(owner, since).await.unwrap();
                let expected = folded(model.history(owner, since), frame.day().start);
                prop_assert_eq!(folded(rows, frame.day().start), expected, "{:?}", step);
            }
        }
    }
    Ok(())
}
