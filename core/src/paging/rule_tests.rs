//! What pages mean, page by page, and what holds whatever a service does.

use proptest::prelude::*;

use super::rule::{Arrival, Next, Rule, Verdict};

fn page(ids: impl IntoIterator<Item = u64>, total: impl Into<Option<u64>>) -> Arrival {
    Arrival { rows: ids.into_iter().map(Some).collect(), total: total.into(), repeats: false }
}

fn nameless(rows: usize, total: impl Into<Option<u64>>) -> Arrival {
    Arrival { rows: vec![None; rows], total: total.into(), repeats: false }
}

fn repeated(page: Arrival) -> Arrival {
    Arrival { repeats: true, ..page }
}

fn at(number: u64, size: u64) -> Next {
    Next::Page { number, size }
}

fn count(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Deliver(rows) => rows.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_ends_by_position() {
    let mut rule = Rule::new(0, 10, 0);
    assert_eq!(count(rule.take(&page(0..10, 25))), 10);
    assert_eq!((rule.next(), rule.last()), (at(1, 10), Some(2)));
    assert_eq!(count(rule.take(&page(10..20, 25))), 10);
    assert_eq!(count(rule.take(&page(20..25, 25))), 5);
    assert_eq!((rule.next(), rule.received()), (Next::End, 25));
}

#[test]
fn a_list_that_begins_later_ends_by_position_too() {
    let mut rule = Rule::new(2, 10, 0);
    assert_eq!(count(rule.take(&page(20..25, 25))), 5);
    assert_eq!(rule.next(), Next::End);
    // A page beyond the end is none.
    let mut rule = Rule::new(7, 10, 0);
    assert_eq!(count(rule.take(&page([], 25))), 0);
    assert_eq!((rule.next(), rule.is_hollow()), (Next::End, false));
}

#[test]
fn a_total_that_was_too_high_for_a_while_leaves_no_gap() {
    let mut rule = Rule::new(0, 5, 0);
    rule.take(&page(0..5, 7));
    assert_eq!(rule.take(&page(5..7, 24)), Verdict::Again);
    assert_eq!(count(rule.take(&page(5..7, 24))), 2);
    // Page 2: the total falls, and the list is read again.
    assert_eq!(count(rule.take(&page([], 7))), 0);
    assert_eq!(rule.next(), at(0, 5));
    rule.take(&page(0..5, 7));
    assert_eq!(count(rule.take(&page(5..7, 7))), 0);
    assert_eq!((rule.next(), rule.received()), (Next::End, 7));
}

#[test]
fn a_list_that_ends_earlier_than_it_was_read_has_no_gap_behind() {
    let mut rule = Rule::new(0, 5, 0);
    rule.take(&page(0..5, 7));
    rule.take(&page(5..7, 24));
    rule.take(&page(5..7, 24));
    rule.take(&page([], 7));
    // All rows in one page.
    assert_eq!(count(rule.take(&page(0..7, 7))), 0);
    assert_eq!(rule.next(), Next::End);
}

#[test]
fn a_first_page_beyond_its_total_may_be_capped() {
    let mut rule = Rule::new(0, 200, 0);
    assert_eq!(count(rule.take(&page(0..5, 4))), 5);
    assert_eq!(rule.next(), at(1, 5));
    assert_eq!(count(rule.take(&page(5..7, 7))), 2);
    assert_eq!(rule.next(), Next::End);
}

#[test]
fn a_page_that_was_read_before_is_no_end_without_a_total() {
    let mut rule = Rule::new(0, 1, 0);
    rule.take(&page([0], 7));
    // This total is false, and the list goes back.
    rule.take(&page([1], 1));
    assert_eq!(rule.next(), at(0, 1));
    rule.take(&page([0], None));
    assert_eq!(rule.next(), at(1, 1));
}

#[test]
fn a_total_that_falls_takes_the_list_back() {
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..10, 50));
    rule.take(&page(10..20, 50));
    // The first 15 are deleted: what was at 20 is at 5 now.
    assert_eq!(count(rule.take(&page(35..45, 35))), 10);
    assert_eq!(rule.next(), at(0, 10));
    assert_eq!(count(rule.take(&page(15..25, 35))), 5);
    assert_eq!(count(rule.take(&page(25..35, 35))), 10);
    assert_eq!(count(rule.take(&page(35..45, 35))), 0);
    assert_eq!(count(rule.take(&page(45..50, 35))), 5);
    assert_eq!((rule.next(), rule.received()), (Next::End, 50));
}

