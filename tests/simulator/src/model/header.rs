//! A record of a master folder.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::calendar::Millis;

use super::{FileLink, Folder, Picture};

#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) id: Uuid,
    pub(crate) folder: usize,
    /// Answered in the form of 2021: texts as values and fewer members.
    pub(crate) old_form: bool,
    /// One value per field of the folder, in its order.
    pub(crate) values: Vec<Value>,
    /// Front, side and back of a style; main and detail of a material; the preview of an image; the front of a block.
    pub(crate) images: Vec<Picture>,
    pub(crate) artboards: Vec<Artboard>,
    pub(crate) variations: Vec<Variation>,
    /// The colours of a palette with what stands beside them.
    pub(crate) palette: Arc<Value>,
    pub(crate) colorways: Vec<Colorway>,
    pub(crate) size_range: Arc<Value>,
    pub(crate) size_classes: Arc<Value>,
    pub(crate) suppliers: Vec<Value>,
    /// The block that a style is linked to.
    pub(crate) block: Option<Uuid>,
    pub(crate) plan_ids: Option<Vec<Uuid>>,
    pub(crate) copied_from: Option<Uuid>,
    pub(crate) tags: Option<Arc<Vec<Uuid>>>,
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

    pub(crate) fn text<'a>(&'a self, folder: &Folder, field_id: &str) -> &'a str {
        self.value(folder, field_id).and_then(Value::as_str).unwrap_or("")
    }

    pub(crate) fn set(&mut self, folder: &Folder, field_id: &str, value: Value) {
        if let Some(at) = folder.position(field_id) {
            self.values[at] = value;
        }
    }
}

/// A version of a style's artboard.
#[derive(Clone)]
pub(crate) struct Artboard {
    pub(crate) file: FileLink,
}

/// A variation of an image.
#[derive(Clone)]
pub(crate) struct Variation {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) source_file: String,
}

/// The image of a colorway: a link, an object, or null.
#[derive(Clone)]
pub(crate) enum ColorwayImage {
    None,
    Link(String),
    Pair(Picture),
}

#[derive(Clone)]
pub(crate) struct Colorway {
    pub(crate) id: Uuid,
    pub(crate) color_number: String,
    pub(crate) color_name: String,
    pub(crate) primary_color: String,
    pub(crate) secondary_color: String,
    pub(crate) secondary_color_number: Option<String>,
    pub(crate) secondary_color_name: Option<String>,
    pub(crate) comments: String,
    pub(crate) hide_colorway: bool,
    pub(crate) image_header_id: Option<String>,
    /// Custom fields by id, or null.
    pub(crate) fields: Value,
    pub(crate) image: ColorwayImage,
    pub(crate) color_source_id: Option<String>,
}
