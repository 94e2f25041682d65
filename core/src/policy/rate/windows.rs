//! All limits of the service that are known, and own requests as far back as another may turn up.

use std::collections::VecDeque;
use std::time::Duration;

use super::window::{Around, Span, Window};
use crate::own::RateFigures;
use crate::rate_news::RateNews;

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// No window is longer: what goes beyond is a figure in another unit.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Own requests that are kept for a limit that is not known yet.
const KEPT: usize = 4096;

/// The time until a reset is told in whole seconds, by a clock that may be off by one; of a short window no more than it.
const ROUNDING: Duration = Duration::from_secs(2);

/// Lengths that a window is concluded to have. Another one shows in the time between two resets.
const USUAL: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(10), MINUTE, HOUR];

/// A limit that is larger is as good as none.
const LARGEST: u64 = 1_000_000;

/// The limits, and what counts against them.
#[derive(Debug, Default)]
pub(super) struct Windows {
    past: VecDeque<Span>,
    known: Vec<Window>,
}

/// What callers that wait have to hear of.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Learnt {
    /// No request before this time from now.
    pub(super) pause: Option<Duration>,
    /// Whether one request has to try first when the pause is over, as the service asked for a longer one.
    pub(super) probe: bool,
    /// A limit that was not known.
    pub(super) limit: bool,
}

impl Learnt {
    pub(super) fn add(&mut self, more: Self) {
        self.limit |= more.limit;
        self.probe |= more.probe;
        self.pause = self.pause.max(more.pause);
    }
}

/// Which window figures belong to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// One of this length.
    Length(Duration),
    /// To be concluded from the time until its reset.
    Inferred,
}

