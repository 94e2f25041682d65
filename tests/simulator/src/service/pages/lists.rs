//! Lists of items with images, alone or below a text.

use serde_json::{Value, json};

use super::rows::{self, IMAGE, ITEM};
use super::{Place, Type, change, list_item, take_file, values};
use crate::answers::{Answer, Refusal, message};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::route::{Route, post};

const STYLE: &[MasterKind] = &[MasterKind::Style];

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/PageList", write),
    post("{Master}/ListAppImageUpload", upload),
    post("{Master}/PageTextList/List", write_images).only(STYLE),
    post("{Master}/PageTextList/TextEditor", write_text).only(STYLE),
    post("{Master}/TextListAppImageUpload", upload_image),
];

pub(super) const LIST: Type =
    Type::new("List", "Sketches", |_| json!([]), |_| json!({"list": values::schema(ITEM.fields)}));

pub(super) const TEXT_LIST: Type = Type::new(
    "TextList",
    "Sewing Text",
    |_| json!({"text": null, "images": []}),
    |_| json!({"list": values::schema(IMAGE.fields)}),
);

fn write(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["List"])?;
    change(call, state, &place, |state, data| ITEM.write(state, data, &sent))?;
    Ok(message("Page updated"))
}

fn write_images(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["TextList"])?;
    change(call, state, &place, |state, data| IMAGE.write(state, &mut data["images"], &sent))?;
    Ok(message("Page updated"))
}

fn write_text(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let text = body.get("editorData").filter(|text| text.is_string());
    let text = text.ok_or_else(|| Refusal::validation("editorData", "The field is required."))?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["TextList"])?;
    change(call, state, &place, |_, data| {
        data["text"] = text.clone();
        Ok(())
    })?;
    Ok(message("Page updated"))
}

fn upload(call: &Call<'_>) -> Result<Answer, Refusal> {
    let item = list_item(call)?;
    take_file(call, &["List"], move |data: &mut Value, file: &Value| ITEM.put_file(data, item, file))
}

fn upload_image(call: &Call<'_>) -> Result<Answer, Refusal> {
    let item = list_item(call)?;
    take_file(call, &["TextList"], move |data: &mut Value, file: &Value| {
        IMAGE.put_file(&mut data["images"], item, file);
    })
}
