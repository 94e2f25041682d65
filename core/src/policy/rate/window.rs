//! One limit of the service: so many requests in so much time, and how many of them are left.
//!
//! The service may count in fixed windows or look back from each request: no more than the limit in any stretch of the
//! window's length satisfies both. When a request arrived is known only within bounds, so that it is taken to have
//! arrived when its answer came, but not much later than it was sent: slow answers would cost too much of the limit.

use std::collections::VecDeque;
use std::time::Duration;

/// Part of the window's length by which a request may have arrived after it was sent.
const SLACK: u32 = 24;

/// The same at least: of a short window an answer's way may take a large part.
const LEAST_SLACK: Duration = Duration::from_secs(1);

/// How long others are remembered at most, two times over, once figures tell of them no longer.
const LONGEST_STRETCH: Duration = Duration::from_secs(60);

/// When a request was under way, on the clock's own scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) sent: Duration,
    pub(super) ended: Duration,
}

/// What stood around a request when it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) span: Span,
    /// Requests that are still in flight.
    pub(super) in_flight: usize,
    /// Requests that were let through after this one.
    pub(super) later: usize,
}

/// A limit of the service.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) length: Duration,
    pub(super) limit: usize,
    /// Whether the length was concluded from the time until its reset.
    pub(super) inferred: bool,
    /// When the service last spoke of it.
    pub(super) confirmed: Duration,
    /// From when each own request counts no longer than the length, in ascending order.
    own: VecDeque<Duration>,
    /// Most requests of others that figures told of in the present stretch of time, since when that is, and in the one
    /// before. Who is taken for gone too soon is refused its next request, or refuses ours.
    others: usize,
    others_since: Duration,
    others_before: usize,
    /// When the last figures came.
    told: Duration,
    /// When those figures are void.
    void_at: Duration,
    /// The reset that was told and is yet to come, Unix seconds, and whether it moves on before it is reached.
    reset: Option<u64>,
    pub(super) rolling: bool,
}

impl Window {
    /// `past`: own requests so far.
    pub(super) fn new(length: Duration, limit: usize, now: Duration, past: &VecDeque<Span>) -> Self {
        let mut window = Self {
            length,
            limit,
            inferred: false,
            confirmed: now,
            own: VecDeque::new(),
            others: 0,
            others_since: now,
            others_before: 0,
            told: now,
            void_at: now,
            reset: None,
            rolling: false,
        };
        past.iter().for_each(|span| window.add(*span));
        window.forget(now);
        window
    }

    /// Counts an own request.
    pub(super) fn add(&mut self, span: Span) {
        let from = span.ended.min(span.sent.saturating_add(self.slack()));
        // Nearly always the last one.
        let later = self.own.iter().rev().take_while(|other| **other > from).count();
        self.own.insert(self.own.len() - later, from);
    }

    fn slack(&self) -> Duration {
        (self.length / SLACK).max(LEAST_SLACK)
    }

    /// Drops what counts no longer. Figures of slow answers are about the past: what they may have counted stays longer.
    pub(super) fn forget(&mut self, now: Duration) {
        let kept = self.length + self.slack();
        while self.own.front().is_some_and(|from| *from + kept <= now) {
            self.own.pop_front();
        }
    }

