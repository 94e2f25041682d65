//! Images with a form or a grid beside them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::rows::{self, IMAGE};
use super::{Place, Type, change, forms, grids, take_file, values};
use crate::answers::{Answer, Refusal, message};
use crate::service::Call;
use crate::service::route::{Route, post};

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/PageImagesGrid/List", write),
    post("{Master}/GridFormImageAppImageUpload", upload),
    post("{Master}/ImagesGridAppImageUpload", upload_item),
];

pub(super) const IMAGES_FORM: Type = Type::new(
    "ImagesForm",
    "Photo Form",
    |_| json!({"image": [], "form": forms::unwritten()}),
    |_| json!({"form": forms::schema()}),
);

pub(super) const IMAGES_GRID: Type = Type::new(
    "ImagesGrid",
    "Photo Grid",
    |app| json!({"image": [], "grid": grids::unwritten(app)}),
    |_| json!({"grid": grids::schema(), "list": values::schema(IMAGE.fields)}),
);

fn write(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["ImagesGrid"])?;
    change(call, state, &place, |state, data| IMAGE.write(state, &mut data["image"], &sent))?;
    Ok(message("Page updated"))
}

/// The first image of the page, which it has at the latest now.
fn upload(call: &Call<'_>) -> Result<Answer, Refusal> {
    let new_id = call.shared.state().new_id();
    take_file(call, &["ImagesForm", "ImagesGrid"], move |data: &mut Value, file: &Value| {
        let images = &mut data["image"];
        let Some(list) = images.as_array_mut() else { return };
        if list.is_empty() {
            list.push(json!({"id": new_id, "controls": [], "image": null, "origin": null}));
        }
        let first = list[0]["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_default();
        IMAGE.put_file(images, first, file);
    })
}

fn upload_item(call: &Call<'_>) -> Result<Answer, Refusal> {
    let item = super::list_item(call)?;
    take_file(call, &["ImagesGrid"], move |data: &mut Value, file: &Value| {
        IMAGE.put_file(&mut data["image"], item, file);
    })
}
