//! What is concluded from figures of all kinds.

use super::*;
use crate::answer::Refusal;

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
    assert_eq!(learnt, Learnt { pause: Some(MINUTE), limit: true });
    // Thirty in a minute are ten too many.
    assert_eq!(windows.pass(NOW, 0), Err(Some(NOW + Duration::from_secs(2))));
    assert!(windows.pass(NOW + Duration::from_secs(20), 0).is_err());
    assert!(windows.pass(NOW + Duration::from_secs(22), 0).is_ok());
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
    let wait = |ahead| windows.expect(NOW, ahead, 0).map_or(0, |(wait, _)| wait.as_secs());
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
fn a_limit_that_nobody_speaks_of_is_forgotten() {
    let mut windows = Windows::default();
    windows.learn(&figures(60, 59, 60), &around(0));
    assert!(windows.pass(NOW + DAY - MINUTE, 60).is_err());
    assert!(windows.pass(NOW + DAY, 60).is_ok());
}
