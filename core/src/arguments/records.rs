//! Records that are handed through as the caller gives them: sizes, suppliers, colours of a palette. Where the catalogue
//! says that they have no other members than it names, others are refused.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::encode::canonical;
use super::fields::fields;
use super::shown::shown;
use crate::catalog::{Member, Parameter};
use crate::error::{Error, Result};
use crate::near;
use crate::value::{FieldType, Place, write};

/// The list as it is sent, and whether the request may add one of its records or would be refused when it is sent again.
pub(super) fn prepare(parameter: &Parameter, value: &Value) -> Result<(Value, bool)> {
    let name = parameter.name;
    let items = value.as_array().filter(|items| items.iter().all(Value::is_object));
    let items = items.ok_or_else(|| Error::config(format!("{name} has to be a list of objects")))?;
    let mut adds = false;
    let mut sent = Vec::with_capacity(items.len());
    for (index, item) in items.iter().filter_map(Value::as_object).enumerate() {
        let place = format!("{name}[{index}]");
        let mut record = spelled(&place, item, parameter.read_as)?;
        if !parameter.members.is_empty() {
            check_known(&place, &record, parameter.members)?;
            days(&place, &mut record, parameter.members)?;
        }
        let removes = match parameter.values_in {
            Some(values) => row(&place, &mut record, values, parameter)?,
            None => false,
        };
        if !parameter.members.is_empty() {
            check_complete(&place, &record, parameter.members)?;
        }
        check_choice(&place, &record, parameter.one_of)?;
        adds |= !removes && parameter.adds_without.is_some_and(|member| !names_one(&record, member));
        adds |= parameter.not_again.is_some_and(|flag| record.get(flag) == Some(&Value::Bool(true)));
        sent.push(Value::Object(record));
    }
    Ok((sent.into(), adds))
}

/// A record that is an argument as it is.
pub(super) fn one(parameter: &Parameter, value: &Value) -> Result<Value> {
    match value {
        Value::Object(record) => check(parameter.name, record, parameter.members)?,
        other => return Err(no_record(parameter.name, other, parameter.members)),
    }
    Ok(canonical(value))
}

/// The record with its members by their names in the request.
fn spelled(name: &str, item: &Map<String, Value>, read_as: &[(&str, &str)]) -> Result<Map<String, Value>> {
    let mut record = Map::new();
    for (key, value) in item {
        let known = read_as.iter().find(|(_, spelling)| spelling == key);
        let key = known.map_or(key.as_str(), |(wire, _)| wire);
        let value = canonical(value);
        if record.get(key).is_some_and(|other| *other != value) {
            return Err(Error::config(format!("{name} has two values for {key}, in two spellings")));
        }
        record.insert(key.to_owned(), value);
    }
    Ok(record)
}

/// Puts the values of a row of a page into a list. Returns whether the row is to be removed, which needs its id.
fn row(place: &str, record: &mut Map<String, Value>, values: &str, parameter: &Parameter) -> Result<bool> {
    let removes = match parameter.removes_if.and_then(|name| Some((name, record.get(name)?))) {
        None | Some((_, Value::Null)) => false,
        Some((_, Value::Bool(flag))) => *flag,
        Some((name, other)) => {
            let text = format!("{place}.{name} has to be true or false, not {}", shown(other));
            return Err(Error::config(text));
        }
    };
    let has = |name: &str| record.get(name).is_some_and(|value| !value.is_null());
    if let Some(id) = parameter.adds_without.filter(|id| removes && !has(id)) {
        return Err(Error::config(format!("{place} is to be removed and has no {id}")));
    }
    let sent = match record.get(values) {
        Some(given) if !given.is_null() => fields(&format!("{place}.{values}"), given, &[])?,
        _ if removes => Value::Array(Vec::new()),
        _ => {
            let hint = parameter.adds_without.map_or("", |_| "; an empty list is for a new one");
            return Err(Error::config(format!("{place} has no {values}{hint}")));
        }
    };
    record.insert(values.to_owned(), sent);
    Ok(removes)
}

/// Refuses what a record of these members does not have, and one that lacks what it needs.
fn check(place: &str, record: &Map<String, Value>, members: &[Member]) -> Result<()> {
    check_known(place, record, members)?;
    check_complete(place, record, members)
}

