//! The fields of each master folder, of what its records are made of, and of data tables.

use super::{Field, Kind};

const fn field(id: &'static str, name: &'static str, kind: Kind) -> Field {
    Field { id, name, kind, required: false, choices: &[] }
}

const fn required(id: &'static str, name: &'static str, kind: Kind) -> Field {
    Field { id, name, kind, required: true, choices: &[] }
}

const fn choice(id: &'static str, name: &'static str, kind: Kind, choices: &'static [&'static str]) -> Field {
    Field { id, name, kind, required: false, choices }
}

const SEASONS: &[&str] = &["Spring 2025", "Fall 2025", "Spring 2026", "Fall 2026"];
const GENDERS: &[&str] = &["Women", "Men", "Kids"];
const CHANNELS: &[&str] = &["Shop", "Web", "Wholesale", "Outlet"];
const STATUSES: &[&str] = &["Concept", "Development", "Approved", "Dropped"];
const FINISHES: &[&str] = &["Brushed", "Enzyme washed", "Water repellent"];
pub(crate) const FIBRES: &[&str] = &["Cotton", "Linen", "Wool", "Polyester", "Elastane"];

// Display names with a trailing blank are on purpose: the service has them.
pub(crate) static STYLE_FIELDS: &[Field] = &[
    required("header_number", "Style Number", Kind::Text),
    required("header_name", "Style Name", Kind::Text),
    field("active", "Active", Kind::TrueFalse),
    choice("season", "Season", Kind::DropDown, SEASONS),
    choice("gender", "Gender", Kind::Radio, GENDERS),
    choice("channels", "Channels", Kind::MultiSelect, CHANNELS),
    choice("style_status", "Status ", Kind::DropDown, STATUSES),
    field("care_notes", "Care Notes", Kind::Memo),
    field("brand", "Brand", Kind::ComboBox),
    field("target_quantity", "Target Quantity", Kind::Number),
    field("target_price", "Target Price", Kind::Decimal),
    field("garment_weight", "Garment Weight", Kind::Weight),
    field("back_length", "Back Length", Kind::Measure),
    field("cost", "Cost", Kind::Currency),
    field("duty_rate", "Duty Rate", Kind::Percent),
    field("total_cost", "Total Cost", Kind::FormulaField),
    field("cutoff_date", "Cut-off Date", Kind::Date),
    field("launch_date", "Launch Date ", Kind::DateTime),
    field("not_for_export", "Not for Export", Kind::InvertedTrueFalse),
    field("owner", "Owner", Kind::Users),
    field("reviewers", "Reviewers", Kind::UsersTags),
    field("vendor", "Vendor", Kind::PartnerDropDown),
    field("content", "Content", Kind::CompositeControl),
    field("main_color", "Main Colour", Kind::ColorDropDown),
    field("lead_colorway", "Lead Colorway", Kind::ColorwayField),
    field("labels", "Labels", Kind::Tags),
    choice("bom_variations", "BOM Variations", Kind::MultiSelectBOMVariation, &[]),
    field("swatch", "Swatch", Kind::ImageColor),
    field("erp_key", "ERP Key", Kind::Hidden),
    field("running_number", "Running Number", Kind::Auto),
    field("group_label", "Group", Kind::LabelStyleGroup),
    field("label_3d", "3D", Kind::Label3dStyle),
    field("info_label", "Info", Kind::LabelText),
    field("size_label", "Sizes", Kind::LabelSize),
    field("material_label", "Materials", Kind::LabelMaterial),
    field("material_color_label", "Material Colours", Kind::LabelMaterialColor),
    field("material_3d_label", "3D Materials", Kind::Label3dMaterial),
    field("version", "Version", Kind::Number),
    field("created_by", "Created By", Kind::UserLabel),
    field("modified_by", "Modified By", Kind::UserLabel),
];

