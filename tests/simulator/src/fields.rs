//! Field types and the fields of each master folder. The two main folders carry every type that the service
//! is known to have.

use serde_json::{Value, json};

use crate::people::{PARTNERS, USERS};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) enum Kind {
    Text,
    Memo,
    ComboBox,
    DropDown,
    Radio,
    MultiSelect,
    MultiSelectBOMVariation,
    Number,
    Decimal,
    Weight,
    Measure,
    Currency,
    Percent,
    FormulaField,
    Date,
    DateTime,
    TrueFalse,
    InvertedTrueFalse,
    Users,
    UsersTags,
    UserLabel,
    LabelText,
    LabelSize,
    LabelMaterial,
    LabelMaterialColor,
    LabelStyleGroup,
    Label3dStyle,
    Label3dMaterial,
    PartnerDropDown,
    CompositeControl,
    ColorDropDown,
    ColorwayField,
    Tags,
    ImageColor,
    Hidden,
    Auto,
}

impl Kind {
    pub(crate) fn is_label(self) -> bool {
        use Kind::*;
        matches!(
            self,
            LabelText
                | LabelSize
                | LabelMaterial
                | LabelMaterialColor
                | LabelStyleGroup
                | Label3dStyle
                | Label3dMaterial
        )
    }

    pub(crate) fn is_read_only(self) -> bool {
        self.is_label() || matches!(self, Kind::FormulaField | Kind::UserLabel | Kind::Auto)
    }

    pub(crate) fn is_numeric(self) -> bool {
        use Kind::*;
        matches!(self, Number | Decimal | Weight | Measure | Currency | Percent | FormulaField)
    }

    pub(crate) fn is_date(self) -> bool {
        matches!(self, Kind::Date | Kind::DateTime)
    }

    /// Whether filters know fields of this type; the search schema lists exactly these.
    pub(crate) fn is_searchable(self) -> bool {
        use Kind::*;
        !self.is_label()
            && !matches!(
                self,
                CompositeControl
                    | ColorwayField
                    | ImageColor
                    | Hidden
                    | UserLabel
                    | MultiSelectBOMVariation
                    | ColorDropDown
            )
    }
}

pub(crate) struct Field {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// What a DropDown, Radio or MultiSelect offers.
    pub(crate) choices: &'static [&'static str],
}

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

/// The entry of a folder schema: `{fieldId, fieldName, fieldType, required, properties}`.
pub(crate) fn schema_entry(field: &Field, with_properties: bool) -> Value {
    json!({
        "fieldId": field.id,
        "fieldName": field.name,
        "fieldType": field.kind,
        "required": field.required,
        "properties": if with_properties { properties(field) } else { json!({}) },
    })
}

fn properties(field: &Field) -> Value {
    match field.kind {
        Kind::Text | Kind::Memo => {
            json!({"MaxValueCharacters": if field.kind == Kind::Memo { 4000 } else { 250 },
                   "DefaultValue": "", "TooltipMessage": "", "Required": field.required})
        }
        Kind::DropDown | Kind::Radio | Kind::MultiSelect | Kind::ComboBox => {
            let choices: Vec<Value> = field
                .choices
                .iter()
                .map(|choice| json!({"id": code(choice), "code": code(choice), "value": choice}))
                .collect();
            let designer: Vec<Value> = field
                .choices
                .iter()
                .map(|choice| json!({"value": choice, "code": code(choice), "active": true}))
                .collect();
            json!({"Choices": choices, "ChoicesDesigner": designer, "DefaultValue": null,
                   "TooltipMessage": "", "ColumnWidth": 150, "SortAlphabetically": false})
        }
        Kind::Number => json!({"MaxDigits": 9, "DefaultValue": null}),
        Kind::Decimal | Kind::Percent => json!({"DecimalPoints": 2, "MaxDigits": 9}),
        Kind::Weight => json!({"Units": "G"}),
        Kind::Measure => json!({"Units": "CM"}),
        Kind::Currency => json!({"CurrencyType": "USD"}),
        Kind::FormulaField => json!({"Formula": "cost*1.1"}),
        // One text with line breaks, not an array: that is how this type lists its choices.
        Kind::CompositeControl => json!({"Choices": FIBRES.join("\n")}),
        Kind::PartnerDropDown => {
            let choices: Vec<Value> = PARTNERS
                .iter()
                .map(|p| json!({"text": null, "value": p.name, "code": p.id, "allowedFor": null}))
                .collect();
            json!({"Choices": choices})
        }
        Kind::Users | Kind::UsersTags => {
            let choices: Vec<Value> = USERS
                .iter()
                .map(|u| {
                    let (first, last) = u.name.split_once(' ').unwrap_or((u.name, ""));
                    json!({"FullName": u.name, "FirstName": first, "LastName": last, "UserName": u.username})
                })
                .collect();
            json!({"AllUsers": true, "Choices": choices})
        }
        Kind::Tags => json!({"MaxTags": 10, "MaxTagCharacters": 30}),
        Kind::ColorDropDown => json!({"Choices": []}),
        _ => json!({}),
    }
}

/// The code of a choice differs from its text, so that a client that sends the wrong one is noticed.
fn code(choice: &str) -> String {
    choice.chars().filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit()).collect()
}
