//! What is concluded from figures of all kinds.

use proptest::prelude::*;

use super::*;
use crate::rate_news::Refusal;

const NOW: Duration = Duration::from_secs(100_000);
const UNIX: u64 = 1_800_000_000;

/// A request that was answered just now.
fn around(in_flight: usize) -> Around {
    Around { span: Span { sent: NOW, ended: NOW }, in_flight, later: 0 }
}

fn figures(limit: u64, remaining: u64, left: u64) -> RateNews {
    let figures = RateFigures { limit: Some(limit), remaining: Some(remaining), reset: Some(UNIX + left) };
    RateNews { figures: Some(figures), time: UNIX, refusal: None }
}

fn known(windows: &Windows) -> Vec<(usize, u64)> {
    windows.known.iter().map(|window| (window.limit, window.length.as_secs())).collect()
}

/// How many requests go at a time before one is held up.
fn places(windows: &mut Windows, now: Duration) -> usize {
    (0..).find(|in_flight| windows.pass(now, *in_flight).is_err()).unwrap_or(usize::MAX)
}

#[test]
fn the_length_is_concluded_from_the_reset() {
    let mut windows = Windows::default();
    windows.learn(&figures(1000, 900, 40), &around(0));
    assert_eq!(known(&windows), [(1000, 60)]);
    windows.learn(&figures(1000, 899, 3000), &around(0));
    assert_eq!(known(&windows), [(1000, 3600)]);
    // It stays an hour towards its end.
    windows.learn(&figures(1000, 898, 10), &around(0));
    assert_eq!(known(&windows), [(1000, 3600)]);
    // A day is none of this limiter's business.
    windows.learn(&figures(1000, 897, 7200), &around(0));
    assert!(known(&windows).is_empty());
}

#[test]
fn a_limit_that_was_told_by_name_is_not_overwritten_by_a_guess() {
    let mut windows = Windows::default();
    let refusal = Refusal { limit: Some(60), window: Some(MINUTE), wait: None };
    windows.learn(&RateNews { refusal: Some(refusal), ..RateNews::default() }, &around(0));
    windows.learn(&figures(1000, 900, 40), &around(0));
    assert_eq!(known(&windows), [(60, 60)]);
    windows.learn(&figures(1000, 900, 400), &around(0));
    assert_eq!(known(&windows), [(60, 60), (1000, 3600)]);
}

#[test]
fn a_refusal_is_that_of_the_limit_that_it_names() {
    let mut windows = Windows::default();
    windows.learn(&figures(1000, 1000, 3000), &around(0));
    let refusal = Refusal { limit: Some(60), window: Some(MINUTE), wait: Some(MINUTE) };
    windows.learn(&RateNews { refusal: Some(refusal), ..RateNews::default() }, &around(0));
    let [hour, minute] = &windows.known[..] else { panic!("{windows:?}") };
    assert!(hour.pass(NOW, 0).is_ok() && minute.pass(NOW, 0).is_err());
}

#[test]
fn others_take_their_part_until_figures_tell_of_them_no_longer() {
    let mut windows = Windows::default();
    windows.add(around(0).span);
    windows.learn(&figures(60, 39, 60), &around(0));
    // One own request and twenty of others.
    assert_eq!(places(&mut windows, NOW), 39);
    windows.learn(&figures(60, 59, 60), &around(0));
    assert_eq!(places(&mut windows, NOW), 39);
    let later = |seconds: u64| NOW + Duration::from_secs(seconds);
    for seconds in [50, 70, 130] {
        let span = Span { sent: later(seconds), ended: later(seconds) };
        windows.learn(&figures(60, 60, 60), &Around { span, in_flight: 0, later: 0 });
    }
    assert_eq!(places(&mut windows, later(130)), 60);
}

#[test]
fn without_figures_others_are_taken_for_gone_step_by_step() {
    let mut windows = Windows::default();
    windows.learn(&figures(60, 30, 60), &around(0));
    let places: Vec<_> = (0..8).map(|minute| places(&mut windows, NOW + minute * MINUTE)).collect();
    assert_eq!(places, [30, 31, 33, 37, 45, 60, 60, 60]);
}