#[test]
fn a_fall_on_an_empty_page_takes_it_back_too() {
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..10, 12));
    assert_eq!(count(rule.take(&page([], 9))), 0);
    assert_eq!(rule.next(), at(0, 10));
    assert_eq!(count(rule.take(&page(3..12, 9))), 2);
    assert_eq!(rule.next(), Next::End);
}

#[test]
fn known_rows_are_no_end_of_a_list_that_grew() {
    let mut rule = Rule::new(0, 10, 0);
    (0..3).for_each(|number| drop(rule.take(&page(number * 10..number * 10 + 10, 50))));
    // 20 rows are put in front: two pages of known rows follow, the second with the total of the first.
    assert_eq!(count(rule.take(&page(10..20, 70))), 0);
    assert_eq!(count(rule.take(&page(20..30, 70))), 0);
    assert_eq!(count(rule.take(&page(30..40, 70))), 10);
    assert_eq!(count(rule.take(&page(40..50, 70))), 10);
    assert_eq!((rule.next(), rule.received()), (Next::End, 50));
}

#[test]
fn rows_that_are_put_in_front_again_and_again_are_no_end() {
    let mut rule = Rule::new(0, 1, 0);
    rule.take(&page([0], 5));
    // Before each page another one.
    for total in 6..9 {
        assert_eq!(count(rule.take(&page([0], total))), 0);
    }
    assert_eq!(count(rule.take(&page([1], 8))), 1);
}

#[test]
fn an_early_end_is_asked_for_once_more() {
    for early in [page([], 30), page([], None), page(0..10, 30)] {
        let mut rule = Rule::new(0, 10, 0);
        rule.take(&page(0..10, 30));
        assert_eq!(rule.take(&early), Verdict::Again, "{early:?}");
        assert_eq!(rule.next(), at(1, 10));
        assert_eq!(rule.take(&early), Verdict::Incomplete);
        // It can be asked for again, and the list goes on.
        assert_eq!(rule.take(&early), Verdict::Again);
        assert_eq!(count(rule.take(&page(10..20, 30))), 10);
        assert_eq!(count(rule.take(&page(20..30, 30))), 10);
        assert_eq!(rule.next(), Next::End);
    }
}

#[test]
fn a_last_page_of_known_rows_is_an_early_end() {
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..10, 20));
    assert_eq!(rule.take(&page(0..10, 20)), Verdict::Again);
    assert_eq!(rule.take(&page(0..10, 20)), Verdict::Incomplete);
    // Not where the list grew: 10 were put in front of 12, and the last 2 were deleted.
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..10, 12));
    assert_eq!(count(rule.take(&page(0..10, 20))), 0);
    assert_eq!(rule.next(), Next::End);
}

#[test]
fn a_short_page_is_asked_for_once_more_and_the_list_goes_on() {
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..10, 40));
    assert_eq!(rule.take(&page(10..17, 40)), Verdict::Again);
    assert_eq!(count(rule.take(&page(10..17, 40))), 7);
    // That rows are missing is known now: no other page is asked for twice.
    assert_eq!(count(rule.take(&page(20..29, 40))), 9);
    assert_eq!(count(rule.take(&page(30..40, 40))), 10);
    assert_eq!((rule.next(), rule.received()), (Next::Incomplete, 36));

    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..10, 20));
    assert_eq!(rule.take(&page(10..19, 20)), Verdict::Again);
    assert_eq!(count(rule.take(&page(10..19, 20))), 9);
    assert_eq!(rule.next(), Next::Incomplete);
}

#[test]
fn a_total_with_nothing_on_the_first_page() {
    let mut rule = Rule::new(0, 10, 0);
    assert_eq!(rule.take(&page([], 412)), Verdict::Again);
    assert_eq!(count(rule.take(&page([], 412))), 0);
    assert_eq!((rule.next(), rule.is_hollow()), (Next::End, true));

    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page([], 12));
    assert_eq!(count(rule.take(&page(0..10, 12))), 10);
    assert_eq!(rule.next(), at(1, 10));
}

