//! Who may send next: so many at once, in the order of the queue, and only while the gate is open.
//!
//! All of it is one state behind one lock. Whoever changes the state gives out the permits that have become possible and
//! wakes their callers, so that no wake-up depends on a caller that may be gone. Time passes without anybody changing the
//! state: one of the callers that wait, the keeper, sleeps on the clock for all of them.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::queue::{Queue, Rank};
use super::sync::{Arc, Mutex};

/// What is shorter is the pace of a line that moves.
const LONG: Duration = Duration::from_secs(1);

/// What has to allow a request besides a free slot.
pub(crate) trait Gate {
    /// The time, on the clock's own scale.
    fn now(&self) -> Duration;

    /// Lets a request through, or says when to ask again: none when that depends on requests in flight.
    fn pass(&mut self, in_flight: usize) -> Result<(), Option<Duration>>;
}

/// Gives out permits to send. Clones are the same one.
pub(crate) struct Permits<G>(Arc<Mutex<State<G>>>);

impl<G> Clone for Permits<G> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct State<G> {
    gate: G,
    limit: usize,
    in_flight: usize,
    /// When requests end that were cancelled on their way: the service still works on them.
    lingering: Vec<Duration>,
    queue: Queue,
    callers: BTreeMap<u64, Caller>,
    /// Number of the next caller.
    next: u64,
    /// Permits given out so far.
    granted: u64,
    /// Grows with everything that may make a caller give up.
    news: u64,
    /// Who sleeps until the gate is to be asked again, and until when.
    keeper: Option<u64>,
    until: Option<Duration>,
    /// Until when the gate holds callers up, as they were told since it closed.
    told_until: Duration,
    /// How long the gate has held callers up, and since when it does so now.
    held: Duration,
    held_since: Option<Duration>,
}

struct Caller {
    waker: Option<Waker>,
    /// Of the state's `news`, what the caller has been told.
    told: u64,
    held_before: Duration,
    granted: Option<Permit>,
}

/// A permit before anybody holds it.
#[derive(Clone, Copy)]
struct Permit {
    number: u64,
    held: Duration,
}

/// What a caller has to do next.
pub(crate) enum Turn<G: Gate> {
    /// Send.
    Go(Sending<G>),
    /// Sleep on the clock until this time, or until it is woken, and ask again.
    Sleep(Duration),
    /// See whether waiting still makes sense, and ask again.
    News,
}

/// How things stand when a request ends, itself among those in flight.
pub(crate) struct Standing {
    /// Requests in flight.
    pub(crate) in_flight: usize,
    /// Callers that wait.
    pub(crate) waiting: usize,
    /// Permits that were given out after that of the request.
    pub(crate) later: usize,
    /// Whether the gate holds callers up.
    pub(crate) held: bool,
}

impl<G: Gate> Permits<G> {
    /// `limit`: how many may be in flight.
    pub(crate) fn new(gate: G, limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            gate,
            limit,
            in_flight: 0,
            lingering: Vec::new(),
            queue: Queue::default(),
            callers: BTreeMap::new(),
            next: 0,
            granted: 0,
            news: 0,
            keeper: None,
            until: None,
            told_until: Duration::ZERO,
            held: Duration::ZERO,
            held_since: None,
        })))
    }

    /// Changes the state, gives out what that makes possible, and wakes those whom it concerns once the lock is open.
    fn change<T>(&self, act: impl FnOnce(&mut State<G>, &mut Vec<Waker>) -> T) -> T {
        let mut woken = Vec::new();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state, &mut woken);
        state.give_out(&mut woken);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        result
    }

    /// Changes the gate and the number that may be in flight. All who wait are told of it.
    pub(crate) fn update<T>(&self, act: impl FnOnce(&mut G, &mut usize) -> T) -> T {
        self.change(|state, woken| {
            let result = act(&mut state.gate, &mut state.limit);
            state.announce(woken);
            result
        })
    }

    /// Gets in line; `again`: before all of the same priority that were not sent yet.
    pub(crate) fn join(&self, urgent: bool, label: &str, again: bool) -> Waiting<G> {
        let rank = Rank { urgent, again };
        let number = self.change(|state, _| {
            state.settle();
            let number = state.next;
            state.next += 1;
            let news = state.news.wrapping_sub(1);
            let caller = Caller { waker: None, told: news, held_before: state.held, granted: None };
            state.callers.insert(number, caller);
            state.queue.push(rank, label, number);
            number
        });
        Waiting { permits: self.clone(), number, rank, label: label.to_owned(), held: None }
    }
}

impl<G: Gate> State<G> {
    /// Counts the time that the gate has held callers up.
    fn settle(&mut self) {
        if let Some(since) = self.held_since {
            let now = self.gate.now();
            self.held += now.saturating_sub(since);
            self.held_since = Some(now);
        }
    }

    fn give_out(&mut self, woken: &mut Vec<Waker>) {
        self.settle();
        let mut held = false;
        let mut until = None;
        if !self.lingering.is_empty() {
            let now = self.gate.now();
            self.lingering.retain(|end| now < *end);
        }
        while self.in_flight < self.limit && self.queue.front().is_some() {
            if self.in_flight + self.lingering.len() >= self.limit {
                until = self.lingering.iter().min().copied();
                break;
            }
            if let Err(time) = self.gate.pass(self.in_flight) {
                (held, until) = (true, time);
                break;
            }
            self.told_until = Duration::ZERO;
            if let Some(caller) = self.queue.pop().and_then(|number| self.callers.get_mut(&number)) {
                self.in_flight += 1;
                self.granted += 1;
                let held = self.held.saturating_sub(caller.held_before);
                caller.granted = Some(Permit { number: self.granted, held });
                woken.extend(caller.waker.take());
            }
        }
        self.held_since = held.then(|| self.gate.now());
        if held {
            self.tell_of_standstill(until, woken);
        }
        self.appoint(until, woken);
    }

