//! What all parts of a run share: time, chance, the moment at which the process ends, and what has happened.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use beproduct::testing::Steps;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::chance::Chance;
use crate::history::History;
use crate::records::Records;
use crate::time::Time;
use crate::weather::Weather;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) time: Time,
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    /// Of the ledger.
    pub(crate) chance: Chance,
    state: Mutex<State>,
    crash: Notify,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) history: History,
    pub(crate) records: Records,
    /// Steps until the process ends, if it does.
    steps_left: Option<u64>,
    pub(crate) crashed: bool,
    /// Whether the ledger does at once what it is asked for.
    pub(crate) calm: bool,
}

impl World {
    pub(crate) fn new(seed: u64, start: u64) -> Arc<Self> {
        let weather = Weather::new(&Chance::new(seed, "weather"));
        let records = Records::new(&weather, &Chance::new(seed, "records"));
        Arc::new(Self {
            time: Time::new(start),
            seed,
            chance: Chance::new(seed, "ledger"),
            state: Mutex::new(State {
                history: History::default(),
                records,
                steps_left: None,
                crashed: false,
                calm: false,
            }),
            crash: Notify::new(),
            weather,
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A new process begins, and perhaps ends after so many steps.
    pub(crate) fn begin(&self, steps: Option<u64>) {
        self.time.begin();
        let mut state = self.state();
        state.steps_left = steps;
        state.crashed = false;
    }

    /// Ends when the process does.
    pub(crate) async fn crashed(&self) {
        // A notice that several tasks gave of an earlier end may still be there.
        while !self.state().crashed {
            self.crash.notified().await;
        }
    }

    /// A step of the world. The process may end here; then nothing comes after it.
    pub(crate) async fn step(&self) {
        let ends = {
            let mut state = self.state();
            state.crashed |= state.steps_left == Some(0);
            state.steps_left = state.steps_left.map(|left| left.saturating_sub(1));
            state.crashed
        };
        if ends {
            self.crash.notify_one();
            std::future::pending::<()>().await;
        }
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        if !duration.is_zero() {
            tokio::time::sleep(duration).await;
        }
        self.step().await;
    }
}

/// Steps of the ledger, which take time, fail, and are where the process may end.
#[derive(Debug)]
pub(crate) struct LedgerSteps(pub(crate) Arc<World>);

impl LedgerSteps {
    fn pass(&self, failing: f64) -> BoxFuture<'static, bool> {
        let world = Arc::clone(&self.0);
        if world.state().calm {
            return Box::pin(std::future::ready(true));
        }
        let (slow, fails) = (world.weather.slow_ledger, world.chance.hits(failing));
        Box::pin(async move {
            if slow > 0.0 && world.chance.hits(0.3) {
                world.sleep(world.chance.delay(slow)).await;
            } else {
                world.step().await;
            }
            if fails {
                world.state().history.ledger_failed = true;
            }
            !fails
        })
    }
}

impl Steps for LedgerSteps {
    fn before(&self) -> BoxFuture<'static, bool> {
        self.pass(self.0.weather.failing_ledger)
    }

    fn after(&self) -> BoxFuture<'static, bool> {
        self.pass(self.0.weather.failing_ledger / 2.0)
    }
}