#[test]
fn nothing_on_the_first_page_of_a_list_that_begins_later_is_an_early_end() {
    let mut rule = Rule::new(1, 10, 0);
    assert_eq!(rule.take(&page([], 412)), Verdict::Again);
    assert_eq!(rule.take(&page([], 412)), Verdict::Incomplete);
}

#[test]
fn a_first_page_says_which_size_the_service_uses() {
    let mut rule = Rule::new(0, 200, 0);
    rule.take(&page(0..20, 60));
    assert_eq!((rule.next(), rule.last()), (at(1, 20), Some(2)));
    // More than was asked for.
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..30, 60));
    assert_eq!(rule.next(), at(1, 30));
    rule.take(&page(30..60, 60));
    assert_eq!(rule.next(), Next::End);
    let mut rule = Rule::new(0, 10, 0);
    rule.take(&page(0..17, None));
    assert_eq!(rule.next(), at(1, 17));
}

#[test]
fn a_short_first_page_without_total_may_be_a_cap() {
    let mut rule = Rule::new(0, 200, 0);
    assert_eq!(count(rule.take(&page(0..35, None))), 35);
    assert_eq!(rule.next(), at(1, 35));
    let mut other = rule.clone();
    assert_eq!(count(rule.take(&page([], None))), 0);
    assert_eq!(rule.next(), Next::End);
    assert_eq!(count(other.take(&page(35..70, None))), 35);
    assert_eq!(other.next(), at(2, 35));
    // No multiple of five, and shorter than one that came before.
    for (rows, largest) in [(36, 0), (35, 36)] {
        let mut rule = Rule::new(0, 200, largest);
        rule.take(&page(0..rows, None));
        assert_eq!(rule.next(), Next::End, "{rows} {largest}");
    }
}

#[test]
fn rows_without_identity_are_never_repeats() {
    let mut rule = Rule::new(0, 2, 0);
    assert_eq!(count(rule.take(&nameless(2, 3))), 2);
    assert_eq!(count(rule.take(&repeated(nameless(1, 3)))), 1);
    assert_eq!((rule.next(), rule.received()), (Next::End, 3));
}

#[test]
fn one_page_of_rows_without_identity_for_ever_is_an_early_end() {
    let mut rule = Rule::new(0, 2, 0);
    rule.take(&nameless(2, u64::MAX));
    assert_eq!(count(rule.take(&repeated(nameless(2, u64::MAX)))), 2);
    assert_eq!(count(rule.take(&repeated(nameless(2, u64::MAX)))), 2);
    assert_eq!(rule.take(&repeated(nameless(2, u64::MAX))), Verdict::Again);
    assert_eq!(rule.take(&repeated(nameless(2, u64::MAX))), Verdict::Incomplete);
}

#[test]
fn a_total_that_falls_cannot_be_followed_without_identities() {
    let mut rule = Rule::new(0, 2, 0);
    rule.take(&nameless(2, 6));
    assert_eq!(count(rule.take(&nameless(2, 5))), 2);
    assert_eq!(count(rule.take(&nameless(1, 5))), 1);
    assert_eq!(rule.next(), Next::Incomplete);
}

#[test]
fn a_page_that_comes_three_times_ends_a_list_without_total() {
    for first in [page(0..2, None), nameless(2, None)] {
        let mut rule = Rule::new(0, 2, 0);
        assert_eq!(count(rule.take(&first)), 2);
        assert_eq!(count(rule.take(&repeated(first.clone()))), 0);
        assert_eq!(rule.next(), at(2, 2));
        let mut added = rule.clone();
        assert_eq!(count(rule.take(&repeated(first))), 0);
        assert_eq!(rule.next(), Next::End);
        // As many rows as a page holds were added in front.
        assert_eq!(count(added.take(&page(7..8, None))), 1);
        assert_eq!(added.next(), Next::End);
    }
}

#[test]
fn a_page_that_was_read_before_is_no_end() {
    let mut rule = Rule::new(0, 2, 0);
    rule.take(&page(0..2, 10));
    rule.take(&page(2..4, 8));
    assert_eq!(rule.next(), at(0, 2));
    // Its rows are known, and beyond its total, as others are that came.
    assert_eq!(count(rule.take(&page(0..2, 1))), 0);
    assert_eq!(rule.next(), at(1, 2));
}

