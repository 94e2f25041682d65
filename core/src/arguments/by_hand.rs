//! A request that its caller has written: which operation it is, and where it goes.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{Prepared, plain, short_id, shown_text};
use crate::catalog::{
    Base, ClientValue, Effect, Kind, Method, Operation, Place, Replay, operations, segments,
};
use crate::error::{Error, Result};

/// What a caller can say of a request. A file that is stored has a call of its own.
const EFFECTS: [(&str, Effect); 5] = [
    ("read", Effect::Read),
    ("create", Effect::Create),
    ("update", Effect::Update),
    ("delete", Effect::Delete),
    ("action", Effect::Action),
];

const HOSTS: [(&str, Base); 2] = [("api", Base::Api), ("automation", Base::Automation)];

/// Finds the operation that decides how the request is treated.
pub(super) fn settle(prepared: &mut Prepared, arguments: &Map<String, Value>) -> Result<()> {
    let written = prepared.operation;
    let base = said(written, arguments, "host", &HOSTS)?.unwrap_or(written.base);
    let effect = said(written, arguments, "effect", &EFFECTS)?;
    let company = "company";
    if base == Base::Automation && !prepared.query.iter().any(|(name, _)| name == company) {
        prepared.of_client.push((company, ClientValue::Company));
    }
    prepared.operation = match known(base, written.method, &prepared.path, effect) {
        // Of what it is the catalogue says more than the caller.
        Some(known) if effect.is_some_and(|effect| effect != known.effect) => {
            return Err(contradiction(known, &prepared.path));
        }
        Some(known) => {
            prepared.adds_nothing = false;
            known
        }
        None => of_no_operation(written, base, effect),
    };
    Ok(())
}

/// What an argument says, which is one of the texts of its parameter.
fn said<T: Copy>(
    operation: &Operation,
    arguments: &Map<String, Value>,
    name: &str,
    meanings: &[(&str, T)],
) -> Result<Option<T>> {
    let parameter = operation.parameters.iter().find(|parameter| parameter.name == name);
    let given = arguments.get(name).filter(|given| !given.is_null());
    let (Some(parameter), Some(given)) = (parameter, given) else { return Ok(None) };
    let choice = plain::choice(parameter, given)?;
    Ok(meanings.iter().find(|(text, _)| *text == choice).map(|(_, meaning)| *meaning))
}

/// The operation behind a path. Of several it is the one with the effect that the caller names, or else the one that may be
/// repeated least.
fn known(base: Base, method: Method, path: &str, effect: Option<Effect>) -> Option<&'static Operation> {
    let of_path = || Operation::of_path(base, method, path);
    let named = of_path().find(|operation| Some(operation.effect) == effect);
    named.or_else(|| of_path().reduce(|least, other| if other.replay > least.replay { other } else { least }))
}

fn contradiction(known: &Operation, path: &str) -> Error {
    let effect = EFFECTS.iter().find(|(_, effect)| *effect == known.effect);
    let effect = effect.map_or("upload", |(name, _)| name);
    Error::config(format!(
        "{:?} is {}, whose effect is {effect}: leave effect out",
        shown_text(path),
        short_id(known)
    ))
}

/// A request that the catalogue has no operation for, treated as its caller says.
fn of_no_operation(written: &'static Operation, base: Base, effect: Option<Effect>) -> &'static Operation {
    static DECLARED: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let of_one = |written: &'static Operation| {
            HOSTS.iter().flat_map(move |(_, base)| {
                EFFECTS.iter().map(move |(_, effect)| Operation {
                    base: *base,
                    effect: *effect,
                    replay: if *effect == Effect::Read { Replay::Read } else { Replay::Unsafe },
                    ..written.clone()
                })
            })
        };
        operations().filter(|operation| operation.is_by_hand()).flat_map(of_one).collect()
    });
    let effect = effect.unwrap_or(written.effect);
    let declared = DECLARED
        .iter()
        .find(|declared| declared.id == written.id && declared.base == base && declared.effect == effect);
    // What stores a file has one effect.
    declared.unwrap_or(written)
}

