//! Chance that is the same in each run of a seed.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use beproduct::Rng;

/// A source of chance. Different matters have different ones, so that one more draw in one of them does not change the rest.
#[derive(Debug)]
pub(crate) struct Chance {
    /// What it began with, which no other source has.
    name: u64,
    state: AtomicU64,
    ids: AtomicU64,
}

fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

impl Chance {
    pub(crate) fn new(seed: u64, matter: &str) -> Self {
        let matter = matter.bytes().fold(7, |sum, byte| mix(sum ^ u64::from(byte)));
        let name = mix(seed ^ matter);
        Self { name, state: AtomicU64::new(name), ids: AtomicU64::new(0) }
    }

    fn draw(&self) -> u64 {
        mix(self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed))
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn share(&self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that does so in this share of cases.
    pub(crate) fn hits(&self, share: f64) -> bool {
        self.share() < share
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        (self.draw() % bound as u64) as usize
    }

    /// Both ends are among them.
    pub(crate) fn between(&self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    pub(crate) fn one_of<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Mostly short, at times up to this many seconds.
    pub(crate) fn delay(&self, most: f64) -> Duration {
        Duration::from_secs_f64(most * self.share().powi(3))
    }
}

impl Rng for Chance {
    fn fraction(&self) -> f64 {
        self.share()
    }

    fn request_id(&self) -> String {
        format!("request-{}", self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn unique_id(&self) -> String {
        format!("{:016x}-{:04}", self.name, self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// The seeds that a variable asks for, `count` or `a..b`, and without it so many; or that of `one`, which is run alone.
pub(crate) fn seeds(variable: &str, one: &str, otherwise: u64) -> Range<u64> {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().unwrap();
    if let Ok(seed) = std::env::var(one) {
        let seed = number(&seed);
        return seed..seed + 1;
    }
    match std::env::var(variable) {
        Ok(text) => match text.split_once("..") {
            Some((first, last)) => number(first)..number(last),
            None => 0..number(&text),
        },
        Err(_) => 0..otherwise,
    }
}
