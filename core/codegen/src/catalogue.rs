//! Reads `core/catalog/service/*.toml` and checks it.
//!
//! One `[[operation]]` is one operation for each entry of its `resources`. In all names and texts, `{Resource}` and
//! `{resource}` are replaced by the resource's name, `{record}` and `{records}` by what it holds: `wire = "{resource}Id"`,
//! `record = "{resource}_header"`. With `variants` it is several operations in each resource: `variants = [{ kind = "style" },
//! { kind = "material" }]` replaces `{kind}` and `{Kind}`, in `method` too.
//!
//! | member | states |
//! |---|---|
//! | `variants` | what replaces further placeholders, for each operation that the entry is in a resource |
//! | `words` of a resource | what replaces further placeholders in all entries for it: `words = { number = "headerNumber" }` replaces `{number}` |
//! | `noun` | what a record of the answer is called, where it is not what the resource holds |
//! | `one_of` | arguments of which a call has exactly one |
//! | kind `choice` | one of the texts in `choices` |
//! | kind `ids` | a list of ids |
//! | `needs` | of a boolean: the argument without which true means nothing |
//! | `adds_if_true` | of a boolean: that a request with true leaves other data when it is sent again |
//! | `adds_without` | of records: the member that is the id of a record to change, also one in a record in it: `materialUpdate.rowId`. One that has no such id may be added, so a request with it is not repeated |
//! | `not_again` | of records: a flag. A request with a record that has it is not repeated, because a second one would be refused |
//! | `one_of` of a parameter | of records: members of which each has exactly one |
//! | `most` | of an integer: the highest value |
//! | `closed` | of records, and of JSON that is one record: that a member which their shape does not have is refused, and one that it requires has to be there |
//! | `values_in` | of records that are rows of a page: the member that holds values of fields, a map or a list of `{id, value}`. It is sent as a list, which is empty in a record that is removed, and has to be given in others |
//! | `removes_if` | of the same: the member that is true in a record to remove, which then needs its id (`adds_without`) |
//! | `on_page` | of `fields`: that they are the form of a page, where yes and no are true and false, and at least one |
//! | `read_as` | of records: how answers spell members, by the names of the request: `read_as = { id = ["_id", "Id"] }`. The request takes all |
//! | `new_needs` | of colorways: the fields that one needs to be added |
//! | `moves_to` | of an operation on the record that its path names: the argument that names the folder in which the record is afterwards |
//! | `absent` | what is sent for an argument that is not given: nothing, `empty`, `null`, `empty_array` or `false` |
//! | `[[operation.implied]]` | a value that is sent as `wire` in the `place` `query` or `body` and is no argument: a `value`, one of the `client` (`company`, in the query), or that of an `argument` which is sent in two places |
//! | kind `file` | a file: a path, bytes or a stream of the language with a file name, or a URL. The body `multipart` sends it as the part `wire`, in an operation with the effect and the handler `upload` |
//! | answer `file` | the answer is a file: a read with the handler `download`, and with a parameter of the kind `target`, the path that the file is written to. Without a value of it, the file is the raw body of the answer |
//! | base `link` | the address is the argument of the kind `link`: a signed link, which takes no token and is not counted |
//! | `poll` | of an upload: the `operation` of the same resource that says whether the file is processed, whose one `argument` is the member `from` of the answer; `fallback` is asked when that finds nothing, in the resources that have it; it ends when its member `until` is true, as a failure with `message` if `failed` is true too |
//! | `app_types` | of an operation with the argument `app_id`: the types of the applications whose pages it writes |
//! | `lists_apps` | that the answer lists applications with their types |
//! | handler `delete_files` | the names of files on a page that are to go; `look` reads the page, and shows what became of them |
//! | handler `download_many` | files by a list of the kind `records`, each read as the operation `look` reads one |
//! | `look` | the read, of the same resource, of the record: it shows what became of a delete whose answer leaves it open, and has the link that takes the place of one that has expired |
//! | `gathers_into` | with the handler `load`: the operation of the same resource that reads many records by their ids |
//! | `of_many` | with the handler `get_apps_of_many`: the operations of the same resource that read many `records` by their ids, list the `apps` of one, and read the `schema` of an application |
//! | `held` | with the handler `acquire`: the `name` of what it takes, which `with_lock` and the like hold for the length of some work, and the operation that gives it back (`release`, with the handler `release`), whose arguments are those that the former requires |
//! | `tells_limits` | that the answer holds the limits of the service; of one operation at most |
//! | `schema` of filters, `fields`, `colorways`, `records` and `table_rows` | where the fields are listed that they may name: an operation, and its argument, whose value is that of the argument of this name beside them, or the folder of the record that the argument `record` names |
//! | `standard` of filters | fields that they may name besides |

