//! What an answer says about the limits of the service (docs/service/limits.md, Rate limits).

use std::time::Duration;

use ::http::HeaderMap;

use crate::own::RateFigures;

/// What an answer says about the limits of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateNews {
    pub(crate) figures: Option<RateFigures>,
    /// When it said so, Unix seconds of its own clock.
    pub(crate) time: u64,
    /// Of a 429.
    pub(crate) refusal: Option<Refusal>,
}

/// What a 429 says about the limit that it is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) limit: Option<u64>,
    pub(crate) window: Option<Duration>,
    pub(crate) wait: Option<Duration>,
}

impl Refusal {
    /// The wait, but no longer than the window that it is for: after that there are places again, whatever was asked for.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let wait = self.wait.filter(|wait| !wait.is_zero())?;
        Some(self.window.map_or(wait, |window| wait.min(window)))
    }

    /// Whether the pause is shorter than the service asked for.
    pub(crate) fn is_cut(&self) -> bool {
        self.pause() < self.wait.filter(|wait| !wait.is_zero())
    }
}

/// No figure is larger: what follows is not exact in every language.
const MOST: u64 = (1 << 53) - 1;

/// `X-RateLimit-*`, when any of them came. One that came twice with different values, or is absurd, is left out.
pub(crate) fn rate_figures(headers: &HeaderMap) -> Option<RateFigures> {
    let figure = |name: &str| {
        let mut all = headers.get_all(name).iter();
        let value = all.next()?;
        if all.any(|other| other != value) {
            return None;
        }
        value.to_str().ok()?.trim().parse().ok().filter(|figure| *figure <= MOST)
    };
    let figures = RateFigures {
        limit: figure("x-ratelimit-limit"),
        remaining: figure("x-ratelimit-remaining"),
        reset: figure("x-ratelimit-reset"),
    };
    (figures != RateFigures::default()).then_some(figures)
}

/// `1 minute`, `hour`, `60 seconds`. Nothing of a day or more, which is the ledger's business.
pub(crate) fn window(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let number: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
    let unit = match unit.trim() {
        unit if unit.starts_with("sec") || unit == "s" => 1,
        unit if unit.starts_with("min") || unit == "m" => 60,
        unit if unit.starts_with("hour") || unit == "h" => 3600,
        _ => return None,
    };
    let seconds = number.checked_mul(unit).filter(|seconds| (1..24 * 3600).contains(seconds))?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        for (text, seconds) in [
            ("1 minute", 60),
            ("minute", 60),
            ("60 seconds", 60),
            ("1 hour", 3600),
            ("15m", 900),
            ("second", 1),
        ] {
            assert_eq!(window(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "1 day", "24 hours", "60", "0 minutes", "99999999999999999999 hours"] {
            assert_eq!(window(text), None, "{text}");
        }
    }

    #[test]
    fn figures_that_are_no_numbers_or_contradict_each_other_are_left_out() {
        let figures = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-ratelimit-limit", value.parse().unwrap());
            }
            rate_figures(&headers).and_then(|figures| figures.limit)
        };
        for values in
            [&[][..], &[""], &["-1"], &["1.5"], &["60, 60;w=60"], &["18446744073709551616"], &["60", "61"]]
        {
            assert_eq!(figures(values), None, "{values:?}");
        }
        assert_eq!(figures(&[" 60 "]), Some(60));
        assert_eq!(figures(&["60", "60"]), Some(60));
    }

    #[test]
    fn a_pause_is_no_longer_than_its_window() {
        let refusal = |wait, window| Refusal {
            limit: None,
            window: Some(window).filter(|window| *window > 0).map(Duration::from_secs),
            wait: Some(Duration::from_secs(wait)),
        };
        for (wait, window, pause, cut) in [
            (43_200, 60, Some(60), true),
            (21, 60, Some(21), false),
            (43_200, 0, Some(43_200), false),
            (0, 60, None, false),
        ] {
            let refusal = refusal(wait, window);
            assert_eq!(refusal.pause(), pause.map(Duration::from_secs));
            assert_eq!(refusal.is_cut(), cut, "{wait} {window}");
        }
    }
}
