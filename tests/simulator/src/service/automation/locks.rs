//! Locks by name. What the host answers is not known: here it says whether the lock was free.

use std::collections::HashMap;

use serde_json::json;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::Millis;
use crate::service::Call;
use crate::service::route::{Route, delete, get, post};

pub(super) const ROUTES: &[Route] = &[get("locks", acquire), delete("locks", release), post("locks", check)];

/// Until when each lock is taken.
pub(crate) type Locks = HashMap<String, Millis>;

/// Seconds that a lock lasts of which the request does not say so.
const LASTS: u64 = 60;

fn name<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    let name = call.parameter("name").filter(|name| !name.is_empty());
    name.ok_or_else(|| Refusal::text("name is required"))
}

/// A GET that takes a lock. It does not wait for one that is taken; the timeout says how long it lasts.
fn acquire(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = name(call)?;
    let lasts = call.whole_number("timeout", LASTS)?;
    let mut state = call.shared.state();
    let now = state.now();
    let acquired = state.locks.get(name).is_none_or(|until| *until <= now);
    if acquired {
        let lasts = Millis::try_from(lasts.saturating_mul(1000)).unwrap_or(Millis::MAX);
        state.locks.insert(name.to_owned(), now.saturating_add(lasts));
    }
    Ok(ok(&json!({"name": name, "acquired": acquired})))
}

/// One that is not taken is refused.
fn release(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = name(call)?;
    let mut state = call.shared.state();
    let now = state.now();
    match state.locks.remove(name) {
        Some(until) if until > now => Ok(message("Lock released")),
        _ => Err(Refusal::failure("Lock not found")),
    }
}

/// Neither waits nor prolongs.
fn check(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.whole_number("timeout", LASTS)?;
    let state = call.shared.state();
    let now = state.now();
    let taken = |name: &String| state.locks.get(name).is_some_and(|until| *until > now);
    let states = call.texts()?.into_iter().map(|name| json!({"name": name, "locked": taken(&name)}));
    Ok(ok(&states.collect::<Vec<_>>()))
}