impl Windows {
    /// Lets a request through, or says when to ask again.
    pub(super) fn pass(&mut self, now: Duration, in_flight: usize) -> Result<(), Option<Duration>> {
        // A limit that the service has not spoken of for a day may have changed.
        self.known.retain(|window| now < window.confirmed + DAY);
        let mut refused = None;
        for window in &mut self.known {
            window.forget(now);
            if let Err(until) = window.pass(now, in_flight) {
                refused = Some(refused.map_or(until, |other: Option<Duration>| other.zip(until).map(latest)));
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// When a caller can go that `ahead` others come before, and the limit that holds it up longest.
    pub(super) fn expect(
        &self,
        now: Duration,
        ahead: usize,
        in_flight: usize,
    ) -> Option<(Duration, &Window)> {
        let times = self.known.iter().map(|window| (window.expect(now, ahead, in_flight), window));
        times.max_by_key(|(at, _)| *at).filter(|(at, _)| *at > now)
    }

    /// Counts an own request.
    pub(super) fn add(&mut self, span: Span) {
        self.known.iter_mut().for_each(|window| window.add(span));
        self.past.push_back(span);
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
    }

    /// What the service said with an answer.
    pub(super) fn learn(&mut self, news: &RateNews, around: &Around) -> Learnt {
        let mut learnt = Learnt::default();
        let now = around.span.ended;
        if let Some(refusal) = &news.refusal {
            if let (Some(limit), Some(length)) = (refusal.limit, refusal.window) {
                learnt.limit = self.set(limit, length, now);
            }
            learnt.pause = refusal.pause().filter(|pause| *pause <= DAY);
            learnt.probe = refusal.is_cut();
            let until = now.saturating_add(learnt.pause.unwrap_or_default());
            // Without a name it is that of the only limit, if there is but one.
            let only = self.known.len() == 1 && refusal.window.is_none();
            let named = |window: &&mut Window| only || Some(window.length) == refusal.window;
            self.known.iter_mut().filter(named).for_each(|window| window.refused(around, until));
        }
        if let Some(figures) = &news.figures {
            learnt.add(self.figures(figures, Which::Inferred, news.time, around));
        }
        learnt
    }

    /// Figures of one window; `time` is when they were told, Unix seconds.
    pub(super) fn figures(
        &mut self,
        figures: &RateFigures,
        which: Which,
        time: u64,
        around: &Around,
    ) -> Learnt {
        let Some(figures) = sensible(figures) else { return Learnt::default() };
        let now = around.span.ended;
        let left = figures.reset.and_then(|reset| reset.checked_sub(time)).map(Duration::from_secs);
        let left = left.filter(|left| *left <= DAY);
        let length = match which {
            Which::Length(length) => Some(length),
            Which::Inferred => {
                self.correct(&figures, time, around);
                figures.limit.zip(left).and_then(|(limit, left)| self.infer(limit, left))
            }
        };
        let mut learnt = Learnt::default();
        let rolling = match (figures.limit, length) {
            (Some(limit), Some(length)) => {
                let inferred = matches!(which, Which::Inferred) && self.find(length).is_none();
                learnt.limit = self.set(limit, length, now);
                self.find(length).is_some_and(|window| {
                    window.inferred |= inferred;
                    if let Some(reset) = figures.reset.filter(|_| left.is_some()) {
                        window.observe_reset(reset, time);
                    }
                    if let Some(remaining) = figures.remaining {
                        window.observe(remaining, around, now + left.unwrap_or(length));
                    }
                    window.rolling
                })
            }
            _ => false,
        };
        // Where the end moves on with every request, it is not the time at which the next may go.
        if figures.remaining == Some(0) && !rolling {
            learnt.pause = left.filter(|left| !left.is_zero());
        }
        learnt
    }

    /// Length of the window with this limit that ends so soon: the shortest that fits what was seen of it.
    fn infer(&mut self, limit: u64, left: Duration) -> Option<Duration> {
        let fits = |length: &Duration| left <= *length + ROUNDING.min(*length);
        let mut known = self.known.iter().filter(|window| window.limit as u64 == limit);
        if let Some(window) = known.find(|window| fits(&window.length)) {
            return Some(window.length);
        }
        // What was concluded before was wrong.
        self.known.retain(|window| !window.inferred || window.limit as u64 != limit);
        let length = USUAL.into_iter().find(fits)?;
        // A longer window near its end looks like this one, whose limit the service has told.
        self.known.iter().all(|window| window.length != length || window.inferred).then_some(length)
    }

    /// Shortens the window that these figures are of, where they prove that it is shorter than was concluded.
    fn correct(&mut self, figures: &RateFigures, time: u64, around: &Around) {
        let (Some(limit), Some(remaining), Some(reset)) = (figures.limit, figures.remaining, figures.reset)
        else {
            return;
        };
        let is_it = |window: &&Window| window.inferred && window.limit as u64 == limit;
        let window = self.known.iter().find(is_it);
        let Some(length) = window.and_then(|window| window.shorter(remaining, reset, time, around)) else {
            return;
        };
        self.known.retain(|window| !is_it(&window));
        if self.find(length).is_none() {
            let mut window = Window::new(length, limit as usize, around.span.ended, &self.past);
            window.inferred = true;
            self.known.push(window);
        }
    }

    fn find(&mut self, length: Duration) -> Option<&mut Window> {
        self.known.iter_mut().find(|window| window.length == length)
    }

    /// Whether that lets fewer through than what was known.
    fn set(&mut self, limit: u64, length: Duration, now: Duration) -> bool {
        if !(1..=LARGEST).contains(&limit) {
            return false;
        }
        let limit = limit as usize;
        if let Some(window) = self.find(length) {
            let less = limit < window.limit;
            (window.limit, window.confirmed) = (limit, now);
            return less;
        }
        self.known.push(Window::new(length, limit, now, &self.past));
        true
    }
}

/// Figures that may be true: those of a limit of nothing, or of more than anybody sends, and more left than there are, are
/// not.
fn sensible(figures: &RateFigures) -> Option<RateFigures> {
    let limit = figures.limit.unwrap_or(LARGEST);
    let remaining = figures.remaining.filter(|remaining| *remaining <= limit);
    (1..=LARGEST).contains(&limit).then_some(RateFigures { remaining, ..*figures })
}

fn latest((one, other): (Duration, Duration)) -> Duration {
    one.max(other)
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
