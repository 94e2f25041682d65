//! The permits of the rate limiter.

// A check may stop at once, and uses a part of what it includes.
#![allow(clippy::unwrap_used, dead_code)]

#[path = "../../src/policy/rate/permits.rs"]
mod permits;
#[path = "../../src/policy/rate/queue.rs"]
mod queue;

mod sync {
    pub(crate) use loom::sync::{Arc, Mutex};
}

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use permits::{Gate, Permits, Sending, Turn, Waiting};
use sync::Arc;

/// Time that stands still until a keeper sleeps, and a gate that is shut until a moment of it.
struct Door {
    now: Duration,
    shut_until: Duration,
}

impl Gate for Door {
    fn now(&self) -> Duration {
        self.now
    }

    fn pass(&mut self, _in_flight: usize) -> Result<(), Option<Duration>> {
        if self.now < self.shut_until { Err(Some(self.shut_until)) } else { Ok(()) }
    }
}

type Line = Permits<Door>;

fn line(limit: usize, shut: u64) -> Line {
    Permits::new(Door { now: Duration::ZERO, shut_until: Duration::from_secs(shut) }, limit)
}

/// Waits for a permit; a sleep ends at once and moves time on.
async fn permit(line: &Line, mut waiting: Waiting<Door>) -> Sending<Door> {
    poll_fn(|context| {
        loop {
            match waiting.turn(context) {
                Poll::Ready(Turn::Go(sending)) => return Poll::Ready(sending),
                Poll::Ready(Turn::News) => {}
                Poll::Ready(Turn::Sleep(until)) => line.update(|door, _| door.now = door.now.max(until)),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

/// Asks once, and gives up if it is not this caller's turn.
fn ask_once(waiting: &mut Waiting<Door>) -> Option<Sending<Door>> {
    block_on(poll_fn(|context| {
        loop {
            match waiting.turn(context) {
                Poll::Ready(Turn::Go(sending)) => return Poll::Ready(Some(sending)),
                Poll::Ready(Turn::News) => {}
                Poll::Ready(Turn::Sleep(_)) | Poll::Pending => return Poll::Ready(None),
            }
        }
    }))
}

/// Sends once, and sees that no more than `most` do so at a time.
fn send(line: &Line, in_flight: &AtomicUsize, most: usize) {
    let sending = block_on(permit(line, line.join(false, "", false)));
    assert!(in_flight.fetch_add(1, Ordering::SeqCst) < most);
    in_flight.fetch_sub(1, Ordering::SeqCst);
    drop(sending);
}

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 20_000;
    builder.check(model);
}

/// Everybody gets through, which the check sees by their threads coming to an end.
#[test]
fn no_more_than_the_limit_are_in_flight() {
    check(|| {
        let (line, in_flight) = (line(1, 0), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (line, in_flight) = (line.clone(), Arc::clone(&in_flight));
                thread::spawn(move || send(&line, &in_flight, 1))
            })
            .collect();
        send(&line, &in_flight, 1);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_caller_that_gives_up_holds_nobody_up() {
    check(|| {
        let line = line(1, 0);
        let held = block_on(permit(&line, line.join(false, "", false)));
        let mut leaving = line.join(false, "", false);
        assert!(ask_once(&mut leaving).is_none());
        let leaves = thread::spawn(move || drop(leaving));
        let ends = thread::spawn(move || held.end(None, |_, _, _| false));
        drop(block_on(permit(&line, line.join(false, "", false))));
        leaves.join().unwrap();
        ends.join().unwrap();
    });
}

/// The one who sleeps for all may leave, and another takes its place.
#[test]
fn a_keeper_that_gives_up_hands_over() {
    check(|| {
        let line = line(1, 5);
        let mut keeper = line.join(false, "", false);
        assert!(ask_once(&mut keeper).is_none());
        let other = {
            let line = line.clone();
            thread::spawn(move || drop(block_on(permit(&line, line.join(false, "", false)))))
        };
        drop(keeper);
        other.join().unwrap();
        assert!(line.update(|door, _| door.now >= door.shut_until));
    });
}

#[test]
fn a_limit_that_changes_lets_everybody_through() {
    check(|| {
        let (line, in_flight) = (line(2, 0), Arc::new(AtomicUsize::new(0)));
        let changes = {
            let line = line.clone();
            thread::spawn(move || {
                line.update(|_, limit| *limit = 0);
                line.update(|_, limit| *limit = 1);
            })
        };
        let other = {
            let (line, in_flight) = (line.clone(), Arc::clone(&in_flight));
            thread::spawn(move || send(&line, &in_flight, 2))
        };
        send(&line, &in_flight, 2);
        changes.join().unwrap();
        other.join().unwrap();
        // With one slot again, only one goes.
        let (one, mut two) =
            (block_on(permit(&line, line.join(false, "", false))), line.join(false, "", false));
        assert!(ask_once(&mut two).is_none());
        drop(one);
        drop(block_on(permit(&line, two)));
    });
}

#[test]
fn a_gate_that_shuts_again_keeps_nobody_out_for_good() {
    check(|| {
        let line = line(1, 1);
        let shuts = {
            let line = line.clone();
            thread::spawn(move || line.update(|door, _| door.shut_until = Duration::from_secs(2)))
        };
        let other = {
            let line = line.clone();
            thread::spawn(move || drop(block_on(permit(&line, line.join(false, "", false)))))
        };
        drop(block_on(permit(&line, line.join(false, "", false))));
        shuts.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn an_urgent_caller_goes_first() {
    check(|| {
        let line = line(1, 0);
        let held = block_on(permit(&line, line.join(false, "", false)));
        let (patient, urgent) = (line.join(false, "", false), line.join(true, "", false));
        let order = Arc::new(AtomicUsize::new(0));
        let bulk = {
            let (line, order) = (line.clone(), Arc::clone(&order));
            thread::spawn(move || {
                let sending = block_on(permit(&line, patient));
                assert_eq!(order.fetch_add(1, Ordering::SeqCst), 1);
                drop(sending);
            })
        };
        let ends = thread::spawn(move || drop(held));
        let sending = block_on(permit(&line, urgent));
        assert_eq!(order.fetch_add(1, Ordering::SeqCst), 0);
        drop(sending);
        bulk.join().unwrap();
        ends.join().unwrap();
    });
}
