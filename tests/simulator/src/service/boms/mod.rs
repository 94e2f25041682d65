//! Bills of materials, as the list over many styles shows them. Their rows are made for each answer and not kept.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Call;
use super::apps;
use super::route::{Route, post};
use crate::answers::{Answer, Refusal, ok, plain};
use crate::filters;
use crate::model::{Header, MasterKind};

/// How the address of reports differs is not known.
pub(crate) const ROUTES: &[Route] =
    &[post("{Master}/FlatBom", flat).only(&[MasterKind::Style]), post("Report/FlatBom", flat)];

/// The application with the bill of materials.
const APP: &str = "Product BOM";

/// Rows of one style, at most.
const MOST: usize = 3;

/// Filters are on the materials, and colorway filters on the colorways of the styles.
fn flat(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let page = call.page()?;
    let asked = body.get("filters").and_then(Value::as_array).into_iter().flatten();
    if asked.clone().any(|filter| filter["field"] == "id") {
        let text = "Input string was not in a correct format.";
        return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, text.to_owned()));
    }
    let filters = filters::read(body.get("filters"))?;
    let colorway_filters = filters::read(body.get("colorwayFilters"))?;
    let apps: Option<Vec<Uuid>> = match body.get("pageIds") {
        None | Some(Value::Null) => None,
        Some(ids) => serde_json::from_value(ids.clone())
            .map(Some)
            .map_err(|_| Refusal::validation("pageIds", "The value is not an array of ids."))?,
    };
    let state = call.shared.state();
    let (styles, materials) =
        (state.records.master(MasterKind::Style), state.records.master(MasterKind::Material));
    let ids: Vec<_> = styles.folders.iter().map(|folder| apps::id_of(folder.id, APP)).collect();
    let wanted = |app: &Uuid| apps.as_ref().is_none_or(|apps| apps.contains(app));
    // Applications of another kind.
    if !ids.iter().any(wanted) {
        return Ok(ok(&json!({"result": null})));
    }
    let folders: Vec<_> = materials.folders.iter().collect();
    let filters = filters::known_to_folders(&filters, &folders);
    let is_used = |material: &Header| {
        filters::outline_matches(&filters, &material.outline())
            && filters::fields_match(&filters, folders[material.folder], material)
    };
    let by_colorway = |header: &Header| {
        colorway_filters.is_empty() || filters::colorways_match(&colorway_filters, &header.colorways)
    };
    let mut rows = Vec::new();
    for at in 0..styles.len() {
        let header = styles.record(at);
        let app = ids[header.folder];
        if header.deleted || materials.len() == 0 || !wanted(&app) || !by_colorway(&header) {
            continue;
        }
        for row in 0..1 + at % MOST {
            let material = materials.record((at + row) % materials.len());
            if is_used(&material) {
                rows.push((header.clone(), row, material.id, app));
            }
        }
    }
    let row = |(header, row, material, app): (Arc<Header>, usize, Uuid, Uuid)| {
        let number = header.text(&styles.folders[header.folder], "header_number");
        json!({
            "header": {"id": header.id, "headerNumber": number},
            "bom": {"rowId": Uuid::new_v5(&header.id, format!("bom {row}").as_bytes()), "materialId": material,
                    "consumption": format!("{}.5", row + 1)},
            "applicationId": app,
        })
    };
    Ok(ok(&page.cut(rows.into_iter()).map(row)))
}
