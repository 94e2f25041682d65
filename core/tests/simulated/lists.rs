//! Lists are complete, or say that they are not; lookups find what is there.

use std::collections::{BTreeMap, BTreeSet};

use beproduct::ErrorKind;
use serde_json::Value;

use crate::history::{Call, End, Request};
use crate::plan::LIST;
use crate::weather::Moving;
use crate::world::{State, World};

/// A total that falls so often at one page is taken for one that does not settle.
const RETREATS: usize = 10;

pub(crate) fn is_complete(
    world: &World,
    call: &Call,
    requests: &[&Request],
    state: &State,
    breaks: &mut impl FnMut(String),
) {
    match &call.end {
        Some(End::Listed(records)) if call.operation == LIST => {
            has_no_doubles(records, breaks);
            is_in_order(world, records, state, breaks);
            let listed: BTreeSet<_> = records.iter().collect();
            let lives = state.records.material_lives.iter();
            let missing: Vec<_> = lives
                .filter(|(id, life)| life.spans(call.sequence) && !listed.contains(id))
                .map(|(id, _)| id.as_str())
                .collect();
            let is_hollow = records.is_empty() && was_hollow(requests);
            if !missing.is_empty() && !is_hollow {
                breaks(format!("records that were there all the while were not listed: {missing:?}"));
            }
        }
        Some(End::Failed(failure)) if call.operation == LIST => {
            has_no_doubles(&failure.listed, breaks);
            is_in_order(world, &failure.listed, state, breaks);
            if failure.kind != ErrorKind::Incomplete {
                return;
            }
            let figure = |name: &str| failure.details.as_ref().and_then(|details| details[name].as_u64());
            let received = failure.listed.len() as u64;
            let has_all = figure("total").is_none_or(|total| total <= received);
            // Where no rows move, that is said of a total alone that does not settle.
            let changed = failure.text.contains("the list changed while it was read")
                && (world.weather.moving != Moving::Still || most_often(requests) >= RETREATS);
            if figure("received") != Some(received) || has_all != changed {
                breaks(format!("{received} records came, and the error says {:?}", failure.details));
            }
        }
        Some(End::Answered(body)) if call.operation.ends_with("get_many_by_number") => {
            finds_what_is_there(call, body, state, breaks);
        }
        _ => {}
    }
}

/// Whether the first page came without rows, and again when it was asked for once more: that is known to occur, and no error.
fn was_hollow(requests: &[&Request]) -> bool {
    let pages: Vec<_> =
        requests.iter().filter(|request| request.read).filter_map(|request| request.first_page).collect();
    pages.ends_with(&[0, 0])
}

/// How often the page was read that was read most often.
fn most_often(requests: &[&Request]) -> usize {
    let mut pages = BTreeMap::new();
    for request in requests.iter().filter(|request| request.read) {
        *pages.entry(&request.what).or_insert(0) += 1;
    }
    pages.into_values().max().unwrap_or_default()
}

fn has_no_doubles(records: &[String], breaks: &mut impl FnMut(String)) {
    let mut seen = BTreeSet::new();
    if let Some(double) = records.iter().find(|id| !seen.insert(*id)) {
        breaks(format!("{double} was listed twice"));
    }
}

/// Rows that move change places with those of other pages, which are on their way at the same time or were read before.
fn is_in_order(world: &World, records: &[String], state: &State, breaks: &mut impl FnMut(String)) {
    if world.weather.moving != Moving::Still {
        return;
    }
    let place = |id: &String| state.records.materials.iter().position(|other| other == id);
    let places: Vec<_> = records.iter().map(place).collect();
    if !places.is_sorted() {
        breaks("records were not listed in their order".into());
    }
}

fn finds_what_is_there(call: &Call, body: &Value, state: &State, breaks: &mut impl FnMut(String)) {
    let asked: BTreeSet<_> = texts(&call.arguments["numbers"]).collect();
    let found: BTreeSet<_> = body["found"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["headerNumber"].as_str())
        .collect();
    let missing: BTreeSet<_> = texts(&body["missing"]).collect();
    let ambiguous = body["ambiguous"].as_array().is_some_and(|ambiguous| !ambiguous.is_empty());
    if ambiguous || !found.is_disjoint(&missing) || asked != found.union(&missing).copied().collect() {
        breaks(format!("{asked:?} were asked for, and the answer is {body}"));
    }
    for number in asked {
        let life = state.records.styles.get(number.trim_start_matches("N-"));
        let was_there = life.is_some_and(|life| life.spans(call.sequence));
        let may_be_there = life.is_some_and(|life| life.touches(call.sequence));
        if (was_there && !found.contains(number)) || (!may_be_there && found.contains(number)) {
            breaks(format!("{number} was found: {}", found.contains(number)));
        }
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
