//! Grids. A grid with a form is a bare list of rows, one that is alone or with images is wrapped.

use serde_json::{Value, json};

use super::rows::{self, ROW};
use super::{Place, Type, change, values};
use crate::answers::{Answer, Refusal, message};
use crate::service::Call;
use crate::service::apps::App;
use crate::service::route::{Route, post};

pub(crate) const ROUTES: &[Route] = &[post("{Master}/PageGrid", write)];

pub(super) const GRID: Type = Type::new("Grid", "Process Steps", unwritten, |_| json!({"grid": schema()}));

pub(super) fn unwritten(app: &App) -> Value {
    json!({"appName": app.of_type.title, "gridData": []})
}

pub(super) fn schema() -> Value {
    values::schema(ROW.fields)
}

fn write(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["Grid", "FormGrid", "ImagesGrid"])?;
    change(call, state, &place, |state, data| {
        let rows = match place.app.of_type.name {
            "Grid" => &mut data["gridData"],
            "FormGrid" => &mut data["grid"],
            _ => &mut data["grid"]["gridData"],
        };
        ROW.write(state, rows, &sent)
    })?;
    Ok(message("Page updated"))
}
