//! Forms, and forms with a grid below them.

use serde_json::{Value, json};

use super::{Place, Type, change, grids, rows, values};
use crate::answers::{Answer, Refusal, message};
use crate::fields::PAGE_FORM_FIELDS;
use crate::service::Call;
use crate::service::route::{Route, post};

pub(crate) const ROUTES: &[Route] = &[post("{Master}/PageForm", write)];

pub(super) const FORM: Type =
    Type::new("Form", "Design Notes", |_| unwritten(), |_| json!({"form": schema()}));

pub(super) const FORM_GRID: Type = Type::new(
    "FormGrid",
    "Costing",
    |_| json!({"form": unwritten(), "grid": []}),
    |_| json!({"form": schema(), "grid": grids::schema()}),
);

pub(super) fn unwritten() -> Value {
    values::unwritten(PAGE_FORM_FIELDS)
}

pub(super) fn schema() -> Value {
    values::schema(PAGE_FORM_FIELDS)
}

/// What a request leaves out stays as it is.
pub(super) fn write_to(form: &mut Value, sent: Vec<Value>) {
    values::write(PAGE_FORM_FIELDS, form, Some(&Value::Array(sent)));
}

fn write(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["Form", "FormGrid", "ImagesForm"])?;
    change(call, state, &place, |_, data| {
        let form = if place.app.of_type.name == "Form" { data } else { &mut data["form"] };
        write_to(form, sent);
        Ok(())
    })?;
    Ok(message("Page updated"))
}
