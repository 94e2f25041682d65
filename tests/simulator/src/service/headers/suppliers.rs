//! Suppliers of materials.

use serde_json::{Map, Value, json};

use crate::people::{PARTNERS, partner_by_id, supplier};

/// Suppliers come as full objects or by id alone; they are read in Pascal case.
pub(super) fn stored(sent: &Value) -> Value {
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
