//! Sets: styles that are sold together. A row is a flat object. Every set has one row from the start, as none can be added.

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{Place, Type, change, changes};
use crate::answers::{Answer, Refusal, message, plain};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::apps::App;
use crate::service::route::{Route, post};

const STYLE: &[MasterKind] = &[MasterKind::Style];

pub(super) const SETS: Type = Type::new("Sets", "Set Contents", empty, |_| json!({"grid": []})).only(STYLE);

pub(crate) const ROUTES: &[Route] = &[post("{Master}/PageSets", update).only(STYLE)];

fn empty(app: &App) -> serde_json::Value {
    let row = Uuid::new_v5(&app.id, b"row");
    json!({
        "applicationName": app.of_type.title, "costing": null,
        "data": [{"rowId": row, "header_number": "ST-000002", "header_name": "Part of a set", "qty": "1"}],
    })
}

/// A style to add is answered with a failure of the service, as it always was.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = changes::elements(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["Sets"])?;
    if sent.iter().any(|sent| !sent["styleIdToInsert"].is_null()) {
        let text = "System.ArgumentNullException: Value cannot be null. (Parameter 'source')";
        return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, text.to_owned()));
    }
    change(call, state, &place, |_, data| {
        sent.iter().try_for_each(|sent| {
            let sent = &sent["styleUpdate"];
            let row = changes::find(data["data"].as_array_mut(), "rowId", &sent["rowId"]);
            let row = row.ok_or_else(|| Refusal::failure("Row not found"))?;
            for field in changes::list_of_fields(&sent["rowFields"])? {
                if let Some(name) = field["id"].as_str().filter(|name| row.get(name).is_some()) {
                    row[name] = field["value"].clone();
                }
            }
            Ok(())
        })
    })?;
    Ok(message("Set updated"))
}