#[test]
fn what_was_sent_before_a_limit_is_known_counts() {
    let mut windows = Windows::default();
    for seconds in 0..30 {
        let at = NOW - Duration::from_secs(2 * seconds);
        windows.add(Span { sent: at, ended: at });
    }
    let refusal = Refusal { limit: Some(20), window: Some(MINUTE), wait: Some(MINUTE) };
    let learnt = windows.learn(&RateNews { refusal: Some(refusal), ..RateNews::default() }, &around(0));
    assert_eq!(learnt, Learnt { pause: Some(MINUTE), probe: false, limit: true });
    // Thirty in a minute are ten too many.
    assert_eq!(windows.pass(NOW, 0), Err(Some(NOW + Duration::from_secs(22))));
}

#[test]
fn slow_answers_free_their_place_soon_enough() {
    let mut windows = Windows::default();
    windows.learn(&figures(1, 1, 60), &around(0));
    windows.add(Span { sent: NOW, ended: NOW + Duration::from_secs(1) });
    assert_eq!(windows.pass(NOW, 0), Err(Some(NOW + Duration::from_secs(61))));
    let mut windows = Windows::default();
    windows.learn(&figures(1, 1, 60), &around(0));
    windows.add(Span { sent: NOW, ended: NOW + Duration::from_secs(30) });
    assert_eq!(windows.pass(NOW, 0), Err(Some(NOW + Duration::from_millis(62_500))));
}

#[test]
fn the_wait_of_a_place_in_the_line() {
    let mut windows = Windows::default();
    windows.learn(&figures(3, 3, 60), &around(0));
    for seconds in [10, 20] {
        let at = NOW - Duration::from_secs(seconds);
        windows.add(Span { sent: at, ended: at });
    }
    let wait = |ahead| windows.expect(NOW, ahead, 0).map_or(0, |(at, _)| (at - NOW).as_secs());
    assert_eq!([0, 1, 2, 3, 4, 5, 6].map(wait), [0, 40, 50, 60, 100, 110, 120]);
}

#[test]
fn a_reset_that_moves_on_is_no_pause() {
    let mut windows = Windows::default();
    assert_eq!(windows.learn(&figures(60, 0, 30), &around(0)).pause, Some(Duration::from_secs(30)));
    let mut later = figures(60, 0, 40);
    later.time += 10;
    assert_eq!(windows.learn(&later, &around(0)).pause, None);
}

#[test]
fn a_reset_that_comes_a_second_early_does_not_move() {
    // The reset and the time of the answer come in whole seconds.
    let mut windows = Windows::default();
    windows.learn(&figures(60, 59, 30), &around(0));
    let mut next = figures(60, 0, 89);
    next.time += 29;
    assert_eq!(windows.learn(&next, &around(0)).pause, Some(MINUTE));
}

#[test]
fn a_limit_that_nobody_speaks_of_is_forgotten() {
    let mut windows = Windows::default();
    windows.learn(&figures(60, 59, 60), &around(0));
    assert!(windows.pass(NOW + DAY - MINUTE, 60).is_err());
    assert!(windows.pass(NOW + DAY, 60).is_ok());
}

/// An answer after so many seconds, to a request that was sent just before.
fn at(seconds: u64) -> Around {
    let now = NOW + Duration::from_secs(seconds);
    Around { span: Span { sent: now, ended: now }, in_flight: 0, later: 0 }
}

/// What an answer says after so many seconds, its own request among the ones that are counted.
fn told(windows: &mut Windows, seconds: u64, limit: u64, remaining: u64, reset: u64) {
    windows.add(at(seconds).span);
    let mut news = figures(limit, remaining, reset);
    news.time = UNIX + seconds;
    windows.learn(&news, &at(seconds));
}

#[test]
fn the_length_is_concluded_down_to_a_second() {
    for (left, length) in [(1, 1), (2, 1), (3, 10), (11, 10), (30, 60), (62, 60), (63, 3600)] {
        let mut windows = Windows::default();
        told(&mut windows, 0, 2, 1, left);
        assert_eq!(known(&windows), [(2, length)], "{left}");
    }
}

#[test]
fn a_length_that_was_concluded_too_short_grows() {
    let mut windows = Windows::default();
    told(&mut windows, 0, 100, 40, 1);
    assert_eq!(known(&windows), [(100, 1)]);
    told(&mut windows, 2, 100, 99, 61);
    assert_eq!(known(&windows), [(100, 60)]);
}

