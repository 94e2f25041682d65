//! Records of the service, generated from the shapes of the catalogue.
//!
//! Every member may be absent or null, except in what the client puts together itself. Members that the catalogue does not name
//! are kept in `extra`.

#[allow(clippy::doc_markdown)]
mod generated;

pub use generated::*;

use indexmap::IndexMap;
use serde_json::Value;

use crate::value;

impl Field {
    /// The value, read by the type of the field.
    fn read(&self) -> Value {
        value::value_of(self.r#type.as_deref(), self.value.as_ref().unwrap_or(&Value::Null))
    }
}

impl Colorway {
    /// Values by field id, the standard fields first: `color_number`, `color_name`, `primary`, `secondary`, `hide_colorway`,
    /// `comments`.
    #[must_use]
    pub fn values(&self) -> IndexMap<String, Value> {
        let record = serde_json::to_value(self).unwrap_or_default();
        value::values_of(&record).unwrap_or_default().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn values_of_fields_are_read_by_their_ids() {
        let fields = json!([
            {"id": "season", "name": "Season", "value": "Fall", "type": "DropDown"},
            {"id": "sizes", "value": ["S", "M"]},
            {"id": "due", "value": null},
            {"id": "active", "value": "Yes", "type": "TrueFalse"},
            {"name": "lost", "value": 1},
        ]);
        let style: StyleHeader = serde_json::from_value(json!({"headerData": {"fields": fields}})).unwrap();
        let row: DataTableRow = serde_json::from_value(json!({"fields": fields})).unwrap();
        assert_eq!(style.field("season"), Some("Fall".into()));
        assert_eq!(row.field("sizes"), Some(json!(["S", "M"])));
        assert_eq!(row.field("active"), Some(true.into()));
        assert_eq!((style.field("due"), style.field("Season"), row.field("lost")), (None, None, None));
        let values: Vec<_> = style.values().into_iter().collect();
        let is = |id: &str, value: Value| (id.to_owned(), value);
        assert_eq!(
            values,
            [
                is("season", "Fall".into()),
                is("sizes", json!(["S", "M"])),
                is("due", Value::Null),
                is("active", true.into())
            ]
        );
        assert_eq!(style.values(), row.values());
        assert!(StyleHeader::default().values().is_empty());
        let colorway =
            json!({"colorNumber": "01", "primaryColor": "56684A", "fields": {"pantone": "19-4052"}});
        let colorway: Colorway = serde_json::from_value(colorway).unwrap();
        let values: Vec<_> = colorway.values().into_iter().collect();
        assert_eq!(
            values,
            [
                is("color_number", "01".into()),
                is("primary", "56684a".into()),
                is("pantone", "19-4052".into())
            ]
        );
    }
}
