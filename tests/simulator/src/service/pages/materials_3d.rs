//! 3D materials: assets, textures and previews of each colorway.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, Type, change, changes, file};
use crate::answers::{Answer, Refusal, message};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::route::{Route, post};
use crate::service::uploads::{self, Target};
use crate::state::State;

const MATERIAL: &[MasterKind] = &[MasterKind::Material];
const NAME: &str = "Material3D";

pub(super) const MATERIAL_3D: Type =
    Type::new(NAME, "3D Material", |_| json!({"assets": []}), |_| json!({})).only(MATERIAL);

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/Material3DAppImageUpload", |call| upload(call, "/assets3D", false)).only(MATERIAL),
    post("{Master}/Material3DPreviewUpload", |call| upload(call, "/previews", true)).only(MATERIAL),
    post("{Master}/Material3DFrontTextureUpload", |call| upload(call, "/textures/front", true))
        .only(MATERIAL),
    post("{Master}/Material3DBackTextureUpload", |call| upload(call, "/textures/back", true)).only(MATERIAL),
    post("{Master}/Material3DAppPost", update).only(MATERIAL),
];

/// The page, and the colorway if the query names one.
fn named(call: &Call<'_>, state: &State) -> Result<(Place, Option<Uuid>), Refusal> {
    let parameter = |name| call.parameter(name).unwrap_or_default();
    let place = Place::of(call, state, parameter("materialId"), parameter("pageId"))?.only(&[NAME])?;
    let colorway = call.guid("colorwayId")?;
    let master = state.records.master(place.kind);
    let header = master.record(master.at(place.header).ok_or_else(super::not_found)?);
    if colorway.is_some_and(|id| !header.colorways.iter().any(|one| one.id == id)) {
        return Err(Refusal::failure("Colorway not found"));
    }
    Ok((place, colorway))
}

/// The file is added to this list of the colorway.
fn upload(call: &Call<'_>, list: &'static str, image: bool) -> Result<Answer, Refusal> {
    let sent = uploads::file(call)?;
    let (name, length) = (sent.name.clone(), sent.length);
    let (place, colorway) = named(call, &call.shared.state())?;
    let colorway = colorway.ok_or_else(|| Refusal::validation("colorwayId", "The field is required."))?;
    let put = move |data: &mut Value, id: Uuid| {
        let extension = name.rfind('.').map_or("", |at| &name[at..]);
        let assets = of_colorway(data, colorway);
        if let Some(Value::Array(list)) = assets.and_then(|assets| assets.pointer_mut(list)) {
            list.push(json!({"id": id, "fileName": name, "fileLength": length, "origin": file(id),
                             "originExtension": extension, "isGroupMaterial": false, "browzwearType": null}));
        }
    };
    let target = if image { Target::Page } else { Target::Asset };
    uploads::take(call, target(place, Box::new(put)))
}

/// What the page has of a colorway.
fn of_colorway(data: &mut Value, colorway: Uuid) -> Option<&mut Value> {
    let all = data["assets"].as_array_mut()?;
    let known = all.iter().position(|one| one["colorwayId"] == json!(colorway));
    let at = known.unwrap_or_else(|| {
        all.push(json!({"colorwayId": colorway, "assets3D": [], "packages": {},
                        "textures": {"front": [], "back": []}, "previews": []}));
        all.len() - 1
    });
    all.get_mut(at)
}

/// Deletes files, of one colorway or of all. Ids of no file are passed over, and so are textures.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = Value::Object(call.object()?);
    let gone = |name: &str| changes::list(&body[name], "itemsToDelete");
    let (assets, previews) = (gone("assets")?, gone("previews")?);
    let state = &mut *call.shared.state();
    let (place, colorway) = named(call, state)?;
    change(call, state, &place, |_, data| {
        for one in data["assets"].as_array_mut().into_iter().flatten() {
            if colorway.is_some_and(|id| one["colorwayId"] != json!(id)) {
                continue;
            }
            for (list, gone) in [("assets3D", &assets), ("previews", &previews)] {
                if let Some(list) = one[list].as_array_mut() {
                    list.retain(|file| !gone.contains(&file["id"]));
                }
            }
        }
        Ok(())
    })?;
    Ok(message("Material updated"))
}