    /// A gate that has closed for long may make callers give up.
    fn tell_of_standstill(&mut self, until: Option<Duration>, woken: &mut Vec<Waker>) {
        let Some(until) = until.filter(|until| *until > self.told_until) else { return };
        if until.saturating_sub(self.gate.now()) >= LONG {
            self.told_until = until;
            self.announce(woken);
        }
    }

    /// Sees to it that somebody sleeps until the gate is to be asked again.
    fn appoint(&mut self, until: Option<Duration>, woken: &mut Vec<Waker>) {
        let waits = |number: &u64| self.callers.get(number).is_some_and(|caller| caller.granted.is_none());
        let keeper = self.keeper.filter(waits).or_else(|| self.queue.front());
        if until.is_some() && (keeper, until) != (self.keeper, self.until) {
            let caller = keeper.and_then(|number| self.callers.get_mut(&number));
            woken.extend(caller.and_then(|caller| caller.waker.take()));
        }
        (self.keeper, self.until) = (keeper, until);
    }

    fn announce(&mut self, woken: &mut Vec<Waker>) {
        self.news += 1;
        woken.extend(self.callers.values_mut().filter_map(|caller| caller.waker.take()));
    }

    fn release(&mut self) {
        self.in_flight -= 1;
    }
}

/// A place in the line. Who drops it leaves the line.
pub(crate) struct Waiting<G: Gate> {
    permits: Permits<G>,
    number: u64,
    rank: Rank,
    label: String,
    /// Once the caller has its permit: how long the gate had held it up.
    held: Option<Duration>,
}

impl<G: Gate> Waiting<G> {
    /// What to do next. Pending: to wait until this is woken.
    pub(crate) fn turn(&mut self, context: &Context<'_>) -> Poll<Turn<G>> {
        let number = self.number;
        let (granted, turn) = self.permits.change(|state, woken| {
            // Time may have passed, and the keeper has nobody else to see it.
            state.give_out(woken);
            let (news, keeps) = (state.news, state.until.filter(|_| state.keeper == Some(number)));
            let Some(caller) = state.callers.get_mut(&number) else { return (None, Poll::Pending) };
            if let Some(permit) = caller.granted {
                state.callers.remove(&number);
                return (Some(permit), Poll::Pending);
            }
            caller.waker = Some(context.waker().clone());
            if caller.told != news {
                caller.told = news;
                return (None, Poll::Ready(Turn::News));
            }
            (None, keeps.map_or(Poll::Pending, |until| Poll::Ready(Turn::Sleep(until))))
        });
        let Some(permit) = granted else { return turn };
        self.held = Some(permit.held);
        let sending = Sending { permits: self.permits.clone(), number: permit.number, ended: false };
        Poll::Ready(Turn::Go(sending))
    }

    /// Looks at the gate, with how many are in flight.
    pub(crate) fn look<T>(&self, act: impl FnOnce(&G, usize) -> T) -> T {
        let state = self.permits.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(&state.gate, state.in_flight)
    }

    /// How long the gate has held the caller up.
    pub(crate) fn held(&self) -> Duration {
        if let Some(held) = self.held {
            return held;
        }
        self.permits.change(|state, _| {
            state.settle();
            let caller = state.callers.get(&self.number);
            caller.map_or(Duration::ZERO, |caller| match caller.granted {
                Some(permit) => permit.held,
                None => state.held.saturating_sub(caller.held_before),
            })
        })
    }
}

impl<G: Gate> Drop for Waiting<G> {
    fn drop(&mut self) {
        if self.held.is_some() {
            return;
        }
        self.permits.change(|state, _| match state.callers.remove(&self.number) {
            Some(caller) if caller.granted.is_some() => state.release(),
            _ => state.queue.remove(self.rank, &self.label, self.number),
        });
    }
}

/// A permit: one of those in flight, until it is dropped.
pub(crate) struct Sending<G: Gate> {
    permits: Permits<G>,
    number: u64,
    ended: bool,
}

impl<G: Gate> Sending<G> {
    /// Ends it and changes the gate and the number that may be in flight. All who wait hear of it if `act` says so. With
    /// `lingers` its place becomes free at that time.
    pub(crate) fn end(
        mut self,
        lingers: Option<Duration>,
        act: impl FnOnce(&mut G, &mut usize, &Standing) -> bool,
    ) {
        self.ended = true;
        self.permits.change(|state, woken| {
            let standing = Standing {
                in_flight: state.in_flight,
                waiting: state.queue.len(),
                later: usize::try_from(state.granted - self.number).unwrap_or(usize::MAX),
                held: state.held_since.is_some(),
            };
            state.release();
            state.lingering.extend(lingers);
            if act(&mut state.gate, &mut state.limit, &standing) {
                state.announce(woken);
            }
        });
    }
}

impl<G: Gate> Drop for Sending<G> {
    fn drop(&mut self) {
        if !self.ended {
            self.permits.change(|state, _| state.release());
        }
    }
}
