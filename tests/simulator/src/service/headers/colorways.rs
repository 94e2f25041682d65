//! Colorways of styles and materials.

use serde_json::Value;
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message};
use crate::fields::COLORWAY_FIELDS;
use crate::model::{Colorway, ColorwayImage, Header, MasterKind};
use crate::state::State;
use crate::values::accept;

use super::writing::pairs;
use super::{Call, edited, store, take_living};

/// Fields of a colorway that are members when it is read.
const STANDARD: [&str; 6] =
    ["color_number", "color_name", "primary", "secondary", "hide_colorway", "comments"];

fn custom() -> Value {
    let custom = COLORWAY_FIELDS.iter().filter(|field| !STANDARD.contains(&field.id));
    custom.map(|field| (field.id.to_string(), Value::Null)).collect()
}

/// A GET that changes data.
pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    remove(call, &[call.argument("colorway_id").to_owned()])
}

pub(super) fn delete_several(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let ids = body.get("colorwayIds").cloned().unwrap_or_default();
    let ids: Vec<String> = serde_json::from_value(ids)
        .map_err(|_| Refusal::validation("colorwayIds", "The value is not an array of texts."))?;
    remove(call, &ids)
}

fn remove(call: &Call<'_>, ids: &[String]) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let (at, mut header) = take_living(call, state)?;
    for id in ids {
        let id = Uuid::parse_str(id).ok();
        let found = header.colorways.iter().position(|colorway| Some(colorway.id) == id);
        header.colorways.remove(found.ok_or_else(|| Refusal::failure("Colorway not found"))?);
    }
    let folders = state.records.master(call.kind()).folders.clone();
    edited(&folders[header.folder], &mut header, state.write_time(), call.user);
    store(call, state, at, header);
    Ok(message("Colorway deleted"))
}

/// Changes the colorway with this id; without an id adds one.
pub(super) fn write(
    state: &mut State,
    kind: MasterKind,
    header: &mut Header,
    sent: &Value,
) -> Result<(), Refusal> {
    let fields = || pairs(sent.get("fields"));
    let at = match sent.get("id").and_then(Value::as_str) {
        Some(id) => {
            let id = Uuid::parse_str(id).ok();
            let at = header.colorways.iter().position(|colorway| Some(colorway.id) == id);
            at.ok_or_else(|| Refusal::failure("Colorway not found"))?
        }
        None => {
            let needs: &[&str] = match kind {
                MasterKind::Style => &["color_number", "color_name", "primary", "secondary"],
                _ => &["color_number", "color_name", "primary"],
            };
            for &needed in needs {
                if !fields().any(|(id, _)| id == needed) {
                    return Err(Refusal::failure(format!("A new colorway needs the field [{needed}].")));
                }
            }
            header.colorways.push(new(state.new_id()));
            header.colorways.len() - 1
        }
    };
    let colorway = &mut header.colorways[at];
    for (id, value) in fields() {
        let text = || value.as_str().unwrap_or("").to_owned();
        match id {
            "color_number" => colorway.color_number = text(),
            "color_name" => colorway.color_name = text(),
            "primary" => colorway.primary_color = text().to_lowercase(),
            "secondary" => colorway.secondary_color = text().to_lowercase(),
            "comments" => colorway.comments = text(),
            "hide_colorway" => {
                colorway.hide_colorway = value.as_bool().unwrap_or(text().eq_ignore_ascii_case("yes"));
            }
            _ => {
                let Some(field) = COLORWAY_FIELDS.iter().find(|field| field.id == id) else { continue };
                if !colorway.fields.is_object() {
                    colorway.fields = custom();
                }
                colorway.fields[id] = accept(field, value);
            }
        }
    }
    if let Some(image) = sent.get("imageHeaderId").and_then(Value::as_str) {
        colorway.image_header_id = Some(image.to_owned());
        colorway.image = ColorwayImage::Link(format!("https://files.example.com/img/{image}.png"));
    }
    if sent.get("unlinkImage").and_then(Value::as_bool) == Some(true) {
        colorway.image_header_id = None;
        colorway.image = ColorwayImage::None;
    }
    if let Some(source) = sent.get("colorSourceId").and_then(Value::as_str) {
        colorway.color_source_id = Some(source.to_owned());
    }
    Ok(())
}

pub(crate) fn new(id: Uuid) -> Colorway {
    Colorway {
        id,
        color_number: String::new(),
        color_name: String::new(),
        primary_color: String::new(),
        secondary_color: String::new(),
        secondary_color_number: Some(String::new()),
        secondary_color_name: Some(String::new()),
        comments: String::new(),
        hide_colorway: false,
        image_header_id: None,
        fields: custom(),
        image: ColorwayImage::None,
        color_source_id: None,
    }
}
