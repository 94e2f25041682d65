//! The records of the pretended company and their form on the wire.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::calendar::{Millis, stamp};
use crate::fields::{Field, Kind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MasterKind {
    Style,
    Material,
}

impl MasterKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            MasterKind::Style => "Style",
            MasterKind::Material => "Material",
        }
    }
}

pub(crate) struct Folder {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) active: bool,
    /// Set where the folder numbers its records itself: what the numbers begin with.
    pub(crate) numbering: Option<&'static str>,
    pub(crate) fields: Vec<&'static Field>,
}

impl Folder {
    pub(crate) fn position(&self, field_id: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.id == field_id)
    }
}

/// All records of one master folder. Records are shared with the seeded original until they change.
#[derive(Clone)]
pub(crate) struct Master {
    pub(crate) kind: MasterKind,
    pub(crate) folders: Arc<Vec<Folder>>,
    pub(crate) headers: Vec<Arc<Header>>,
    pub(crate) by_id: HashMap<Uuid, usize>,
}

impl Master {
    pub(crate) fn push(&mut self, header: Header) -> Arc<Header> {
        let header = Arc::new(header);
        self.by_id.insert(header.id, self.headers.len());
        self.headers.push(header.clone());
        header
    }

    pub(crate) fn folder(&self, id: Uuid) -> Option<usize> {
        self.folders.iter().position(|folder| folder.id == id)
    }
}

#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) id: Uuid,
    pub(crate) folder: usize,
    /// Answered in the form of 2021: texts as values and fewer members.
    pub(crate) old_form: bool,
    /// One value per field of the folder, in its order.
    pub(crate) values: Vec<Value>,
    /// Front, side and back of a style; main and detail of a material.
    pub(crate) images: Vec<Picture>,
    pub(crate) colorways: Vec<Colorway>,
    pub(crate) size_range: Arc<Value>,
    pub(crate) size_classes: Arc<Value>,
    pub(crate) suppliers: Vec<Value>,
    pub(crate) plan_ids: Option<Vec<Uuid>>,
    pub(crate) tags: Arc<Value>,
    pub(crate) deleted: bool,
    pub(crate) created_by: Value,
    pub(crate) created_at: Millis,
    pub(crate) modified_by: Value,
    pub(crate) modified_at: Millis,
    /// Not part of the answer; filters know it. A little earlier than `modified_at`, as on the service.
    pub(crate) folder_modified_at: Millis,
}

impl Header {
    pub(crate) fn value<'a>(&'a self, folder: &Folder, field_id: &str) -> Option<&'a Value> {
        self.values.get(folder.position(field_id)?)
    }

    fn text<'a>(&'a self, folder: &Folder, field_id: &str) -> &'a str {
        self.value(folder, field_id).and_then(Value::as_str).unwrap_or("")
    }
}

/// An image of a header. An empty one is spelled in three ways.
#[derive(Clone, Serialize)]
pub(crate) struct Picture {
    preview: Option<String>,
    origin: Option<String>,
}

impl Picture {
    pub(crate) fn empty(spelling: u64) -> Self {
        match spelling % 3 {
            0 => Picture { preview: Some(String::new()), origin: None },
            1 => Picture { preview: None, origin: None },
            _ => Picture { preview: Some(String::new()), origin: Some(String::new()) },
        }
    }

    /// One that the storage has.
    pub(crate) fn stored(link: &str) -> Self {
        Picture { preview: Some(link.to_owned()), origin: Some(link.to_owned()) }
    }

    pub(crate) fn linked(name: &str) -> Self {
        Picture {
            preview: Some(format!("https://files.example.com/img/{name}-preview.png")),
            origin: Some(format!(
                "https://files.example.com/img/{name}-origin.png?sv=1&se=2025-05-21T02%3A15%3A00Z&sig=AbC%2F{name}%3D"
            )),
        }
    }
}

/// The image of a colorway: a link, an object, or null.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum ColorwayImage {
    None,
    Link(String),
    Pair(Picture),
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Colorway {
    pub(crate) id: Uuid,
    pub(crate) color_number: String,
    pub(crate) color_name: String,
    pub(crate) primary_color: String,
    pub(crate) secondary_color: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secondary_color_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secondary_color_name: Option<String>,
    pub(crate) comments: String,
    pub(crate) hide_colorway: bool,
    pub(crate) image_header_id: Option<String>,
    /// Custom fields by id, or null.
    pub(crate) fields: Value,
    pub(crate) image: ColorwayImage,
    pub(crate) color_source_id: Option<String>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: Uuid,
    name: &'a str,
}

