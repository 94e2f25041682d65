//! The form of a header on the wire, which differs by master folder.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::calendar::stamp;
use crate::fields::{Field, Kind};
use crate::values::in_2021;

use super::picture::PictureView;
use super::{Colorway, ColorwayImage, Folder, Header, Links, MasterKind, Picture, Tag};

/// What the form of a record depends on beside the record.
#[derive(Clone)]
pub(crate) struct Wording {
    pub(crate) links: Links,
    pub(crate) tags: Arc<Vec<Tag>>,
    /// Every record in the form of 2021.
    pub(crate) old_form: bool,
}

/// A record together with what is needed to write it out.
pub(crate) struct HeaderAnswer {
    pub(crate) kind: MasterKind,
    pub(crate) folders: Arc<Vec<Folder>>,
    pub(crate) header: Arc<Header>,
    pub(crate) wording: Arc<Wording>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: Uuid,
    name: &'a str,
}

#[derive(Serialize)]
pub(super) struct FieldView<'a> {
    id: &'a str,
    name: &'a str,
    value: Cow<'a, Value>,
    #[serde(rename = "type")]
    kind: Kind,
    required: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtboardView {
    /// Spelled as the service does.
    artboar_index: usize,
    image_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VariationView<'a> {
    id: Uuid,
    number: String,
    name: &'a str,
    source_file: &'a str,
    preview: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeaderData<'a> {
    fields: Vec<FieldView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    front_image: Option<PictureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side_image: Option<PictureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_image: Option<PictureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_artboards: Option<Vec<ArtboardView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_image: Option<PictureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_image: Option<PictureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<PictureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variations: Option<Vec<VariationView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colors: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_classes: Option<&'a Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ColorwayImageView<'a> {
    None,
    Link(&'a str),
    Pair(PictureView),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ColorwayView<'a> {
    id: Uuid,
    color_number: &'a str,
    color_name: &'a str,
    primary_color: &'a str,
    secondary_color: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_color_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_color_name: Option<&'a str>,
    comments: &'a str,
    hide_colorway: bool,
    image_header_id: Option<&'a str>,
    fields: &'a Value,
    image: ColorwayImageView<'a>,
    color_source_id: Option<&'a str>,
}

impl<'a> ColorwayView<'a> {
    fn new(colorway: &'a Colorway, links: &Links) -> Self {
        ColorwayView {
            id: colorway.id,
            color_number: &colorway.color_number,
            color_name: &colorway.color_name,
            primary_color: &colorway.primary_color,
            secondary_color: &colorway.secondary_color,
            secondary_color_number: colorway.secondary_color_number.as_deref(),
            secondary_color_name: colorway.secondary_color_name.as_deref(),
            comments: &colorway.comments,
            hide_colorway: colorway.hide_colorway,
            image_header_id: colorway.image_header_id.as_deref(),
            fields: &colorway.fields,
            image: match &colorway.image {
                ColorwayImage::None => ColorwayImageView::None,
                ColorwayImage::Link(link) => ColorwayImageView::Link(link),
                ColorwayImage::Pair(picture) => ColorwayImageView::Pair(picture.view(links)),
            },
            color_source_id: colorway.color_source_id.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeaderView<'a> {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color_palette_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color_palette_name: Option<&'a str>,
    folder: Reference<'a>,
    header_data: HeaderData<'a>,
    /// Null for images, whose files are not known to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colorways: Option<Vec<ColorwayView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_range: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_classes: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppliers: Option<&'a [Value]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_ids: Option<Option<&'a [Uuid]>>,
    is_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    copied_or_carried_over_from: Option<Option<[Uuid; 1]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Option<Vec<Reference<'a>>>>,
    created_by: &'a Value,
    created_at: String,
    modified_by: &'a Value,
    modified_at: String,
}

impl Serialize for HeaderAnswer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (header, kind, links) = (&*self.header, self.kind, &self.wording.links);
        let folder = &self.folders[header.folder];
        let old_form = header.old_form || self.wording.old_form;
        let (style, material) = (kind == MasterKind::Style, kind == MasterKind::Material);
        let sewn = style || material;
        let image = |of: MasterKind, n: usize| {
            (kind == of).then(|| header.images.get(n)).flatten().map(|picture: &Picture| picture.view(links))
        };
        let number = header.text(folder, "header_number");
        let name = header.text(folder, "header_name");
        let palette = kind == MasterKind::Color;
        let mut fields = field_views(folder.fields.iter().copied(), &header.values);
        if self.wording.old_form {
            fields.iter_mut().for_each(FieldView::make_old);
        }
        HeaderView {
            id: header.id,
            header_number: (!palette).then_some(number),
            header_name: (!palette).then_some(name),
            color_palette_number: palette.then_some(number),
            color_palette_name: palette.then_some(name),
            folder: Reference { id: folder.id, name: folder.name },
            header_data: HeaderData {
                fields,
                front_image: image(MasterKind::Style, 0).or_else(|| image(MasterKind::Block, 0)),
                side_image: image(MasterKind::Style, 1),
                back_image: image(MasterKind::Style, 2),
                available_artboards: style.then(|| artboards(header, links)),
                main_image: image(MasterKind::Material, 0),
                detail_image: image(MasterKind::Material, 1),
                preview: image(MasterKind::Image, 0),
                variations: (kind == MasterKind::Image).then(|| variations(header)),
                colors: palette.then_some(&*header.palette),
                size_classes: (kind == MasterKind::Block).then_some(&*header.size_classes),
            },
            files: (kind == MasterKind::Image).then_some(()),
            colorways: sewn
                .then(|| header.colorways.iter().map(|one| ColorwayView::new(one, links)).collect()),
            size_range: sewn.then_some(&*header.size_range),
            size_classes: (style && !old_form).then_some(&*header.size_classes),
            suppliers: material.then_some(&header.suppliers),
            plan_ids: sewn.then_some(header.plan_ids.as_deref()),
            is_deleted: header.deleted,
            copied_or_carried_over_from: (style && !old_form).then(|| header.copied_from.map(|id| [id])),
            tags: (sewn && !old_form).then(|| self.tags()),
            created_by: &header.created_by,
            created_at: stamp(header.created_at),
            modified_by: &header.modified_by,
            modified_at: stamp(header.modified_at),
        }
        .serialize(serializer)
    }
}

impl HeaderAnswer {
    /// By the present names of the tags.
    fn tags(&self) -> Option<Vec<Reference<'_>>> {
        let ids = self.header.tags.as_ref()?;
        let tags = ids.iter().filter_map(|id| self.wording.tags.iter().find(|tag| tag.id == *id));
        Some(tags.map(|tag| Reference { id: tag.id, name: &tag.name }).collect())
    }
}

fn artboards(header: &Header, links: &Links) -> Vec<ArtboardView> {
    let versions = header.artboards.iter().enumerate();
    versions
        .map(|(index, artboard)| ArtboardView { artboar_index: index, image_url: links.to(&artboard.file) })
        .collect()
}

fn variations(header: &Header) -> Vec<VariationView<'_>> {
    let variations = header.variations.iter().enumerate();
    variations
        .map(|(index, one)| VariationView {
            id: one.id,
            number: (index + 1).to_string(),
            name: one.name,
            source_file: &one.source_file,
            preview: format!("https://files.example.com/img/{}.png", one.id),
        })
        .collect()
}

pub(super) fn field_views<'a>(
    fields: impl Iterator<Item = &'static Field>,
    values: &'a [Value],
) -> Vec<FieldView<'a>> {
    fields
        .zip(values)
        .map(|(field, value)| FieldView {
            id: field.id,
            name: field.name,
            value: Cow::Borrowed(value),
            kind: field.kind,
            required: field.required,
        })
        .collect()
}

impl FieldView<'_> {
    fn make_old(&mut self) {
        self.value = Cow::Owned(in_2021(self.kind, &self.value));
    }
}