pub(crate) static MATERIAL_FIELDS: &[Field] = &[
    required("header_number", "Material Number", Kind::Text),
    required("header_name", "Material Name", Kind::Text),
    field("active", "Active", Kind::TrueFalse),
    choice("season", "Season", Kind::DropDown, SEASONS),
    choice("finishes", "Finishes ", Kind::MultiSelect, FINISHES),
    choice("approval", "Approval", Kind::Radio, STATUSES),
    field("remarks", "Remarks", Kind::Memo),
    field("construction", "Construction", Kind::ComboBox),
    field("price", "Price", Kind::Decimal),
    field("cost", "Cost", Kind::Currency),
    field("minimum_order", "Minimum Order", Kind::Number),
    field("fabric_weight", "Fabric Weight", Kind::Weight),
    field("width", "Width", Kind::Measure),
    field("shrinkage", "Shrinkage", Kind::Percent),
    field("landed_cost", "Landed Cost", Kind::FormulaField),
    field("test_date", "Test Date", Kind::Date),
    field("approved_at", "Approved At", Kind::DateTime),
    field("hidden_from_web", "Hidden from Web", Kind::InvertedTrueFalse),
    field("developer", "Developer", Kind::Users),
    field("watchers", "Watchers", Kind::UsersTags),
    field("mill", "Mill", Kind::PartnerDropDown),
    field("content", "Content", Kind::CompositeControl),
    field("base_color", "Base Colour", Kind::ColorDropDown),
    field("lead_colorway", "Lead Colorway", Kind::ColorwayField),
    field("labels", "Labels", Kind::Tags),
    choice("bom_variations", "BOM Variations", Kind::MultiSelectBOMVariation, &[]),
    field("swatch", "Swatch", Kind::ImageColor),
    field("erp_key", "ERP Key", Kind::Hidden),
    field("running_number", "Running Number", Kind::Auto),
    field("has_3d", "3D", Kind::Label3dMaterial),
    field("style_group_label", "Style Group", Kind::LabelStyleGroup),
    field("style_3d_label", "3D Styles", Kind::Label3dStyle),
    field("info_label", "Info", Kind::LabelText),
    field("size_label", "Sizes", Kind::LabelSize),
    field("where_used", "Where Used", Kind::LabelMaterial),
    field("where_used_color", "Where Used Colour", Kind::LabelMaterialColor),
    field("version", "Version", Kind::Number),
    field("created_by", "Created By", Kind::UserLabel),
    field("modified_by", "Modified By", Kind::UserLabel),
];

/// Fields of the large data table.
pub(crate) static TABLE_FIELDS: &[Field] = &[
    required("code", "Code", Kind::Text),
    field("label", "Label", Kind::Text),
    choice("category", "Category", Kind::DropDown, &["Yarn", "Fabric", "Trim", "Packaging"]),
    field("quantity", "Quantity", Kind::Number),
    field("price", "Price", Kind::Decimal),
    field("in_use", "In Use", Kind::TrueFalse),
    field("checked_on", "Checked On", Kind::DateTime),
];

pub(crate) static IMAGE_FIELDS: &[Field] = &[
    required("header_number", "Image Number", Kind::Text),
    required("header_name", "Image Name", Kind::Text),
    field("active", "Active", Kind::TrueFalse),
    choice("season", "Season", Kind::DropDown, SEASONS),
    choice("channels", "Channels", Kind::MultiSelect, CHANNELS),
    field("repeat_width", "Repeat Width ", Kind::Measure),
    field("print_colors", "Colours in Print", Kind::Number),
    field("licensed_until", "Licensed Until", Kind::Date),
    field("artist", "Artist", Kind::Users),
    field("print_house", "Print House", Kind::PartnerDropDown),
    field("labels", "Labels", Kind::Tags),
    field("remarks", "Remarks", Kind::Memo),
    field("info_label", "Info", Kind::LabelText),
    field("version", "Version", Kind::Number),
    field("created_by", "Created By", Kind::UserLabel),
    field("modified_by", "Modified By", Kind::UserLabel),
];

pub(crate) static COLOR_FIELDS: &[Field] = &[
    required("header_number", "Palette Number", Kind::Text),
    required("header_name", "Palette Name", Kind::Text),
    field("active", "Active", Kind::TrueFalse),
    choice("season", "Season", Kind::DropDown, SEASONS),
    choice("gender", "Gender", Kind::Radio, GENDERS),
    field("approved_at", "Approved At", Kind::DateTime),
    field("owner", "Owner", Kind::Users),
    field("labels", "Labels", Kind::Tags),
    field("remarks", "Remarks", Kind::Memo),
    field("version", "Version", Kind::Number),
    field("created_by", "Created By", Kind::UserLabel),
    field("modified_by", "Modified By", Kind::UserLabel),
];

