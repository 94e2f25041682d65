//! Records of the service, generated from the shapes of the catalogue.
//!
//! Every member may be absent or null, and members that the catalogue does not name are kept in `extra`.

#[allow(clippy::doc_markdown)]
mod generated;

pub use generated::*;

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
            {"name": "lost", "value": 1},
        ]);
        let style: StyleHeader = serde_json::from_value(json!({"headerData": {"fields": fields}})).unwrap();
        let row: DataTableRow = serde_json::from_value(json!({"fields": fields})).unwrap();
        assert_eq!(style.field("season"), Some(&"Fall".into()));
        assert_eq!(row.field("sizes"), Some(&json!(["S", "M"])));
        assert_eq!((style.field("due"), style.field("Season"), row.field("lost")), (None, None, None));
        let values: Vec<_> = style.values().into_iter().collect();
        let is = |id: &str, value: Value| (id.to_owned(), value);
        assert_eq!(
            values,
            [is("season", "Fall".into()), is("sizes", json!(["S", "M"])), is("due", Value::Null)]
        );
        assert_eq!(style.values(), row.values());
        assert!(StyleHeader::default().values().is_empty());
    }
}
