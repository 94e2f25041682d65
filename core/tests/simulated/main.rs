//! The service, its clients and their processes on simulated time, with chance that follows from a seed: what goes wrong,
//! where a process ends, and what the callers do meanwhile. After each run the laws are checked (`laws.rs`, `lists.rs`).
//!
//! | variable | what |
//! |---|---|
//! | `BEPRODUCT_SEEDS` | how many seeds, or `a..b`. Default 1,000 |
//! | `BEPRODUCT_FILE_SEEDS` | the same of those that count in a SQLite file. Default 300 |
//! | `BEPRODUCT_SEED` | this seed alone, with all that happened in it |

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod calls;
mod chance;
mod fate;
mod history;
mod laws;
mod lists;
mod place;
mod plan;
mod records;
mod time;
mod weather;
mod wire;
mod world;

use std::cell::Cell;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use beproduct::testing::StepLedger;
use beproduct::{Client, ClientBuilder, Config};

use calls::Caller;
use chance::{Chance, seeds};
use place::{Place, Store};
use plan::{ClientPlan, Plan};
use serde_json::Value;
use wire::Line;
use world::World;

/// Numbers of clients, of each process.
pub(crate) const CLIENTS: usize = 10;

/// No process has work for so long.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// What came of a seed.
struct Outcome {
    broken: Vec<String>,
    world: Arc<World>,
}

fn run(seed: u64, store: Store) -> Outcome {
    let plan = Plan::new(seed);
    let world = World::new(seed, plan.start);
    let mut place = Place::new(store, &plan, &world);
    let before = PANICS.get();
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
        for (number, process) in Plan::new(seed).processes.into_iter().enumerate() {
            let crashed = in_process(&world, process.crash, &mut place, async |place| {
                live(seed, number, process.clients, &world, place).await;
            });
            let mut state = world.state();
            if crashed {
                state.history.crashed.insert(number);
            }
            let mut broken = std::mem::take(&mut state.history.broken);
            laws::counts_are_right(&world, &plan, place.counts(), &state.history, &mut broken);
            state.history.broken = broken;
        }
        if plan.journal {
            world.state().calm = true;
            in_process(&world, None, &mut place, async |place| recover(seed, &world, place).await);
        }
    }));
    let mut broken = match result {
        Ok(()) => laws::broken(&world, &plan, place.counts()),
        Err(_) => Vec::new(),
    };
    if PANICS.get() != before {
        broken.push("something panicked".into());
    }
    Outcome { broken, world }
}

/// Runs a process to its end, or until it crashes after so many steps. Whether it did.
fn in_process(world: &World, crash: Option<u64>, place: &mut Place, work: impl AsyncFnOnce(&Place)) -> bool {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        world.begin(crash);
        let crashed = tokio::select! {
            biased;
            () = world.crashed() => true,
            done = tokio::time::timeout(LONGEST, work(place)) => {
                if done.is_err() {
                    world.state().history.breaks("a process did not come to its end");
                }
                false
            }
        };
        world.time.end();
        // Before anything is dropped that lives in it.
        place.end();
        crashed
    })
}

/// One process with its clients, until all callers are done.
async fn live(seed: u64, number: usize, plans: Vec<ClientPlan>, world: &Arc<World>, place: &Place) {
    let clients = plans.into_iter().enumerate().map(|(index, plan)| {
        let (index, world) = (number * CLIENTS + index, Arc::clone(world));
        let (settings, ledger) = (place.settings(&plan), place.ledger(&plan));
        tokio::spawn(async move {
            let line = Line::new(Arc::clone(&world), index);
            let chance = Chance::new(seed, &format!("client {index}"));
            let client = client(settings, line.clone(), &world, &ledger, chance);
            let caller =
                Caller { world: Arc::clone(&world), client: client.clone(), index, settings: plan.settings };
            let callers: Vec<_> =
                plan.callers.into_iter().map(|calls| tokio::spawn(caller.clone().make_all(calls))).collect();
            drop(caller);
            let aborts: Vec<_> = callers.iter().map(tokio::task::JoinHandle::abort_handle).collect();
            let all = futures_util::future::join_all(callers);
            let ended = match plan.dropped {
                Some(after) => tokio::time::timeout(after, all).await.is_ok(),
                None => {
                    all.await;
                    true
                }
            };
            if ended {
                client.shut_down().await;
            } else {
                world.state().history.cut_short = true;
                aborts.iter().for_each(tokio::task::AbortHandle::abort);
            }
            drop(client);
            line.rest();
        })
    });
    futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    // What clients do at their end is done.
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// One more process, which gives back what the others left of their leases.
async fn recover(seed: u64, world: &Arc<World>, place: &Place) {
    let plan = ClientPlan::idle();
    let line = Line::new(Arc::clone(world), usize::MAX);
    let chance = Chance::new(seed, "recovery");
    let client = client(place.settings(&plan), line, world, &place.ledger(&plan), chance);
    beproduct::testing::recover(&client).await;
    client.shut_down().await;
}

fn client(settings: Value, line: Line, world: &Arc<World>, ledger: &StepLedger, chance: Chance) -> Client {
    let builder = ClientBuilder::from_config(Config::from_json(settings).unwrap());
    let builder = builder.transport(Arc::new(line)).clock(Arc::new(world.time.clone()));
    beproduct::testing::simulated(builder, ledger, Arc::new(chance)).build().unwrap()
}

/// Failing seeds that are shown in full, and laws that are shown of each.
const SHOWN: usize = 3;

fn laws_hold(test: &str, store: Store, seeds: Range<u64>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            hook(panic);
        }));
    });
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return failed;
            }
            let Outcome { broken, world } = run(seed, store);
            if std::env::var_os("BEPRODUCT_SEED").is_some() {
                println!("{:#?}\n{:#?}", world.weather, world.state().history);
            }
            if !broken.is_empty() {
                failed.push((seed, broken));
            }
        }
    };
    let mut failed: Vec<_> = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut failed = work();
        failed.extend(other.join().unwrap());
        failed
    });
    failed.sort_by_key(|(seed, _)| *seed);
    for (index, (seed, broken)) in failed.iter().enumerate() {
        println!("seed {seed}; alone: BEPRODUCT_SEED={seed} cargo test -p beproduct --test simulated {test}");
        for law in broken.iter().take(SHOWN) {
            let text = if index < SHOWN { law } else { law.lines().next().unwrap_or_default() };
            println!("- {text}");
        }
    }
    let count = failed.len();
    let failed: Vec<_> = failed.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "{count} of {} seeds break laws: {failed:?}", seeds.end - seeds.start);
}

#[test]
fn laws_hold_for_all_seeds() {
    laws_hold("laws_hold_for_all_seeds", Store::Memory, seeds("BEPRODUCT_SEEDS", "BEPRODUCT_SEED", 1_000));
}

#[test]
fn laws_hold_with_a_file() {
    laws_hold("laws_hold_with_a_file", Store::Sqlite, seeds("BEPRODUCT_FILE_SEEDS", "BEPRODUCT_SEED", 300));
}

/// The same seed is the same run, which a failing one has to be.
#[test]
fn a_seed_is_one_run() {
    for (store, seeds) in [(Store::Memory, 0..40), (Store::Sqlite, 0..10)] {
        for seed in seeds {
            let history = || format!("{:?}", run(seed, store).world.state().history);
            assert!(history() == history(), "seed {seed} gave two runs");
        }
    }
}
