//! What has to hold of every run, whatever went wrong in it.

use std::collections::BTreeMap;
use std::time::Duration;

use beproduct::testing::Counts;
use beproduct::{ErrorKind, Outcome};

use crate::history::{Call, End, Failure, History, Request};
use crate::plan::{LIST, Plan};
use crate::world::{State, World};
use crate::{CLIENTS, lists};

/// What rounding, and steps that are done in no time, may add to a time limit.
const ROUNDING: Duration = Duration::from_millis(20);

/// All laws that a run has broken.
pub(crate) fn broken(world: &World, plan: &Plan, counts: &Counts) -> Vec<String> {
    let mut state = world.state();
    let mut broken = std::mem::take(&mut state.history.broken);
    let state = &*state;
    limits_are_kept(world, plan, &state.history, &mut broken);
    counts_are_right(world, plan, counts, &state.history, &mut broken);
    leases_are_given_back(world, plan, counts, &state.history, &mut broken);
    for (index, call) in state.history.calls.iter().enumerate() {
        let requests: Vec<_> =
            state.history.requests.iter().filter(|request| request.call == Some(index)).collect();
        let mut breaks = |law: String| {
            let Call { operation, client, began, ended, end, .. } = call;
            let requests: Vec<_> = requests.iter().map(|request| request.brief()).collect();
            broken.push(format!(
                "{law}\n  call {index} of client {client}: {operation} from {began:?} to {ended:?}: {end:?}\n  {requests:#?}"
            ));
        };
        is_not_repeated(call, &requests, &mut breaks);
        is_in_time(plan, call, &requests, state, &mut breaks);
        says_what_it_did(call, &requests, state, &mut breaks);
        lists::is_complete(world, call, &requests, state, &mut breaks);
    }
    broken
}

impl Request {
    /// Whether it is counted: it may have left, and nobody has proved that it was not processed.
    fn is_due(&self) -> bool {
        self.counts && self.left && !self.disproved
    }

    fn brief(&self) -> String {
        let what: String = self.what.chars().take(90).collect();
        let Self { client, sent, left, arrived, applied, status, fate, ended, .. } = self;
        format!(
            "client {client}, {what}: {fate}, sent {sent:?}, left {left}, arrived {arrived:?}, applied {applied}, status {status:?}, ended {ended:?}"
        )
    }
}

/// Requests that are due, by the window of this length that they left in.
fn by_window(world: &World, history: &History, length: u64) -> BTreeMap<u64, u64> {
    let mut windows = BTreeMap::new();
    for request in history.requests.iter().filter(|request| request.is_due()) {
        let departed = request.departed.unwrap_or(request.sent);
        *windows.entry(world.time.second(departed) / length * length).or_default() += 1;
    }
    windows
}

const LENGTHS: [(&str, u64); 3] = [("day", 86_400), ("hour", 3_600), ("minute", 60)];

fn limits_are_kept(world: &World, plan: &Plan, history: &History, broken: &mut Vec<String>) {
    for ((name, length), limit) in LENGTHS.into_iter().zip(plan.limits) {
        let Some(limit) = limit else { continue };
        for (start, requests) in by_window(world, history, length) {
            if requests > limit {
                broken.push(format!("{requests} of {limit} requests were sent in the {name} from {start}"));
            }
        }
    }
}

/// To be called between two processes too, as the ledger forgets.
pub(crate) fn counts_are_right(
    world: &World,
    plan: &Plan,
    counts: &Counts,
    history: &History,
    broken: &mut Vec<String>,
) {
    let cut_short = history.cut_short || !history.crashed.is_empty();
    let exact = !cut_short && !history.ledger_failed && !history.raised;
    for ((name, length), limit) in LENGTHS.into_iter().zip(plan.limits) {
        // A lease that is good for the day counts in the hour and the minute in which it was taken, if they have no limit.
        if length < 86_400 && limit.is_none() {
            continue;
        }
        for (start, requests) in by_window(world, history, length) {
            // Windows that ended long ago are forgotten.
            let Some(units) = units(counts, name, start) else { continue };
            if units < requests || (exact && units != requests) {
                broken.push(format!(
                    "{requests} requests left in the {name} from {start}, and {units} were counted"
                ));
            }
        }
    }
}

