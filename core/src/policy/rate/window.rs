//! One limit of the service: so many requests in so much time, and how many of them are left.
//!
//! The service may count in fixed windows or look back from each request: no more than the limit in any stretch of the
//! window's length satisfies both. When a request arrived is known only within bounds, so that it is taken to have
//! arrived when its answer came, but not much later than it was sent: slow answers would cost too much of the limit.

use std::collections::VecDeque;
use std::time::Duration;

/// Part of the window's length by which a request may have arrived after it was sent.
const SLACK: u32 = 20;

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
    /// Requests of others, as of the last figures, and when these came.
    others: usize,
    others_since: Duration,
    /// When those figures are void.
    void_at: Duration,
    /// Last time of the reset that was told, Unix seconds, and whether it moves on before it is reached.
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
        let from = span.ended.min(span.sent.saturating_add(self.length / SLACK));
        // Nearly always the last one.
        let later = self.own.iter().rev().take_while(|other| **other > from).count();
        self.own.insert(self.own.len() - later, from);
    }

    /// Drops what counts no longer. Figures of slow answers are about the past: what they may have counted stays longer.
    pub(super) fn forget(&mut self, now: Duration) {
        let kept = self.length + self.length / SLACK;
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
        let lengths = now.saturating_sub(self.others_since).as_secs_f64() / self.length.as_secs_f64();
        // Beyond some ten lengths nothing is left of any limit.
        let eased = self.step() * (lengths.min(64.0).exp2() - 1.0);
        self.others.saturating_sub(eased as usize)
    }

    fn step(&self) -> f64 {
        (self.limit as f64 / 60.0).max(1.0)
    }

    /// When `others` next falls.
    fn next_easing(&self, now: Duration) -> Option<Duration> {
        let less = (self.others - self.others(now).checked_sub(1)?) as f64;
        let lengths = (less / self.step() + 1.0).log2();
        let at = self.others_since + self.length.mul_f64(lengths) + Duration::from_millis(1);
        (at > now).then_some(at)
    }

    /// Lets a request through, or says when to ask again.
    pub(super) fn pass(&self, now: Duration, in_flight: usize) -> Result<(), Option<Duration>> {
        let mut counted = self.counted(now);
        let own = counted.len() + in_flight;
        if own + self.others(now) < self.limit {
            return Ok(());
        }
        // With figures that are void one request at a time fetches new ones.
        let alone = in_flight == 0 && own < self.limit;
        if alone && now >= self.void_at {
            return Ok(());
        }
        let frees = counted.next().map(|from| from + self.length);
        let eases = if own < self.limit { self.next_easing(now) } else { None };
        let void = Some(self.void_at).filter(|_| alone);
        Err([frees, eases, void].into_iter().flatten().min())
    }

    /// How long a caller waits that `ahead` others come before.
    pub(super) fn expect(&self, now: Duration, ahead: usize, in_flight: usize) -> Duration {
        let capacity = self.limit.saturating_sub(self.others(now)).max(1);
        let counted = self.counted(now);
        let own = counted.len() + in_flight;
        let Some(place) = (own + ahead).checked_sub(capacity) else { return Duration::ZERO };
        // Places become free in the order in which they were taken, again and again; those in flight are about to be.
        let (round, place) = (place / own.max(capacity), place % own.max(capacity));
        let from = counted.skip(place).next().unwrap_or(now);
        let rounds = u32::try_from(round).unwrap_or(u32::MAX).saturating_add(1);
        from.saturating_add(self.length.saturating_mul(rounds)).saturating_sub(now)
    }

    /// The service said how many requests were left when it took this one, which is among the own ones by now.
    pub(super) fn observe(&mut self, remaining: u64, around: &Around, void_at: Duration) {
        let now = around.span.ended;
        let left = usize::try_from(remaining).unwrap_or(usize::MAX);
        let gone = self.limit.saturating_sub(left);
        // Those that the service may have counted: what is more is certain to be others'.
        let most = self.counted(around.span.sent).len() + around.in_flight;
        self.others = if gone > most { (gone - most + around.later).min(gone) } else { 0 };
        (self.others_since, self.void_at) = (now, void_at);
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
        let moved = |before: u64| now + 1 < before && before + 1 < reset;
        self.rolling |= self.reset.is_some_and(moved);
        self.reset = self.reset.max(Some(reset));
    }
}
