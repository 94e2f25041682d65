//! Lists are complete, or say that they are not; lookups find what is there.

use std::collections::BTreeSet;

use beproduct::ErrorKind;
use serde_json::Value;

use crate::history::{Call, End};
use crate::plan::LIST;
use crate::weather::Moving;
use crate::world::{State, World};

pub(crate) fn is_complete(world: &World, call: &Call, state: &State, breaks: &mut impl FnMut(String)) {
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
            if !missing.is_empty() {
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
            if figure("received") != Some(received) || figure("total").is_none_or(|total| total == received) {
                breaks(format!("{received} records came, and the error says {:?}", failure.details));
            }
        }
        Some(End::Answered(body)) if call.operation.ends_with("get_many_by_number") => {
            finds_what_is_there(call, body, state, breaks);
        }
        _ => {}
    }
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