/// Refuses members that the record does not have: the service seems to ignore them (docs/service/values.md, Schemas).
fn check_known(place: &str, record: &Map<String, Value>, members: &[Member]) -> Result<()> {
    for (key, value) in record {
        let Some(member) = members.iter().find(|member| member.name == key) else {
            let known: Vec<_> = members.iter().map(|member| member.name).collect();
            let hint = near::hint_or_all(key, &known, "members are");
            return Err(Error::config(format!("{place} has an unknown member {key:?}{hint}")));
        };
        if !member.members.is_empty() {
            check_within(&format!("{place}.{key}"), value, member.members)?;
        }
        match (member.needs, value) {
            (None, _) | (_, Value::Null | Value::Bool(false)) => {}
            (Some(needed), Value::Bool(true)) if is_given(record, needed) => {}
            (Some(needed), Value::Bool(true)) => {
                return Err(Error::config(format!("{place} has {key} and needs {needed}")));
            }
            (_, other) => {
                return Err(Error::config(format!(
                    "{place}.{key} has to be true or false, not {}",
                    shown(other)
                )));
            }
        }
    }
    Ok(())
}

/// Puts the days in a record into the form of the service.
fn days(place: &str, record: &mut Map<String, Value>, members: &[Member]) -> Result<()> {
    for member in members.iter().filter(|member| member.has_days()) {
        let place = format!("{place}.{}", member.name);
        match record.get_mut(member.name) {
            Some(value) if member.is_day => {
                let day = write(FieldType::Date, Place::Grid, value);
                *value = day.map_err(|refusal| Error::config(format!("{place} {refusal}")))?;
            }
            Some(Value::Object(within)) => days(&place, within, member.members)?,
            Some(Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let Value::Object(within) = item else { continue };
                    days(&format!("{place}[{index}]"), within, member.members)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_complete(place: &str, record: &Map<String, Value>, members: &[Member]) -> Result<()> {
    let is_missing = |member: &&Member| {
        let value = record.get(member.name);
        member.required && value.is_none_or(|value| value.is_null() && !member.nullable)
    };
    match members.iter().find(is_missing) {
        Some(member) => Err(Error::config(format!("{place} needs {}", member.name))),
        None => Ok(()),
    }
}

fn is_given(record: &Map<String, Value>, name: &str) -> bool {
    record.get(name).is_some_and(|value| !value.is_null() && value != "")
}

/// Refuses a record that has not exactly one of these members.
fn check_choice(place: &str, record: &Map<String, Value>, members: &[&str]) -> Result<()> {
    if members.is_empty() || members.iter().filter(|name| is_given(record, name)).count() == 1 {
        return Ok(());
    }
    Err(Error::config(format!("{place} needs exactly one of {}", members.join(", "))))
}

/// The same for a record in another, and for a list of records.
fn check_within(place: &str, value: &Value, members: &[Member]) -> Result<()> {
    match value {
        Value::Null => Ok(()),
        Value::Object(record) => check(place, record, members),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| match item {
            Value::Array(_) => Err(no_record(&format!("{place}[{index}]"), item, members)),
            item => check_within(&format!("{place}[{index}]"), item, members),
        }),
        other => Err(no_record(place, other, members)),
    }
}

fn no_record(place: &str, value: &Value, members: &[Member]) -> Error {
    let known: Vec<_> = members.iter().map(|member| member.name).collect();
    let known = known.join(", ");
    Error::config(format!("{place} has to be an object with {known}, not {}", shown(value)))
}

/// Whether the member holds the id of a record, in upper or lower case. A name may be that of none.
fn names_one(record: &Map<String, Value>, member: &str) -> bool {
    if let Some((outer, member)) = member.split_once('.') {
        return record.get(outer).and_then(Value::as_object).is_some_and(|record| names_one(record, member));
    }
    let id = record.iter().find(|(name, _)| name.eq_ignore_ascii_case(member));
    id.and_then(|(_, id)| id.as_str()).is_some_and(|id| Uuid::try_parse(id).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Operation;

    const ID: &str = "b4a6135b-c807-5cd7-bb3b-e3dd0c2993ed";

    fn run(operation: &str, name: &str, value: Value) -> Result<(Value, bool)> {
        let operation = Operation::find(operation).unwrap();
        prepare(operation.parameters.iter().find(|parameter| parameter.name == name).unwrap(), &value)
    }

    #[test]
    fn colours_are_taken_as_they_are_read() {
        let read = json!([{"_id": ID, "hex": "56684a", "color_number": "EX-03", "color_name": "Moss"}]);
        let sent = json!([{"id": ID, "hex": "56684a", "colorNumber": "EX-03", "colorName": "Moss"}]);
        assert_eq!(run("color.update", "colors", read).unwrap(), (sent.clone(), false));
        assert_eq!(run("color.update", "colors", sent.clone()).unwrap(), (sent, false));
        for id in ["_id", "Id", "id"] {
            let sent = (json!([{"id": ID, "hex": "56684a"}]), false);
            assert_eq!(run("color.update", "colors", json!([{id: ID, "hex": "56684a"}])).unwrap(), sent);
            assert_eq!(
                run("color.update", "colors", json!([{id: ID, "_id": ID, "hex": "56684a"}])).unwrap(),
                sent
            );
        }
        let error = run("color.update", "colors", json!([{"_id": ID, "id": "another"}])).unwrap_err();
        assert!(error.message().contains("colors[0] has two values for id"), "{error}");
    }

    #[test]
    fn unknown_members_are_refused_where_all_are_known() {
        let update = |row: Value| run("tracking.style_timeline_update", "timelines", json!([row]));
        let whole = json!({"id": "r", "size": {"value": null}, "supplier": {"add": ["p"], "remove": []},
                           "timelines": [{"id": "e", "final": {"value": null}}]});
        assert_eq!(update(whole.clone()).unwrap(), (json!([whole]), false));
        assert!(update(json!({"id": "r", "size": null, "timelines": null})).is_ok());
        for (row, says) in [
            (json!({"id": "r", "colorwayID": {}}), " has an unknown member \"colorwayID\"; did you mean"),
            (json!({"id": "r", "x": 1}), " has an unknown member \"x\"; members are id, colorwayId, size, "),
            (json!({"id": "r", "size": {"x": "M"}}), ".size has an unknown member \"x\"; members are value"),
            (json!({"id": "r", "size": "M"}), ".size has to be an object with value, not \"M\""),
            (json!({"id": "r", "timelines": ["e"]}), ".timelines[0] has to be an object with id, "),
            (json!({"id": "r", "timelines": [{"id": "e"}, {"x": 1}]}), ".timelines[1] has an unknown member"),
            (json!({"id": "r", "timelines": [{"status": null}]}), ".timelines[0] needs id"),
            (json!({"size": {"value": "M"}}), " needs id"),
            (json!({"id": null}), " needs id"),
        ] {
            let error = update(row).unwrap_err();
            assert!(error.message().starts_with(&format!("timelines[0]{says}")), "{error}");
        }
        // Members of colours are those of the folder too.
        assert!(run("color.update", "colors", json!([{"id": ID, "x": 1}])).is_ok());
    }

    #[test]
    fn a_value_may_be_null_and_has_to_be_there() {
        let update = |field: Value| {
            let items = json!([{"styleUpdate": {"rowId": "r", "rowFields": [field]}}]);
            run("style.app_sets_update", "items", items)
        };
        assert!(update(json!({"id": "qty", "value": null})).is_ok());
        for (field, says) in [
            (json!({"id": "qty"}), " needs value"),
            (json!({"id": null, "value": "1"}), " needs id"),
            (json!({"id": "qty", "Value": "1"}), " has an unknown member \"Value\""),
        ] {
            let error = update(field).unwrap_err();
            let says = format!("items[0].styleUpdate.rowFields[0]{says}");
            assert!(error.message().starts_with(&says), "{error}");
        }
    }

    #[test]
    fn an_argument_that_is_a_record_is_checked_too() {
        let operation = Operation::find("material.app_3d_material_update").unwrap();
        let textures = operation.parameters.iter().find(|parameter| parameter.name == "textures").unwrap();
        let given = json!({"front": "t-1", "back": null});
        assert_eq!(one(textures, &given).unwrap(), given);
        for (given, says) in [
            (json!({"Front": "t-1"}), "textures has an unknown member \"Front\"; did you mean \"front\"?"),
            (json!(["t-1"]), "textures has to be an object with front, back, not a list of 1"),
            (json!("t-1"), "textures has to be an object with front, back, not \"t-1\""),
        ] {
            let error = one(textures, &given).unwrap_err();
            assert!(error.message().starts_with(says), "{error}");
        }
    }

    #[test]
    fn a_record_has_one_of_the_members_that_exclude_each_other() {
        let update = |change: Value| run("style.app_bom_update", "rows", json!([change]));
        let row = |row: Value| json!({"materialUpdate": row});
        for (change, adds) in [
            (json!({"materialIdToInsert": ID}), true),
            (json!({"materialIdToInsert": ID, "materialUpdate": null}), true),
            (row(json!({"rowFields": [{"id": "qty", "value": 1}]})), true),
            (row(json!({"rowId": ID, "rowFields": [{"id": "qty", "value": null}]})), false),
            (row(json!({"rowId": ID, "deleteRow": true})), false),
            (row(json!({"rowId": ID, "deleteRow": false})), false),
        ] {
            assert_eq!(update(change.clone()).unwrap().1, adds, "{change}");
        }
        for (change, says) in [
            (
                json!({"materialIdToInsert": ID, "materialUpdate": {}}),
                " needs exactly one of materialIdToInsert, ",
            ),
            (json!({"colorUpdate": []}), " needs exactly one of materialIdToInsert, materialUpdate"),
            (row(json!({"deleteRow": true})), ".materialUpdate has deleteRow and needs rowId"),
            (row(json!({"rowId": "", "deleteRow": true})), ".materialUpdate has deleteRow and needs rowId"),
            (
                row(json!({"rowId": ID, "deleteRow": "yes"})),
                ".materialUpdate.deleteRow has to be true or false",
            ),
            (row(json!({"rowId": ID, "fields": []})), ".materialUpdate has an unknown member \"fields\""),
        ] {
            let error = update(change).unwrap_err();
            assert!(error.message().starts_with(&format!("rows[0]{says}")), "{error}");
        }
    }

    #[test]
    fn rows_of_pages_have_their_values_in_a_list() {
        let grid = |row: Value| run("style.app_grid_update", "rows", json!([row]));
        let item = |item: Value| run("style.app_list_update", "list_items", json!([item]));
        let press = json!([{"id": "step", "value": "Press"}]);
        for values in [json!({"step": "Press"}), press.clone()] {
            let sent = json!([{"rowId": ID, "rowFields": press}]);
            assert_eq!(grid(json!({"rowId": ID, "rowFields": values})).unwrap(), (sent.clone(), false));
            assert_eq!(grid(json!({"rowId": ID, "fields": values})).unwrap(), (sent, false));
            let sent = json!([{"itemId": ID, "itemFields": press}]);
            assert_eq!(item(json!({"id": ID, "controls": values})).unwrap(), (sent, false));
        }
        // Without an id, one is added each time.
        assert!(grid(json!({"rowFields": {"step": "Press"}})).unwrap().1);
        assert!(grid(json!({"rowId": null, "rowFields": {"step": "Press"}})).unwrap().1);
        assert!(item(json!({"itemFields": {}})).unwrap().1);
        let removed = json!([{"rowId": ID, "deleteRow": true, "rowFields": []}]);
        assert_eq!(grid(json!({"rowId": ID, "deleteRow": true})).unwrap(), (removed, false));
        let removed = json!([{"itemId": "i", "deleteItem": true, "itemFields": []}]);
        assert_eq!(item(json!({"itemId": "i", "deleteItem": true})).unwrap(), (removed, false));
        for (row, says) in [
            (json!({"rowId": ID}), " has no rowFields; an empty list is for a new one"),
            (json!({"rowId": ID, "rowFields": null, "deleteRow": false}), " has no rowFields"),
            (json!({"deleteRow": true}), " is to be removed and has no rowId"),
            (json!({"rowId": ID, "deleteRow": "yes"}), ".deleteRow has to be true or false, not \"yes\""),
            (
                json!({"rowId": ID, "rowfields": {"step": 1}}),
                " has an unknown member \"rowfields\"; did you mean",
            ),
            (
                json!({"rowId": ID, "rowFields": "Press"}),
                ".rowFields has to be a map or a list of {id, value}",
            ),
            (json!({"rowId": ID, "rowFields": [{"id": "step"}]}), ".rowFields[0] has no value"),
        ] {
            let error = grid(row).unwrap_err();
            assert!(error.message().starts_with(&format!("rows[0]{says}")), "{error}");
        }
    }

    #[test]
    fn a_record_whose_second_request_is_refused_is_not_sent_again() {
        let update = |row: Value| run("style.app_bom_variation_update", "rows", json!([row])).unwrap().1;
        assert!(!update(json!({"rowId": ID, "rowFields": [{"id": "qty", "value": 2}]})));
        assert!(!update(json!({"rowId": ID, "deleteRow": false})));
        assert!(update(json!({"rowId": ID, "deleteRow": true})));
        assert!(update(json!({"materialId": ID})));
    }

    #[test]
    fn what_has_no_id_may_be_added() {
        for (operation, name, one, adds) in [
            ("color.update", "colors", json!({"colorNumber": "EX-03"}), true),
            ("color.update", "colors", json!({"id": ID, "removeColor": true}), false),
            ("material.update", "suppliers", json!({"Id": ID}), false),
            ("material.update", "suppliers", json!({"Name": "Example Mill"}), true),
            ("material.update", "sizes", json!({"name": "M"}), false),
            ("block.update", "size_classes", json!({"key": ID, "deleteSizeClass": true}), false),
            // It may be renamed by the first request.
            ("block.update", "size_classes", json!({"key": "Regular"}), true),
            ("style.update", "size_classes", json!({"name": "Regular"}), true),
            ("style.app_multimeasurements_update", "poms", json!({"id": ID, "code": "P1"}), false),
            ("style.app_multimeasurements_update", "poms", json!({"code": "P1"}), true),
            ("style.app_3d_style_version_update", "colorways", json!({"id": ID}), false),
            ("style.app_3d_style_version_update", "colorways", json!({"colorName": "Chalk"}), true),
        ] {
            assert_eq!(run(operation, name, json!([one])).unwrap().1, adds, "{operation} {one}");
        }
        assert!(run("style.update", "sizes", json!(["M"])).is_err());
        assert!(run("style.update", "sizes", json!({"name": "M"})).is_err());
    }
}