mod checks;
mod downloads;
mod example;
mod held;
mod implied;
mod lists;
mod members;
mod parameters;
mod references;
mod uploads;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::example::Example;
use self::held::Held;
pub(crate) use self::implied::{ClientValue, Source};
use self::implied::{Implied, ImpliedEntry};
pub(crate) use self::lists::{Lookup, OfMany, Schema};
pub(crate) use self::members::Member;
use self::uploads::Poll;
pub(crate) use self::words::{
    Absent, Answer, Base, Body, Effect, Handler, Kind, Method, Place, Replay, Rows,
};
use crate::names;
use crate::placeholders::{self, Names, Resources, Variant};
use crate::shapes::Family;

/// A group of operations: `client.style`.
#[derive(Debug, Serialize)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    /// What one record is called in texts: `style`.
    pub(crate) doc: String,
    /// The call that the reference shows.
    pub(crate) example: Example,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// The name in the official Python SDK, without the resource.
    pub(crate) official: String,
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    pub(crate) method: Method,
    pub(crate) base: Base,
    pub(crate) path: String,
    pub(crate) effect: Effect,
    pub(crate) replay: Replay,
    pub(crate) paged: bool,
    /// What a record of the answer is called.
    pub(crate) noun: String,
    /// Member that identifies a record of the answer; empty where none does so for good.
    pub(crate) identity: String,
    pub(crate) lookup: Option<Lookup>,
    pub(crate) rows: Option<Rows>,
    pub(crate) answer: Answer,
    /// Shape of a record of the answer.
    pub(crate) record: Option<String>,
    pub(crate) body: Body,
    pub(crate) handler: Handler,
    /// Id of the read of the record, or of that of one file of many.
    pub(crate) look: Option<String>,
    /// The read of many that reads of single records are gathered into.
    pub(crate) gathers_into: Option<String>,
    pub(crate) of_many: Option<OfMany>,
    pub(crate) held: Option<Held>,
    pub(crate) poll: Option<Poll>,
    /// The parameter that names the folder in which the record is afterwards.
    pub(crate) moves_to: Option<String>,
    /// Whether the answer holds the limits of the service.
    pub(crate) tells_limits: bool,
    /// Parameters of which exactly one is given.
    pub(crate) one_of: Vec<String>,
    /// Types of the applications whose pages it writes.
    pub(crate) app_types: Vec<String>,
    /// Whether the answer lists applications with their types.
    pub(crate) lists_apps: bool,
    pub(crate) since: String,
    pub(crate) doc: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) implied: Vec<Implied>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) wire: String,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    /// Shape of an element, for records and table rows.
    pub(crate) record: Option<String>,
    pub(crate) required: bool,
    pub(crate) absent: Absent,
    /// Of filters, field values and rows: where the fields are listed that they may name.
    pub(crate) schema: Option<Schema>,
    /// Of filters: fields that they may name besides.
    pub(crate) standard: Vec<String>,
    /// The texts of a choice.
    pub(crate) choices: Vec<String>,
    /// Of a boolean: the parameter without which true means nothing.
    pub(crate) needs: Option<String>,
    /// Of a boolean: whether true makes a request that leaves other data when it is sent again.
    pub(crate) adds_if_true: bool,
    /// Of records: the member that holds the id of a record that is changed. One without it may be added.
    pub(crate) adds_without: Option<String>,
    /// Of records: the flag with which a request is refused when it is sent again.
    pub(crate) not_again: Option<String>,
    /// Of records: members of which each has exactly one.
    pub(crate) one_of: Vec<String>,
    /// Of an integer: the highest value.
    pub(crate) most: Option<u64>,
    /// Of records: the member that holds values of fields.
    pub(crate) values_in: Option<String>,
    /// Of records: the member that is true in one to remove.
    pub(crate) removes_if: Option<String>,
    /// Of field values: whether they are the form of a page.
    pub(crate) on_page: bool,
    /// Of colorways: the fields that one needs to be added.
    pub(crate) new_needs: Vec<String>,
    /// Of records: how answers spell members, by their names in the request.
    pub(crate) read_as: BTreeMap<String, Vec<String>>,
    /// Of records, or of one as JSON: whether they have the members of their shape alone.
    pub(crate) closed: bool,
    /// Those members.
    pub(crate) members: Vec<Member>,
    pub(crate) doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    operation: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceFile {
    resource: Vec<ResourceEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceEntry {
    name: String,
    record: String,
    records: String,
    #[serde(default)]
    words: Variant,
    doc: String,
    example: Example,
}

impl ResourceEntry {
    fn names(&self) -> Names {
        Names::of(&self.name, &self.record, &self.records).with(&self.words)
    }
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: Option<String>,
    resources: Vec<String>,
    #[serde(default)]
    variants: Vec<Variant>,
    method: String,
    base: Base,
    path: String,
    effect: Effect,
    replay: Replay,
    paging: Option<Paging>,
    #[serde(default = "noun")]
    noun: String,
    #[serde(default = "id")]
    identity: String,
    lookup: Option<Lookup>,
    rows: Option<Rows>,
    answer: Answer,
    record: Option<String>,
    body: Body,
    #[serde(default)]
    handler: Handler,
    look: Option<String>,
    gathers_into: Option<String>,
    of_many: Option<OfMany>,
    held: Option<Held>,
    poll: Option<Poll>,
    moves_to: Option<String>,
    #[serde(default)]
    tells_limits: bool,
    #[serde(default)]
    one_of: Vec<String>,
    #[serde(default)]
    app_types: Vec<String>,
    #[serde(default)]
    lists_apps: bool,
    since: String,
    doc: String,
    #[serde(default)]
    parameter: Vec<ParameterEntry>,
    #[serde(default)]
    implied: Vec<ImpliedEntry>,
}

fn id() -> String {
    "id".to_owned()
}

fn noun() -> String {
    "{record}".into()
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Paging {
    Page,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct ParameterEntry {
    name: String,
    wire: Option<String>,
    place: Place,
    kind: Kind,
    record: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    absent: Absent,
    schema: Option<Schema>,
    #[serde(default)]
    standard: Vec<String>,
    #[serde(default)]
    choices: Vec<String>,
    needs: Option<String>,
    #[serde(default)]
    adds_if_true: bool,
    adds_without: Option<String>,
    not_again: Option<String>,
    #[serde(default)]
    one_of: Vec<String>,
    most: Option<u64>,
    values_in: Option<String>,
    removes_if: Option<String>,
    #[serde(default)]
    on_page: bool,
    #[serde(default)]
    new_needs: Vec<String>,
    #[serde(default)]
    read_as: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    closed: bool,
    only: Option<Vec<String>>,
    doc: String,
}

/// What placeholders mean for each resource.
pub(crate) fn names(folder: &Path) -> Result<Resources, String> {
    let described: ResourceFile = parse(&folder.join("resources.toml"))?;
    Ok(described.resource.iter().map(|resource| (resource.name.clone(), resource.names())).collect())
}

/// All resources with their operations, in the order of the catalogue.
pub(crate) fn read(folder: &Path, families: &[Family]) -> Result<Vec<Resource>, String> {
    let described: ResourceFile = parse(&folder.join("resources.toml"))?;
    let mut files: Vec<_> = std::fs::read_dir(folder.join("service"))
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let mut entries = Vec::new();
    for file in files {
        entries.extend(parse::<File>(&file)?.operation);
    }
    let known: BTreeSet<_> = described.resource.iter().map(|resource| resource.name.as_str()).collect();
    for entry in &entries {
        if let Some(name) = entry.resources.iter().find(|name| !known.contains(name.as_str())) {
            return Err(format!("operation {}: resource {name} is not in resources.toml", entry.id));
        }
        let fallback = entry.poll.as_ref().and_then(|poll| poll.fallback.as_ref());
        if let Some(id) = fallback.filter(|id| !entries.iter().any(|entry| entry.id == **id)) {
            return Err(format!("operation {}: poll: there is no operation {id}", entry.id));
        }
    }
    let mut resources = Vec::new();
    for resource in &described.resource {
        let mut operations = Vec::new();
        for entry in entries.iter().filter(|entry| entry.resources.contains(&resource.name)) {
            let problem = |text: String| format!("operation {}.{}: {text}", resource.name, entry.id);
            operations.extend(all_of(entry, resource).map_err(problem)?);
        }
        let ids: BTreeSet<_> = operations.iter().map(|operation| operation.id.clone()).collect();
        for poll in operations.iter_mut().filter_map(|operation| operation.poll.as_mut()) {
            poll.fallback = poll.fallback.take().filter(|id| ids.contains(id));
        }
        resources.push(Resource {
            name: resource.name.clone(),
            camel: names::camel(&resource.name),
            pascal: names::pascal(&resource.name),
            doc: resource.doc.clone(),
            example: resource.example.clone(),
            operations,
        });
    }
    checks::validate(&resources, families)?;
    members::note(&mut resources, families);
    Ok(resources)
}

pub(crate) fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The operations that an entry is in a resource.
fn all_of(entry: &Entry, resource: &ResourceEntry) -> Result<Vec<Operation>, String> {
    placeholders::check(&entry.variants)?;
    let names = resource.names();
    match entry.variants.as_slice() {
        [] => Ok(vec![resolve(entry, resource, &names)?]),
        variants => variants.iter().map(|variant| resolve(entry, resource, &names.with(variant))).collect(),
    }
}

fn resolve(entry: &Entry, resource: &ResourceEntry, names: &Names) -> Result<Operation, String> {
    let official = names.name(&entry.id)?;
    let name = names.name(entry.name.as_ref().unwrap_or(&entry.id))?;
    let of_resource = |id: &str| Ok::<_, String>(format!("{}.{}", resource.name, names.name(id)?));
    Ok(Operation {
        id: format!("{}.{official}", resource.name),
        official,
        camel: names::camel(&name),
        pascal: names::pascal(&name),
        name,
        method: names.word("method", &entry.method)?,
        base: entry.base,
        path: names.fill(&entry.path),
        effect: entry.effect,
        replay: entry.replay,
        paged: entry.paging.is_some(),
        noun: names.fill(&entry.noun),
        identity: entry.identity.clone(),
        lookup: match entry.lookup.clone() {
            Some(lookup) => Some(Lookup {
                list: of_resource(&lookup.list)?,
                member: names.name(&lookup.member)?,
                ..lookup
            }),
            None => None,
        },
        rows: entry.rows,
        answer: entry.answer,
        record: entry.record.as_deref().map(|record| names.name(record)).transpose()?,
        body: entry.body,
        handler: entry.handler,
        look: entry.look.as_deref().map(of_resource).transpose()?,
        gathers_into: entry.gathers_into.as_deref().map(of_resource).transpose()?,
        of_many: match entry.of_many.clone() {
            Some(of) => Some(OfMany {
                records: of_resource(&of.records)?,
                apps: of_resource(&of.apps)?,
                schema: of_resource(&of.schema)?,
            }),
            None => None,
        },
        held: entry.held.clone().map(|held| held.of(resource, names)).transpose()?,
        poll: match entry.poll.clone() {
            Some(poll) => Some(Poll {
                operation: of_resource(&poll.operation)?,
                fallback: poll.fallback.as_deref().map(of_resource).transpose()?,
                ..poll
            }),
            None => None,
        },
        moves_to: entry.moves_to.clone(),
        tells_limits: entry.tells_limits,
        one_of: entry.one_of.clone(),
        app_types: entry.app_types.clone(),
        lists_apps: entry.lists_apps,
        since: entry.since.clone(),
        doc: names.fill(&entry.doc),
        parameters: entry
            .parameter
            .iter()
            .filter(|parameter| parameter.only.as_ref().is_none_or(|only| only.contains(&resource.name)))
            .map(|parameter| resolve_parameter(parameter, names))
            .collect::<Result<_, _>>()?,
        implied: entry.implied.iter().map(|implied| implied.resolve(names)).collect::<Result<_, _>>()?,
    })
}

fn resolve_parameter(parameter: &ParameterEntry, names: &Names) -> Result<Parameter, String> {
    let name = names.name(&parameter.name)?;
    Ok(Parameter {
        camel: names::camel(&name),
        wire: names.name(parameter.wire.as_ref().unwrap_or(&parameter.name))?,
        name,
        place: parameter.place,
        kind: parameter.kind,
        record: parameter.record.as_deref().map(|record| names.name(record)).transpose()?,
        required: parameter.required,
        absent: parameter.absent,
        schema: match &parameter.schema {
            Some(schema) => Some(Schema {
                operation: names.name(&schema.operation)?,
                argument: names.name(&schema.argument)?,
                record: schema.record.as_deref().map(|record| names.name(record)).transpose()?,
            }),
            None => None,
        },
        standard: parameter.standard.clone(),
        choices: parameter.choices.clone(),
        needs: parameter.needs.clone(),
        adds_if_true: parameter.adds_if_true,
        adds_without: parameter.adds_without.clone(),
        not_again: parameter.not_again.clone(),
        one_of: parameter.one_of.clone(),
        most: parameter.most,
        values_in: parameter.values_in.clone(),
        removes_if: parameter.removes_if.clone(),
        on_page: parameter.on_page,
        new_needs: parameter.new_needs.clone(),
        read_as: parameter.read_as.clone(),
        closed: parameter.closed,
        members: Vec::new(),
        doc: names.fill(&parameter.doc),
    })
}
