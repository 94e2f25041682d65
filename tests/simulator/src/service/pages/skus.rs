//! SKUs: a row for each size of each colorway of a style.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, Type, change, changes, shown};
use crate::answers::{Answer, Refusal, ok, plain};
use crate::model::{Colorway, ColorwayImage, Header, Links, MasterKind, Picture};
use crate::service::Call;
use crate::service::route::{Route, post};

const STYLE: &[MasterKind] = &[MasterKind::Style];

pub(super) const SKU: Type = Type::new("SKU", "SKU", |_| json!([]), |_| json!({"grid": []})).only(STYLE);

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/Sku/{header_id}/{app_id}/Generate", generate).only(STYLE),
    post("{Master}/PageSku", update).only(STYLE),
];

/// Rows that are there stay as they are.
fn generate(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.object()?;
    let state = &mut *call.shared.state();
    let place = Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?;
    let place = place.only(&["SKU"])?;
    let master = state.records.master(place.kind);
    let header = master.record(master.at(place.header).ok_or_else(super::not_found)?);
    let links = state.links(&call.shared.origin);
    let number = header.text(&master.folders[header.folder], "header_number").to_owned();
    let Some(made) = made(&header, &number, &links) else {
        let text = "Object reference not set to an instance of an object.";
        return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, text.to_owned()));
    };
    change(call, state, &place, |_, data| {
        let kept = data.as_array().cloned().unwrap_or_default();
        let row = |new: Value| kept.iter().find(|row| row["id"] == new["id"]).cloned().unwrap_or(new);
        *data = made.into_iter().map(row).collect();
        Ok(())
    })?;
    Ok(ok(&shown(call, state, &place)))
}

/// None where a colorway has no image.
fn made(header: &Header, number: &str, links: &Links) -> Option<Vec<Value>> {
    let sizes = header.size_range.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rows = Vec::new();
    for colorway in &header.colorways {
        let image = image(colorway, links)?;
        for size in sizes.iter().filter_map(|size| size["name"].as_str()) {
            let id = Uuid::new_v5(&colorway.id, format!("sku {size}").as_bytes());
            let sku = format!("{number}-{size}-{}", colorway.color_number);
            rows.push(json!({
                "id": id, "colorImage": image, "skuNumber": sku, "colorNumber": colorway.color_number,
                "colorName": colorway.color_name, "size": size, "packaging": null, "hideSku": false,
                "comments": "",
                "fields": [
                    {"id": "upc", "name": "UPC", "value": null, "type": "Text", "required": false},
                    {"id": "units", "name": "Units", "value": null, "type": "Number", "required": false},
                ],
            }));
        }
    }
    Some(rows)
}

fn image(colorway: &Colorway, links: &Links) -> Option<String> {
    match &colorway.image {
        ColorwayImage::None => None,
        ColorwayImage::Link(link) => Some(link.clone()),
        ColorwayImage::Pair(Picture::Fixed { preview, .. }) => preview.clone(),
        ColorwayImage::Pair(Picture::Stored(file)) => Some(links.to(file)),
    }
    .filter(|link| !link.is_empty())
}

/// Rows are changed one after the other. What they have under `rowFields` is passed over.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = changes::elements(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["SKU"])?;
    change(call, state, &place, |_, data| {
        sent.iter().try_for_each(|sent| {
            let row = changes::find(data.as_array_mut(), "id", &sent["id"]);
            let row = row.ok_or_else(|| Refusal::failure("SKU not found"))?;
            changes::write_fields(&mut row["fields"], &sent["fields"])
        })
    })?;
    Ok(ok(&shown(call, state, &place)))
}