#[test]
fn a_length_that_was_concluded_too_long_shrinks() {
    // Fifteen seconds, of which fourteen were left.
    let mut windows = Windows::default();
    told(&mut windows, 0, 100, 99, 14);
    told(&mut windows, 5, 100, 98, 14);
    assert_eq!(known(&windows), [(100, 60)]);
    told(&mut windows, 16, 100, 99, 29);
    assert_eq!(known(&windows), [(100, 15)]);
    // One request before is enough: by a minute both would count.
    let mut windows = Windows::default();
    told(&mut windows, 0, 100, 99, 14);
    told(&mut windows, 16, 100, 99, 29);
    assert_eq!(known(&windows), [(100, 15)]);
}

#[test]
fn places_that_become_free_one_by_one_do_not_make_the_window_shorter() {
    // A service that looks back for a minute, asked once in ten seconds: its reset is when the oldest request is gone.
    let mut windows = Windows::default();
    for number in 0..60 {
        let now = number * 10;
        let counted = (number + 1).min(6);
        told(&mut windows, now, 100, 100 - counted, now + 60 - (counted - 1) * 10);
        assert_eq!(known(&windows), [(100, 60)], "{number}");
    }
}

#[test]
fn figures_that_cannot_be_true_are_ignored() {
    for (limit, remaining, reset) in
        [(0, 0, 30), (u64::MAX, 0, 30), (u64::MAX, u64::MAX, u64::MAX - UNIX), (1 << 40, 5, 30)]
    {
        let mut windows = Windows::default();
        let learnt = windows.learn(&figures(limit, remaining, reset), &around(0));
        assert_eq!(learnt, Learnt::default(), "{limit} {remaining} {reset}");
        assert!(known(&windows).is_empty() && windows.pass(NOW, 1 << 40).is_ok());
    }
    let mut windows = Windows::default();
    // More left than there are: the limit holds, and nothing is known of others.
    windows.learn(&figures(60, 61, 30), &around(0));
    assert_eq!(places(&mut windows, NOW), 60);
    let past = RateFigures { limit: Some(60), remaining: Some(0), reset: Some(0) };
    let news = RateNews { figures: Some(past), time: UNIX, refusal: None };
    assert_eq!(windows.learn(&news, &around(0)).pause, None);
}

#[test]
fn a_pause_is_capped_by_its_window_and_ends_with_a_probe() {
    let mut windows = Windows::default();
    let hours = Some(Duration::from_secs(43_200));
    let refusal = |window| Refusal { limit: Some(60), window, wait: hours };
    let mut learn = |window| {
        let news = RateNews { refusal: Some(refusal(window)), ..RateNews::default() };
        windows.learn(&news, &around(0))
    };
    assert_eq!(learn(Some(MINUTE)), Learnt { pause: Some(MINUTE), probe: true, limit: true });
    assert_eq!(learn(None), Learnt { pause: hours, probe: false, limit: false });
}

proptest! {
    /// One function says when a request can go.
    #[test]
    fn what_is_expected_is_when_it_passes(
        limit in 1_u64..80,
        others in 0_u64..80,
        left in 0_u64..4000,
        own in prop::collection::vec((0_u64..200_000, 0_u64..20_000), 0..80),
        later in 0_u64..100_000,
    ) {
        let mut windows = Windows::default();
        let millis = Duration::from_millis;
        let mut ended: Vec<_> = own.into_iter().map(|(ago, took)| (ago, ago + took)).collect();
        ended.sort_unstable_by(|one, other| other.cmp(one));
        for (ago, sent) in ended {
            windows.add(Span { sent: NOW - millis(sent), ended: NOW - millis(ago) });
        }
        windows.learn(&figures(limit, limit.saturating_sub(others), left), &around(0));
        let now = NOW + millis(later);
        match windows.expect(now, 0, 0).map(|(at, _)| at) {
            None => prop_assert!(windows.pass(now, 0).is_ok()),
            Some(at) => {
                prop_assert_eq!(windows.pass(now, 0), Err(Some(at)));
                prop_assert!(windows.pass(at - Duration::from_nanos(1), 0).is_err());
                prop_assert!(windows.pass(at, 0).is_ok());
            }
        }
        // Who is further behind does not go sooner.
        let times: Vec<_> = (0..100).map(|ahead| windows.expect(now, ahead, 0).map_or(now, |(at, _)| at)).collect();
        prop_assert!(times.is_sorted(), "{:?}", times);
    }
}