fn units(counts: &Counts, name: &str, start: u64) -> Option<u64> {
    let mut windows = counts.windows.iter();
    let window = windows.find(|window| window.span.as_str() == name && window.start == start);
    window.map(|window| window.units).or((name == "day").then_some(0))
}

/// With a journal nothing of what ended processes have leased stays counted that they have not used.
fn leases_are_given_back(
    world: &World,
    plan: &Plan,
    counts: &Counts,
    history: &History,
    broken: &mut Vec<String>,
) {
    if !plan.journal {
        return;
    }
    if counts.leased > 0 {
        broken.push(format!("{} units of ended processes are still in leases", counts.leased));
    }
    if history.ledger_failed || history.raised || history.cut_short {
        return;
    }
    let most = in_doubt(history);
    for (start, requests) in by_window(world, history, 86_400) {
        let units = units(counts, "day", start).unwrap_or_default();
        if units > requests + most {
            broken.push(format!(
                "{requests} requests left in the day from {start}, {most} units may be for nothing, and {units} are counted"
            ));
        }
    }
}

/// Units that crashed processes may have taken, or written down as used, for requests that did not leave: those that were on
/// their way to leave, or had just been given back.
fn in_doubt(history: &History) -> u64 {
    let crashed = |client: usize| history.crashed.contains(&(client / CLIENTS));
    let kept = history.requests.iter().filter(|request| crashed(request.client) && !request.is_due()).count();
    let open = history.calls.iter().filter(|call| crashed(call.client) && call.ended.is_none());
    let at_once = |call: &Call| match call.operation {
        LIST => call.concurrency,
        "data_tables.update" => 3,
        _ => 1,
    };
    kept as u64 + open.map(at_once).sum::<u64>()
}

/// Whether the client knew that nothing came of a request when it sent the next one.
fn is_settled(request: &Request) -> bool {
    !request.left || request.disproved || matches!(request.status, Some(401 | 429))
}

const CAN_BE_REPEATED: &[&str] =
    &["style.attributes_update", "style.attributes_delete", "data_tables.reset", "data_tables.update"];

/// What is sent by a call that changes nothing.
fn reads(call: &Call) -> bool {
    call.operation == LIST || call.operation.contains("_get") || call.operation == "style.folders"
}

/// A read among the requests of a call that writes: the look after a delete.
fn is_look(request: &Request) -> bool {
    request.what.starts_with("GET") && !request.what.contains("/Delete/")
}

fn is_not_repeated(call: &Call, requests: &[&Request], breaks: &mut impl FnMut(String)) {
    if reads(call) || (call.allow_repeat && CAN_BE_REPEATED.contains(&call.operation)) {
        return;
    }
    let mut open: BTreeMap<&str, &Request> = BTreeMap::new();
    for request in requests.iter().filter(|request| !is_look(request)) {
        if let Some(before) = open.get(request.what.as_str()) {
            breaks(format!("a write was sent again that may have arrived: {}", before.brief()));
        }
        if !is_settled(request) {
            open.insert(&request.what, request);
        }
    }
}