pub(crate) static BLOCK_FIELDS: &[Field] = &[
    required("header_number", "Block Number", Kind::Text),
    required("header_name", "Block Name", Kind::Text),
    field("active", "Active", Kind::TrueFalse),
    choice("gender", "Gender", Kind::Radio, GENDERS),
    choice("block_status", "Status ", Kind::DropDown, STATUSES),
    field("ease", "Ease", Kind::Percent),
    field("back_length", "Back Length", Kind::Measure),
    field("pattern_maker", "Pattern Maker", Kind::Users),
    field("fit_notes", "Fit Notes", Kind::Memo),
    field("size_label", "Sizes", Kind::LabelSize),
    field("version", "Version", Kind::Number),
    field("created_by", "Created By", Kind::UserLabel),
    field("modified_by", "Modified By", Kind::UserLabel),
];

/// Fields of a colorway, in requests and in the schema. The last four are the company's own.
pub(crate) static COLORWAY_FIELDS: &[Field] = &[
    required("color_number", "Color Number", Kind::Text),
    required("color_name", "Color Name", Kind::Text),
    required("primary", "Primary Color", Kind::ColorDropDown),
    field("secondary", "Secondary Color", Kind::ColorDropDown),
    field("hide_colorway", "Hide Colorway", Kind::TrueFalse),
    field("comments", "Comments", Kind::Memo),
    field("core_colorway_main_material", "Main Material", Kind::Text),
    field("core_colorway_comments", "Colorway Comments", Kind::Text),
    field("marketing_name", "Marketing Name", Kind::Text),
    choice("lab_dip", "Lab Dip", Kind::DropDown, STATUSES),
];

pub(crate) static SIZE_FIELDS: &[Field] = &[
    required("name", "Size", Kind::Text),
    field("price", "Price", Kind::Currency),
    choice("currency", "Currency", Kind::DropDown, &["USD", "EUR", "GBP"]),
    choice("unitOfMeasure", "Unit of Measure", Kind::DropDown, &["inch", "cm"]),
    field("comments", "Comments", Kind::Text),
    field("isSampleSize", "Sample Size", Kind::TrueFalse),
];

/// Fields of a colour of a palette. The last one is the company's own.
pub(crate) static CHIP_FIELDS: &[Field] = &[
    required("color_number", "Color Number", Kind::Text),
    required("color_name", "Color Name", Kind::Text),
    field("hex", "Hex", Kind::Text),
    field("color_reference", "Reference", Kind::Text),
    choice("color_category", "Category", Kind::DropDown, &["Solid", "Melange", "Print"]),
];

/// Fields of forms on pages.
pub(crate) static PAGE_FORM_FIELDS: &[Field] = &[
    field("fit_note", "Fit Note", Kind::Memo),
    field("pieces", "Pieces", Kind::Number),
    field("share_pct", "Share", Kind::Percent),
    field("due", "Due ", Kind::Date),
    field("approved", "Approved", Kind::TrueFalse),
    choice("mode", "Mode", Kind::DropDown, &["Regular", "Loose"]),
    choice("channels", "Channels", Kind::MultiSelect, CHANNELS),
    field("vendor", "Vendor", Kind::PartnerDropDown),
    field("content", "Content", Kind::CompositeControl),
    field("swatch", "Swatch", Kind::ColorDropDown),
    field("labels", "Labels", Kind::Tags),
    field("sum", "Sum", Kind::FormulaField),
];

/// Fields of rows of grids on pages. One has the id of a field of forms, and another type.
pub(crate) static PAGE_ROW_FIELDS: &[Field] = &[
    field("step", "Step", Kind::Text),
    field("minutes", "Minutes", Kind::Number),
    choice("skills", "Skills", Kind::MultiSelect, &["Knit", "Sew", "Press"]),
    field("checked", "Checked", Kind::TrueFalse),
    field("due", "Due", Kind::Text),
];

/// Fields of items of lists on pages.
pub(crate) static PAGE_ITEM_FIELDS: &[Field] =
    &[field("caption", "Caption", Kind::Text), field("on_front", "On Front", Kind::TrueFalse)];

/// Fields of images of lists on pages.
pub(crate) static PAGE_IMAGE_FIELDS: &[Field] = &[field("text", "Text", Kind::Text)];
