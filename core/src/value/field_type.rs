//! Types of fields, as far as their values differ.

/// A type of the service, or several whose values have the same forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldType {
    /// Text, Memo, ComboBox.
    Text,
    DropDown,
    Radio,
    MultiSelect,
    Tags,
    /// Number: integers only.
    Number,
    /// Decimal, Weight, Measure, Currency.
    Decimal,
    Percent,
    Date,
    DateTime,
    /// TrueFalse, InvertedTrueFalse.
    TrueFalse,
    Users,
    UsersTags,
    PartnerDropDown,
    CompositeControl,
    ColorDropDown,
    FormulaField,
    UserLabel,
    /// Label3dMaterial.
    TrueFalseLabel,
    /// Auto, and the other labels.
    Label,
    /// Values are passed on.
    Other,
}

impl FieldType {
    /// The type of this name, in upper or lower case. One that is not known is [`FieldType::Other`].
    pub(crate) fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "text" | "memo" | "combobox" => Self::Text,
            "dropdown" => Self::DropDown,
            "radio" => Self::Radio,
            "multiselect" => Self::MultiSelect,
            "tags" => Self::Tags,
            "number" => Self::Number,
            "decimal" | "weight" | "measure" | "currency" => Self::Decimal,
            "percent" => Self::Percent,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "truefalse" | "invertedtruefalse" => Self::TrueFalse,
            "users" => Self::Users,
            "userstags" => Self::UsersTags,
            "partnerdropdown" => Self::PartnerDropDown,
            "compositecontrol" => Self::CompositeControl,
            "colordropdown" => Self::ColorDropDown,
            "formulafield" => Self::FormulaField,
            "userlabel" => Self::UserLabel,
            "label3dmaterial" => Self::TrueFalseLabel,
            "auto" => Self::Label,
            label if label.starts_with("label") => Self::Label,
            _ => Self::Other,
        }
    }

    /// Whether the service computes the value, and ignores one that is sent.
    pub(crate) fn is_read_only(self) -> bool {
        matches!(self, Self::FormulaField | Self::UserLabel | Self::TrueFalseLabel | Self::Label)
    }
}