    /// Own requests that count, first those that do so for the shortest time.
    fn counted(&self, at: Duration) -> impl ExactSizeIterator<Item = Duration> + '_ {
        let gone = self.own.partition_point(|from| *from + self.length <= at);
        self.own.range(gone..).copied()
    }

    /// Requests of others that count. Without new figures fewer are assumed with time, first slowly, then faster: how
    /// many there still are is found out by sending.
    fn others(&self, now: Duration) -> usize {
        let lengths = now.saturating_sub(self.told).as_secs_f64() / self.length.as_secs_f64();
        // Beyond some ten lengths nothing is left of any limit.
        let eased = self.step() * (lengths.min(64.0).exp2() - 1.0);
        self.others_told().saturating_sub(eased as usize)
    }

    fn others_told(&self) -> usize {
        self.others.max(self.others_before)
    }

    fn step(&self) -> f64 {
        (self.limit as f64 / 60.0).max(1.0)
    }

    fn tell_others(&mut self, others: usize, now: Duration) {
        let (stretch, past) = (self.length.min(LONGEST_STRETCH), now.saturating_sub(self.others_since));
        if past >= stretch {
            self.others_before = if past < 2 * stretch { self.others } else { 0 };
            (self.others, self.others_since) = (0, now);
        }
        self.others = self.others.max(others);
        self.told = now;
    }

    /// When a request can go, if nothing is learnt until then. None: not before one of those in flight has ended.
    fn opens(&self, now: Duration, in_flight: usize) -> Option<Duration> {
        let room = |at: Duration| self.counted(at).len() + in_flight + self.others(at) < self.limit;
        if room(now) {
            return Some(now);
        }
        // By then nothing is left of own requests and of others.
        let last = now.saturating_add(self.length.saturating_mul(65));
        let eases = room(last).then(|| first(now, last, room));
        let alone = (in_flight == 0).then(|| self.alone(now)).flatten();
        eases.into_iter().chain(alone).min()
    }

    /// Where most of it was taken by others, and that is void by now, one request at a time fetches new figures.
    fn alone(&self, now: Duration) -> Option<Duration> {
        if self.others_told() <= self.limit / 2 {
            return None;
        }
        let counted = self.counted(now);
        let frees = counted.len().checked_sub(self.limit).and_then(|index| self.counted(now).nth(index));
        Some(frees.map_or(now, |from| from + self.length).max(self.void_at).max(now))
    }

    /// Lets a request through, or says when to ask again.
    pub(super) fn pass(&self, now: Duration, in_flight: usize) -> Result<(), Option<Duration>> {
        match self.opens(now, in_flight) {
            Some(at) if at <= now => Ok(()),
            at => Err(at),
        }
    }

    /// When a caller can go that `ahead` others come before.
    pub(super) fn expect(&self, now: Duration, ahead: usize, in_flight: usize) -> Duration {
        let opens = self.opens(now, 0).unwrap_or(now);
        if ahead == 0 && in_flight == 0 {
            return opens;
        }
        let line = self.line(now, ahead, in_flight, self.others(now));
        let renewed = self.alone(now).map(|at| self.line(at, ahead, in_flight, 0));
        renewed.map_or(line, |renewed| renewed.min(line)).max(opens)
    }

    /// When it is a caller's turn, from a time on at which this many places are taken by others.
    fn line(&self, from: Duration, ahead: usize, in_flight: usize, others: usize) -> Duration {
        let capacity = self.limit.saturating_sub(others).max(1);
        let mut counted = self.counted(from);
        let own = counted.len() + in_flight;
        let Some(place) = (own + ahead).checked_sub(capacity) else { return from };
        // Places become free in the order in which they were taken, again and again; those in flight are about to be.
        let (round, place) = (place / own.max(capacity), place % own.max(capacity));
        let taken = counted.nth(place).unwrap_or(from);
        let rounds = u32::try_from(round).unwrap_or(u32::MAX).saturating_add(1);
        taken.saturating_add(self.length.saturating_mul(rounds)).max(from)
    }

    /// The length that figures prove: the reset that was told has passed, the next one is so much later, and what was
    /// sent before it counts no longer, although by the length that was concluded it should.
    pub(super) fn shorter(&self, remaining: u64, reset: u64, time: u64, around: &Around) -> Option<Duration> {
        let step = Duration::from_secs(reset.checked_sub(self.reset.filter(|before| *before <= time)?)?);
        let gone = self.limit.saturating_sub(usize::try_from(remaining).unwrap_or(usize::MAX));
        // Those that arrived before this one, and too late to be gone when it did.
        let before = |from: &Duration| *from < around.span.sent;
        let certain = self.counted(around.span.ended + self.slack()).filter(before).count() + 1;
        let shorter = self.inferred && !step.is_zero() && step < self.length && gone < certain;
        shorter.then_some(step)
    }

    /// The service said how many requests were left when it took this one, which is among the own ones by now.
    pub(super) fn observe(&mut self, remaining: u64, around: &Around, void_at: Duration) {
        let now = around.span.ended;
        let left = usize::try_from(remaining).unwrap_or(usize::MAX);
        let gone = self.limit.saturating_sub(left);
        // Those that the service may have counted: what is more is certain to be others'.
        let most = self.counted(around.span.sent).len() + around.in_flight;
        let others = if gone > most { (gone - most + around.later).min(gone) } else { 0 };
        self.tell_others(others, now);
        self.void_at = void_at;
    }

    /// The service refused a request, though it had a place by what is known here: others took that.
    pub(super) fn refused(&mut self, around: &Around, until: Duration) {
        let most = self.counted(around.span.sent).len() + around.in_flight;
        if most < self.limit {
            self.observe(0, around, until);
        }
    }

    /// The reset that an answer told, and when it did so, in Unix seconds. A window that begins anew keeps it until it is
    /// reached; where the service looks back from each request, it may move with each.
    pub(super) fn observe_reset(&mut self, reset: u64, now: u64) {
        let ahead = self.reset.filter(|before| now + 1 < *before);
        self.rolling |= ahead.is_some_and(|before| before + 1 < reset);
        self.reset = ahead.or(Some(reset));
    }
}

/// The first time at which something holds that does at `yes`, does not at `no`, and does not change back.
fn first(mut no: Duration, mut yes: Duration, holds: impl Fn(Duration) -> bool) -> Duration {
    while yes - no > Duration::from_nanos(1) {
        let middle = no + (yes - no) / 2;
        if holds(middle) { yes = middle } else { no = middle }
    }
    yes
}