#[derive(Serialize)]
struct FieldView<'a> {
    id: &'a str,
    name: &'a str,
    value: &'a Value,
    #[serde(rename = "type")]
    kind: Kind,
    required: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeaderData<'a> {
    fields: Vec<FieldView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    front_image: Option<&'a Picture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side_image: Option<&'a Picture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_image: Option<&'a Picture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_artboards: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_image: Option<&'a Picture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_image: Option<&'a Picture>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeaderView<'a> {
    id: Uuid,
    header_number: &'a str,
    header_name: &'a str,
    folder: Reference<'a>,
    header_data: HeaderData<'a>,
    colorways: &'a [Colorway],
    size_range: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_classes: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppliers: Option<&'a [Value]>,
    plan_ids: Option<&'a [Uuid]>,
    is_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    copied_or_carried_over_from: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a Value>,
    created_by: &'a Value,
    created_at: String,
    modified_by: &'a Value,
    modified_at: String,
}

/// A record together with what is needed to write it out.
pub(crate) struct HeaderAnswer {
    pub(crate) kind: MasterKind,
    pub(crate) folders: Arc<Vec<Folder>>,
    pub(crate) header: Arc<Header>,
}

impl Serialize for HeaderAnswer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let header = &*self.header;
        let folder = &self.folders[header.folder];
        let style = self.kind == MasterKind::Style;
        let image = |of_style: bool, n: usize| (style == of_style).then(|| header.images.get(n)).flatten();
        HeaderView {
            id: header.id,
            header_number: header.text(folder, "header_number"),
            header_name: header.text(folder, "header_name"),
            folder: Reference { id: folder.id, name: folder.name },
            header_data: HeaderData {
                fields: field_views(folder.fields.iter().copied(), &header.values),
                front_image: image(true, 0),
                side_image: image(true, 1),
                back_image: image(true, 2),
                available_artboards: style.then_some([]),
                main_image: image(false, 0),
                detail_image: image(false, 1),
            },
            colorways: &header.colorways,
            size_range: &header.size_range,
            size_classes: (style && !header.old_form).then_some(&*header.size_classes),
            suppliers: (!style).then_some(&header.suppliers),
            plan_ids: header.plan_ids.as_deref(),
            is_deleted: header.deleted,
            copied_or_carried_over_from: (style && !header.old_form).then_some(Value::Null),
            tags: (!header.old_form).then_some(&*header.tags),
            created_by: &header.created_by,
            created_at: stamp(header.created_at),
            modified_by: &header.modified_by,
            modified_at: stamp(header.modified_at),
        }
        .serialize(serializer)
    }
}

fn field_views<'a>(fields: impl Iterator<Item = &'static Field>, values: &'a [Value]) -> Vec<FieldView<'a>> {
    fields
        .zip(values)
        .map(|(field, value)| FieldView {
            id: field.id,
            name: field.name,
            value,
            kind: field.kind,
            required: field.required,
        })
        .collect()
}

#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) active: bool,
    pub(crate) created_at: Millis,
    pub(crate) modified_at: Millis,
    pub(crate) created_by: Value,
    pub(crate) modified_by: Value,
    pub(crate) fields: &'static [Field],
    pub(crate) rows: Vec<Arc<Row>>,
}

#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) fields: &'static [Field],
    pub(crate) values: Vec<Value>,
    pub(crate) created_by: Value,
    pub(crate) created_at: Millis,
    pub(crate) modified_by: Value,
    pub(crate) modified_at: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowView<'a> {
    id: Uuid,
    fields: Vec<FieldView<'a>>,
    created_by: &'a Value,
    created_at: String,
    modified_by: &'a Value,
    modified_at: String,
}

impl Serialize for Row {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RowView {
            id: self.id,
            fields: field_views(self.fields.iter(), &self.values),
            created_by: &self.created_by,
            created_at: stamp(self.created_at),
            modified_by: &self.modified_by,
            modified_at: stamp(self.modified_at),
        }
        .serialize(serializer)
    }
}

/// Everything the company has.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) style: Master,
    pub(crate) material: Master,
    pub(crate) tables: Vec<Table>,
}

impl Records {
    pub(crate) fn master(&self, kind: MasterKind) -> &Master {
        match kind {
            MasterKind::Style => &self.style,
            MasterKind::Material => &self.material,
        }
    }

    pub(crate) fn master_mut(&mut self, kind: MasterKind) -> &mut Master {
        match kind {
            MasterKind::Style => &mut self.style,
            MasterKind::Material => &mut self.material,
        }
    }
}