fn is_in_time(
    plan: &Plan,
    call: &Call,
    requests: &[&Request],
    state: &State,
    breaks: &mut impl FnMut(String),
) {
    let Some(ended) = call.ended else { return };
    if let Some(pause) =
        call.pauses.iter().find(|pause| **pause > call.max_wait.as_secs_f64() * 1.1 + ROUNDING.as_secs_f64())
    {
        breaks(format!("a pause of {pause} s, and max_wait is {:?}", call.max_wait));
    }
    let lasted = ended - call.began;
    // How long it waited for another day is told by its own answer alone.
    let told = call.named && !matches!(call.end, Some(End::Dropped));
    let is_known = call.quota_wait.is_zero() || told;
    let of_one = call.turn_timeout.filter(|_| is_known).map(|turn_timeout| turn_timeout + call.timeout);
    let rows = call.arguments["rows"].as_array().map_or(0, Vec::len);
    let most = match call.operation {
        LIST => None,
        "data_tables.update" => Some(rows.div_ceil(100)),
        "style.attributes_delete" if call.quota_wait.is_zero() => Some(2),
        "style.attributes_delete" => None,
        // Its list may be asked for twice, and grow.
        "style.attributes_get_many_by_number" => Some(4),
        _ => Some(1),
    };
    if let (Some(of_one), Some(most)) = (of_one, most) {
        let most = of_one * most as u32 + call.excused + ROUNDING;
        if lasted > most {
            breaks(format!("it took {lasted:?}, and its limits allow {most:?}"));
        }
    }
    if let (Some(1), Some(first), true) = (most, requests.first(), is_known) {
        let (lasted, most) = (ended.saturating_sub(first.sent), call.timeout + call.excused + ROUNDING);
        if lasted > most {
            breaks(format!("it took {lasted:?} from its first request on, and timeout allows {most:?}"));
        }
    }
    // Nobody waits where nothing can be sent for longer than max_wait. Between two pauses, and for a backoff, a moment passes.
    let longest = call.max_wait.mul_f64(1.1) + call.quota_wait + Duration::from_secs(25);
    // What others send of a limit of the plan keeps the line in motion.
    let is_shared = plan.limits.iter().any(Option::is_some);
    for idle in state.history.idle.iter().filter(|idle| idle.client == call.client) {
        let (began, to) = (idle.from.max(call.began), idle.to.min(ended));
        let mut from = began;
        let sent = state.history.requests.iter().map(|request| request.sent);
        for moment in sent.filter(|sent| is_shared && (began..to).contains(sent)).chain([to]) {
            if moment > from + longest {
                breaks(format!("it waited from {from:?} to {moment:?}, in which nothing was sent"));
            }
            from = moment.max(from);
        }
    }
}

fn says_what_it_did(call: &Call, requests: &[&Request], state: &State, breaks: &mut impl FnMut(String)) {
    if let Some(End::Failed(Failure { kind: ErrorKind::Internal, text, .. })) = &call.end {
        breaks(format!("an internal error: {text}"));
    }
    if !call.named || call.operation == LIST || call.operation.contains("get_many") {
        return;
    }
    let own: Vec<_> = requests.iter().copied().filter(|request| reads(call) || !is_look(request)).collect();
    let applied = own.iter().any(|request| request.applied);
    let (outcome, details) = match &call.end {
        Some(End::Answered(body)) => (Outcome::Applied, Some(body)),
        Some(End::Failed(failure)) => (failure.outcome, failure.details.as_ref()),
        _ => return,
    };
    if call.operation == "data_tables.update" && details.is_some() {
        rows_say_what_was_done(&own, details.map(|details| &details["rows"]), breaks);
        return;
    }
    let rows = call.arguments["rows"].as_array().map_or(0, Vec::len);
    let is_right = match outcome {
        Outcome::NotSent => own.iter().all(|request| request.arrived.is_none()),
        Outcome::Unknown => own.iter().any(|request| request.left && !request.disproved),
        Outcome::Refused => reads(call) || rows > 1 || !applied,
        Outcome::Applied if reads(call) => true,
        Outcome::Applied if call.operation == "style.attributes_delete" => {
            let id = call.arguments["header_id"].as_str().unwrap_or_default();
            applied || state.records.styles.get(id).is_none_or(|life| life.died.is_some())
        }
        Outcome::Applied => applied,
        _ => false,
    };
    if !is_right {
        breaks(format!("its outcome is {outcome:?}, and applied: {applied}"));
    }
}

/// The rows of a request share what became of it.
fn rows_say_what_was_done(
    requests: &[&Request],
    rows: Option<&serde_json::Value>,
    breaks: &mut impl FnMut(String),
) {
    let rows = rows.and_then(|rows| rows.as_array()).map(Vec::as_slice).unwrap_or_default();
    for (number, rows) in rows.chunks(100).enumerate() {
        let first = format!("\"rowId\":\"r{}\"", number * 100);
        let own: Vec<_> = requests.iter().filter(|request| request.what.contains(&first)).collect();
        for row in rows {
            let is_right = match row["outcome"].as_str() {
                Some("not_sent") => own.iter().all(|request| request.arrived.is_none()),
                Some("applied") => own.iter().any(|request| request.applied),
                Some("unknown") => own.iter().any(|request| request.left && !request.disproved),
                Some("refused") => own.iter().any(|request| request.arrived.is_some()),
                _ => false,
            };
            if !is_right {
                breaks(format!("the outcome of the row {row}"));
                return;
            }
        }
    }
}
