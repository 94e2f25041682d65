//! Records that are shared with partner companies.

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::{Millis, stamp};
use crate::people::{Partner, User, partner_by_id, person};

use super::Call;
use super::route::{Route, get, post};

pub(crate) const ROUTES: &[Route] = &[
    post("Share/Header/{id}/Share", share),
    post("Share/Header/{id}/Unshare", unshare),
    get("Share/Header/{id}/Get", shared_with),
];

pub(crate) struct Share {
    partner: &'static Partner,
    by: &'static User,
    at: Millis,
}

fn partners(call: &Call<'_>) -> Result<Vec<&'static Partner>, Refusal> {
    let ids = call.texts()?;
    ids.iter()
        .map(|id| partner_by_id(id).ok_or_else(|| Refusal::failure(format!("Partner [{id}] not found"))))
        .collect()
}

/// Sharing again leaves who has shared first, and when.
fn share(call: &Call<'_>) -> Result<Answer, Refusal> {
    let partners = partners(call)?;
    let state = &mut *call.shared.state();
    let header = super::any_header_id(state, call.argument("id"))?;
    let at = state.write_time();
    let shares = state.shares.entry(header).or_default();
    for partner in partners {
        if !shares.iter().any(|share| share.partner.id == partner.id) {
            shares.push(Share { partner, by: call.user, at });
        }
    }
    Ok(message("Shared"))
}

fn unshare(call: &Call<'_>) -> Result<Answer, Refusal> {
    let partners = partners(call)?;
    let state = &mut *call.shared.state();
    let header = super::any_header_id(state, call.argument("id"))?;
    let shares = state.shares.entry(header).or_default();
    shares.retain(|share| !partners.iter().any(|partner| partner.id == share.partner.id));
    Ok(message("Unshared"))
}

fn shared_with(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let shares = state.shares.get(&super::any_header_id(&state, call.argument("id"))?);
    let shares = shares.into_iter().flatten().map(|share| {
        json!({
            "partner": {"id": share.partner.id, "name": share.partner.name, "partnerType": share.partner.kind,
                        "country": share.partner.country},
            "createdBy": person(share.by), "createdAt": stamp(share.at),
        })
    });
    Ok(ok(&shares.collect::<Vec<Value>>()))
}