/// The record that an upload to a path goes to, as far as the catalogue knows the path.
pub(crate) fn record(operation: &Operation, path: &str) -> Option<String> {
    let known = known(operation.base, operation.method, path, None)?;
    let id = known.parameters.iter().find(|one| one.place == Place::Path && one.kind == Kind::Id)?;
    let place = known.path.split('/').position(|segment| segment == format!("{{{}}}", id.name))?;
    segments(path).into_iter().nth(place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arguments::prepare;

    fn run(id: &str, arguments: Value) -> Result<Prepared> {
        prepare(Operation::find(id).unwrap(), arguments.as_object().unwrap())
    }

    #[test]
    fn a_known_path_is_that_operation() {
        let of = |id: &str, arguments: Value| run(id, arguments).unwrap().operation.id;
        assert_eq!(of("raw.get", json!({"path": "/style/header/delete/x-1"})), "style.attributes_delete");
        assert_eq!(of("raw.get", json!({"path": "autonumber"})), "raw.get");
        let upload = |path: &str| of("raw.upload", json!({"path": path, "file": {"path": "x.png"}}));
        assert_eq!(
            upload("material/material3dfrontTextureUpload"),
            "material.app_3d_material_texture_upload"
        );
        assert_eq!(upload("Material/Material3DTextureUpload"), "raw.upload");
        assert_eq!(of("raw.get", json!({"path": "Style/Header/Delete/x%252F1"})), "raw.get");
        let automation = json!({"path": "autonumber", "host": "automation"});
        assert_eq!(of("raw.get", automation), "automation.autonumber_generate");
        assert_eq!(of("raw.put", json!({"path": "Style/Header/Delete/x-1", "body": {}})), "raw.put");
    }

    #[test]
    fn a_known_path_is_that_operation_however_it_is_spelled() {
        let delete = json!({"path": "Style/%48eader/%44elete/x%2D1", "effect": "read"});
        assert!(run("raw.get", delete).unwrap_err().message().contains("is style.delete"));
        let update = json!({"path": "DataTable/joe%2Bx/Update", "body": [], "effect": "read"});
        assert!(run("raw.post", update).unwrap_err().message().contains("is data_tables.update"));
        let upload = Operation::find("raw.upload").unwrap();
        assert_eq!(record(upload, "Style/Header/joe%2Bx/Image/Upload").as_deref(), Some("joe+x"));
    }

    #[test]
    fn each_choice_of_the_catalogue_has_its_meaning() {
        let choices = |name: &str| {
            let shown = operations().filter(|operation| operation.is_by_hand());
            let found = shown.flat_map(|operation| operation.parameters).filter(|one| one.name == name);
            found.map(|one| one.choices.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(choices("effect"), vec![EFFECTS.map(|(name, _)| name).to_vec(); 5]);
        assert_eq!(choices("host"), vec![HOSTS.map(|(name, _)| name).to_vec(); 5]);
    }

    #[test]
    fn an_address_of_several_is_the_one_that_the_caller_names() {
        let page = |effect: Value| {
            run("raw.get", json!({"path": "Style/Page", "effect": effect})).unwrap().operation
        };
        assert_eq!(page(json!("read")).id, "style.app_get");
        assert_eq!(page(Value::Null).id, "style.app_bom_variation_list");
        assert_eq!(page(json!("action")).id, "style.app_bom_variation_list");
    }

    #[test]
    fn a_read_is_repeated_and_nothing_else() {
        for id in ["raw.get", "raw.post", "raw.put", "raw.patch", "raw.delete"] {
            for (name, effect) in EFFECTS {
                for (host, base) in HOSTS {
                    let operation =
                        run(id, json!({"path": "Un/Known", "body": 1, "effect": name, "host": host}));
                    let operation = match operation {
                        Ok(prepared) => prepared.operation,
                        // Without a body.
                        Err(_) => {
                            run(id, json!({"path": "Un/Known", "effect": name, "host": host}))
                                .unwrap()
                                .operation
                        }
                    };
                    assert_eq!((operation.id, operation.effect, operation.base), (id, effect, base));
                    assert_eq!(operation.replay == Replay::Read, name == "read");
                }
            }
            let plain = json!({"path": "Un/Known", "body": 1});
            let plain = run(id, plain).or_else(|_| run(id, json!({"path": "Un/Known"}))).unwrap().operation;
            assert_eq!((plain.effect, plain.replay, plain.base), (Effect::Action, Replay::Unsafe, Base::Api));
        }
    }

    #[test]
    fn an_effect_that_the_catalogue_contradicts_is_refused() {
        let error = run("raw.get", json!({"path": "Style/Header/Delete/x-1", "effect": "read"})).unwrap_err();
        assert_eq!(
            error.message(),
            "\"Style/Header/Delete/x-1\" is style.delete, whose effect is delete: leave effect out"
        );
        assert!(run("raw.get", json!({"path": "Style/Header/Delete/x-1", "effect": "delete"})).is_ok());
        let error = run("raw.get", json!({"path": "Un/Known", "effect": "upload"})).unwrap_err();
        assert_eq!(
            error.message(),
            "effect has to be one of read, create, update, delete, action, not \"upload\""
        );
        let error = run("raw.get", json!({"path": "Un/Known", "host": "Automation"})).unwrap_err();
        assert_eq!(error.message(), "host has to be one of api, automation, not \"Automation\"");
    }

    #[test]
    fn the_company_is_in_each_address() {
        let company = |arguments: Value| run("raw.get", arguments).unwrap().of_client.len();
        assert_eq!(company(json!({"path": "Un/Known"})), 0);
        assert_eq!(company(json!({"path": "x", "host": "automation"})), 1);
        assert_eq!(company(json!({"path": "x", "host": "automation", "query": {"company": "other"}})), 0);
    }

    #[test]
    fn the_record_of_an_upload_is_found_in_its_path() {
        let upload = Operation::find("raw.upload").unwrap();
        assert_eq!(record(upload, "/style/header/s-1/image/upload").as_deref(), Some("s-1"));
        assert_eq!(record(upload, "Unknown/s-1/Upload"), None);
    }
}
