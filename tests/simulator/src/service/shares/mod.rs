//! Records and their applications that are shared with partner companies.

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
    post("Share/Page/{id}/{app_id}/Share", share),
    post("Share/Page/{id}/{app_id}/Unshare", unshare),
    get("Share/Page/{id}/{app_id}/Get", shared_with),
];

pub(crate) struct Share {
    /// The application, where it is not the record itself that is shared.
    app: Option<Uuid>,
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
    let (header, app) = super::any_place(call, state)?;
    let at = state.write_time();
    let shares = state.shares.entry(header).or_default();
    for partner in partners {
        if !shares.iter().any(|share| share.app == app && share.partner == partner) {
            shares.push(Share { app, partner, by: call.user, at });
        }
    }
    Ok(message("Shared"))
}

fn unshare(call: &Call<'_>) -> Result<Answer, Refusal> {
    let ids = call.texts()?;
    let state = &mut *call.shared.state();
    let partners = partners(&ids, state)?;
    let (header, app) = super::any_place(call, state)?;
    let shares = state.shares.entry(header).or_default();
    shares.retain(|share| share.app != app || !partners.contains(&share.partner));
    Ok(message("Unshared"))
}

fn shared_with(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let (header, app) = super::any_place(call, &state)?;
    let shares = state.shares.get(&header).into_iter().flatten().filter(|share| share.app == app);
    let shares = shares.map(|share| {
        let partner = state.companies.iter().find(|company| company.id == share.partner);
        json!({"partner": partner.map(Company::reference), "createdBy": person(share.by),
               "createdAt": stamp(share.at)})
    });
    Ok(ok(&shares.collect::<Vec<Value>>()))
}