#[test]
fn a_full_page_beyond_the_total_disproves_it() {
    let mut rule = Rule::new(0, 10, 0);
    assert_eq!(count(rule.take(&page(0..10, 2))), 10);
    assert_eq!(rule.next(), at(1, 10));
    assert_eq!(count(rule.take(&page(10..14, 2))), 4);
    assert_eq!(rule.next(), Next::End);
}

/// What a service does between two requests.
#[derive(Debug, Clone)]
enum Change {
    Insert(prop::sample::Index, u64),
    Delete(prop::sample::Index, u64),
}

fn change() -> impl Strategy<Value = Change> {
    (any::<prop::sample::Index>(), 1..30_u64, any::<bool>()).prop_map(|(place, count, inserts)| {
        if inserts { Change::Insert(place, count) } else { Change::Delete(place, count) }
    })
}

fn apply(list: &mut Vec<u64>, born: &mut u64, change: &Change) {
    match change {
        Change::Insert(place, count) => {
            let place = place.index(list.len() + 1);
            let fresh: Vec<_> = (*born..*born + count).collect();
            *born += count;
            list.splice(place..place, fresh);
        }
        Change::Delete(place, count) if !list.is_empty() => {
            let place = place.index(list.len());
            let end = list.len().min(place + *count as usize);
            list.drain(place..end);
        }
        Change::Delete(..) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_record_that_exists_all_the_while_is_delivered_once(
        length in 0..150_u64,
        size in 1..40_u64,
        cap in prop_oneof![Just(u64::MAX), 1..40_u64],
        // At most one change between two requests: two that cancel out cannot be seen.
        changes in prop::collection::vec(prop::option::weighted(0.4, change()), 0..10),
    ) {
        let mut list: Vec<u64> = (0..length).collect();
        let mut born = length;
        let mut lasting: Vec<u64> = list.clone();
        let mut delivered = Vec::new();
        let mut rule = Rule::new(0, size, 0);
        let mut requests = 0;
        while let Next::Page { number, size } = rule.next() {
            requests += 1;
            prop_assert!(requests < 2000, "no end");
            let really = size.min(cap) as usize;
            let start = (number as usize * really).min(list.len());
            let rows: Vec<u64> = list[start..(start + really).min(list.len())].to_vec();
            match rule.take(&page(rows.clone(), list.len() as u64)) {
                Verdict::Deliver(kept) => delivered.extend(kept.into_iter().map(|index| rows[index])),
                Verdict::Again => {}
                Verdict::Incomplete => rule.accept(),
            }
            if let Some(Some(change)) = changes.get(requests - 1) {
                apply(&mut list, &mut born, change);
                lasting.retain(|record| list.contains(record));
            }
        }
        let mut sorted = delivered.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(sorted.len(), delivered.len(), "delivered twice");
        prop_assert_eq!(rule.next(), Next::End);
        let lost: Vec<_> = lasting.iter().filter(|record| sorted.binary_search(record).is_err()).collect();
        prop_assert!(lost.is_empty(), "lost {:?}", lost);
    }

    #[test]
    fn every_list_ends(
        size in 1..20_u64,
        first in 0..3_u64,
        script in prop::collection::vec(
            (0..30_usize, prop::option::of(0..200_u64), 0..60_u64, any::<bool>()), 1..8,
        ),
    ) {
        // A service that goes through nonsense for ever: pages of any length, of any rows, with any total.
        let mut rule = Rule::new(first, size, 0);
        let mut received = 0;
        for (rows, total, from, names) in script.iter().cycle().take(3000) {
            if !matches!(rule.next(), Next::Page { .. }) {
                break;
            }
            let arrival = if *names { page(*from..*from + *rows as u64, *total) } else { nameless(*rows, *total) };
            match rule.take(&arrival) {
                Verdict::Deliver(kept) => received += kept.len() as u64,
                Verdict::Again => {}
                Verdict::Incomplete => rule.accept(),
            }
            prop_assert_eq!(rule.received(), received);
        }
        // Full pages of rows without identity may be a list without end.
        let endless = script.iter().any(|(rows, _, _, names)| !names && *rows > 0);
        prop_assert!(endless || !matches!(rule.next(), Next::Page { .. }), "{:?}", rule.next());
    }
}
