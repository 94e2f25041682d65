//! Creating and updating styles and materials. An answer with 200 does not mean that every value was stored.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal};
use crate::calendar::{Millis, us_long, us_short};
use crate::model::{Colorway, ColorwayImage, Folder, Header, MasterKind, Picture};
use crate::people::{PARTNERS, User, partner_by_id, person, supplier};
use crate::state::State;
use crate::values::{accept, empty, is_writable, number};

use super::Call;
use super::headers::{answer, find};

/// Custom fields of a colorway.
const COLORWAY_FIELDS: [&str; 3] =
    ["core_colorway_main_material", "core_colorway_comments", "marketing_name"];

/// `FolderModifiedAt` is some milliseconds behind `modifiedAt`, as on the service.
const FOLDER_STAMP_LAG: Millis = 20;

pub(crate) fn create(call: &Call<'_>, kind: MasterKind) -> Result<Answer, Refusal> {
    let body = object(call.json()?)?;
    let folder_id = call.guid("folderId")?;
    let folder_id =
        folder_id.ok_or_else(|| Refusal::validation("folderId", "The folderId field is required."))?;
    let state = &mut *call.shared.state();
    let folders = state.records.master(kind).folders.clone();
    let at = state.records.master(kind).folder(folder_id);
    let at = at.ok_or_else(|| Refusal::failure("Folder not found"))?;
    let folder = &folders[at];

    let now = state.write_time();
    let mut header = Header {
        id: state.new_id(),
        folder: at,
        old_form: false,
        values: folder.fields.iter().map(|field| empty(field)).collect(),
        images: vec![Picture::empty(0); 3],
        colorways: Vec::new(),
        size_range: Arc::new(json!([])),
        size_classes: Arc::new(json!([])),
        suppliers: Vec::new(),
        plan_ids: None,
        tags: Arc::new(Value::Null),
        deleted: false,
        created_by: person(call.user),
        created_at: now,
        modified_by: person(call.user),
        modified_at: now,
        folder_modified_at: now - FOLDER_STAMP_LAG,
    };
    write(state, folder, &mut header, &body)?;
    for id in ["header_number", "header_name"] {
        if let Some(value) = value_mut(folder, &mut header, id)
            && value.is_null()
        {
            *value = json!("");
        }
    }
    if let Some(prefix) = folder.numbering {
        // A number in the request is replaced without a word.
        state.numbered += 1;
        let number = format!("{prefix}{:06}", state.numbered);
        set(folder, &mut header, "header_number", json!(number));
    }
    let sent_version = sent_fields(&body).find(|(id, _)| *id == "version").and_then(|(_, v)| number(v));
    let version = match sent_version {
        Some(version) if call.flag("preserveVersion") => Value::Number(version),
        _ => json!(1),
    };
    set(folder, &mut header, "version", version);
    let label = json!(format!("{} @ {}", call.user.username, us_short(now)));
    set(folder, &mut header, "created_by", label.clone());
    set(folder, &mut header, "modified_by", label);

    let header = state.records.master_mut(kind).push(header);
    Ok(answer(state.records.master(kind), header))
}

pub(crate) fn update(call: &Call<'_>, kind: MasterKind, id: &str) -> Result<Answer, Refusal> {
    let body = object(call.json()?)?;
    let state = &mut *call.shared.state();
    let at = find(state.records.master(kind), id)?;
    let folders = state.records.master(kind).folders.clone();
    let mut header = (*state.records.master(kind).headers[at]).clone();
    if header.deleted {
        return Err(Refusal::text(format!("{} is deleted", kind.name())));
    }
    let folder = &folders[header.folder];
    write(state, folder, &mut header, &body)?;
    let now = state.write_time();
    touch(&mut header, now, call.user);
    if let Some(version) = value_mut(folder, &mut header, "version") {
        let next = number(version).and_then(|version| version.as_i64()).unwrap_or(0) + 1;
        *version = json!(next);
    }
    let label = json!(format!("{} @ {}", call.user.username, us_long(now, ' ')));
    set(folder, &mut header, "modified_by", label);

    let header = Arc::new(header);
    state.records.master_mut(kind).headers[at] = header.clone();
    Ok(answer(state.records.master(kind), header))
}

pub(crate) fn touch(header: &mut Header, now: Millis, user: &User) {
    header.modified_at = now;
    header.folder_modified_at = now - FOLDER_STAMP_LAG;
    header.modified_by = person(user);
}

fn object(body: Value) -> Result<Map<String, Value>, Refusal> {
    match body {
        Value::Object(object) => Ok(object),
        _ => Err(Refusal::validation("$", "The body is not an object.")),
    }
}

