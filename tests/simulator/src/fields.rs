//! Field types and the fields of each master folder. The two main folders carry every type that the service
//! is known to have.

use serde_json::{Value, json};

mod sets;

pub(crate) use sets::*;

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

    /// Of a text, in UTF-16.
    pub(crate) fn most_characters(self) -> usize {
        if self == Kind::Memo { 4000 } else { 250 }
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

/// Digits of a number, before its point.
pub(crate) const MOST_DIGITS: usize = 9;
pub(crate) const DECIMAL_PLACES: usize = 2;
pub(crate) const MOST_TAGS: usize = 10;
pub(crate) const MOST_TAG_CHARACTERS: usize = 30;

pub(crate) struct Field {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// What a DropDown, Radio or MultiSelect offers.
    pub(crate) choices: &'static [&'static str],
}

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
            json!({"MaxValueCharacters": field.kind.most_characters(),
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
        Kind::Number => json!({"MaxDigits": MOST_DIGITS, "DefaultValue": null}),
        Kind::Decimal | Kind::Percent => json!({"DecimalPoints": DECIMAL_PLACES, "MaxDigits": MOST_DIGITS}),
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
        Kind::Tags => json!({"MaxTags": MOST_TAGS, "MaxTagCharacters": MOST_TAG_CHARACTERS}),
        Kind::ColorDropDown => json!({"Choices": []}),
        _ => json!({}),
    }
}

/// The code of a choice differs from its text, so that a client that sends the wrong one is noticed.
pub(crate) fn code(choice: &str) -> String {
    choice.chars().filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit()).collect()
}
