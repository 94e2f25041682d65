//! Records that are shared with partner companies.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::{Millis, stamp};
use crate::people::{User, person};
use crate::state::State;

use super::Call;
use super::directory::{self, Company};
use super::route::{Route, get, post};

pub(crate) const ROUTES: &[Route] = &[
    post("Share/Header/{id}/Share", share),
    post("Share/Header/{id}/Unshare", unshare),
    get("Share/Header/{id}/Get", shared_with),
];

pub(crate) struct Share {
    /// Of the directory.
    partner: Uuid,
    by: &'static User,
    at: Millis,
}

fn partners(ids: &[String], state: &State) -> Result<Vec<Uuid>, Refusal> {
    let partner = |id: &String| {
        let company = directory::find(&state.companies, id).map(|company| company.id);
        company.ok_or_else(|| Refusal::failure(format!("Partner [{id}] not found")))
    };
    ids.iter().map(partner).collect()
}

/// Sharing again leaves who has shared first, and when.
fn share(call: &Call<'_>) -> Result<Answer, Refusal> {
    let ids = call.texts()?;
    let state = &mut *call.shared.state();
    let partners = partners(&ids, state)?;
    let header = super::any_header_id(state, call.argument("id"))?;
    let at = state.write_time();
    let shares = state.shares.entry(header).or_default();
    for partner in partners {
        if !shares.iter().any(|share| share.partner == partner) {
            shares.push(Share { partner, by: call.user, at });
        }
    }
    Ok(message("Shared"))
}

fn unshare(call: &Call<'_>) -> Result<Answer, Refusal> {
    let ids = call.texts()?;
    let state = &mut *call.shared.state();
    let partners = partners(&ids, state)?;
    let header = super::any_header_id(state, call.argument("id"))?;
    let shares = state.shares.entry(header).or_default();
    shares.retain(|share| !partners.contains(&share.partner));
    Ok(message("Unshared"))
}

fn shared_with(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let shares = state.shares.get(&super::any_header_id(&state, call.argument("id"))?);
    let shares = shares.into_iter().flatten().map(|share| {
        let partner = state.companies.iter().find(|company| company.id == share.partner);
        json!({"partner": partner.map(Company::reference), "createdBy": person(share.by),
               "createdAt": stamp(share.at)})
    });
    Ok(ok(&shares.collect::<Vec<Value>>()))
}