fn value_mut<'a>(folder: &Folder, header: &'a mut Header, id: &str) -> Option<&'a mut Value> {
    header.values.get_mut(folder.position(id)?)
}

fn set(folder: &Folder, header: &mut Header, id: &str, value: Value) {
    if let Some(place) = value_mut(folder, header, id) {
        *place = value;
    }
}

/// The `{id, value}` pairs of a list; anything else in it is passed over.
fn pairs(list: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    static NULL: Value = Value::Null;
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| Some((item.get("id")?.as_str()?, item.get("value").unwrap_or(&NULL))))
}

fn sent_fields(body: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    pairs(body.get("fields"))
}

/// Puts into the record what the body names. Missing, null and empty parts leave the record alone.
fn write(
    state: &mut State,
    folder: &Folder,
    header: &mut Header,
    body: &Map<String, Value>,
) -> Result<(), Refusal> {
    for (id, value) in sent_fields(body) {
        if let Some(at) = folder.position(id)
            && is_writable(folder.fields[at])
        {
            header.values[at] = accept(folder.fields[at], value);
        }
    }
    let list = |key: &str| body.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    for sent in list("colorways").into_iter().flatten() {
        write_colorway(state, header, sent)?;
    }
    if let Some(sizes) = list("sizes") {
        header.size_range = Arc::new(sizes.iter().enumerate().map(size).collect());
    }
    if let Some(classes) = list("sizeClasses") {
        header.size_classes = Arc::new(Value::Array(classes.clone()));
    }
    if let Some(suppliers) = list("suppliers") {
        header.suppliers = suppliers.iter().map(stored_supplier).collect();
    }
    Ok(())
}

fn write_colorway(state: &mut State, header: &mut Header, sent: &Value) -> Result<(), Refusal> {
    let fields = || pairs(sent.get("fields"));
    let at = match sent.get("id").and_then(Value::as_str) {
        Some(id) => {
            let id = Uuid::parse_str(id).ok();
            let at = header.colorways.iter().position(|colorway| Some(colorway.id) == id);
            at.ok_or_else(|| Refusal::failure("Colorway not found"))?
        }
        None => {
            for needed in ["color_number", "color_name", "primary"] {
                if !fields().any(|(id, _)| id == needed) {
                    return Err(Refusal::failure(format!("A new colorway needs the field [{needed}].")));
                }
            }
            header.colorways.push(new_colorway(state.new_id()));
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
            _ if COLORWAY_FIELDS.contains(&id) => {
                if !colorway.fields.is_object() {
                    colorway.fields =
                        COLORWAY_FIELDS.iter().map(|id| (id.to_string(), Value::Null)).collect();
                }
                colorway.fields[id] = value.clone();
            }
            _ => {}
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

fn new_colorway(id: Uuid) -> Colorway {
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
        fields: COLORWAY_FIELDS.iter().map(|id| (id.to_string(), Value::Null)).collect(),
        image: ColorwayImage::None,
        color_source_id: None,
    }
}

/// A size as read has more members than one as written.
fn size((index, sent): (usize, &Value)) -> Value {
    let member = |key: &str| sent.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "name": member("name"), "price": member("price"), "currency": member("currency"),
        "unitOfMeasure": member("unitOfMeasure"), "comments": member("comments"),
        "isSampleSize": sent.get("isSampleSize").and_then(Value::as_bool).unwrap_or(false),
        "sizeIndex": index, "hideSize": false, "fields": {},
    })
}

/// Suppliers come as full objects or by id alone; they are read in Pascal case.
fn stored_supplier(sent: &Value) -> Value {
    let member = |keys: [&str; 2]| keys.iter().find_map(|key| sent.get(*key)).cloned().unwrap_or(Value::Null);
    let known = match (member(["id", "Id"]).as_str(), member(["Name", "name"]).as_str()) {
        (Some(id), _) => partner_by_id(id),
        (None, Some(name)) => PARTNERS.iter().find(|partner| partner.name == name),
        _ => None,
    };
    if member(["Name", "name"]).is_null()
        && let Some(partner) = known
    {
        return supplier(partner);
    }
    let mut stored = Map::new();
    let id = member(["Id", "id"]);
    let id = if id.is_null() { known.map_or(Value::Null, |partner| json!(partner.id)) } else { id };
    stored.insert("Id".to_owned(), id);
    for keys in [
        ["Address", "address"],
        ["City", "city"],
        ["Country", "country"],
        ["Name", "name"],
        ["Phone", "phone"],
        ["State", "state"],
        ["Website", "website"],
        ["Fax", "fax"],
        ["Zip", "zip"],
        ["SupplierType", "supplierType"],
    ] {
        stored.insert(keys[0].to_owned(), member(keys));
    }
    Value::Object(stored)
}
