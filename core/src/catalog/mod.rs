//! The operation table: what each operation is on the wire, and how it may be treated.
//!
//! The table is generated from `core/catalog`; code interprets it and nowhere asks for a particular operation by name
//! to decide how to send it.

mod generated;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

/// What happens on the server, whatever the verb says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing changes.
    Read,
    /// A record appears.
    Create,
    /// A record changes.
    Update,
    /// A record disappears.
    Delete,
    /// A file is stored.
    Upload,
    /// Anything else, or not known.
    Action,
}

/// Whether a request may be sent a second time. The later of two is the stricter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Replay {
    /// A read: any number of times.
    Read,
    /// A second send leaves the same data.
    SameState,
    /// A second send leaves the same data if nothing is added by it.
    Conditional,
    /// Never, once it may have arrived.
    Unsafe,
}

/// HTTP verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Which host an operation lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Api,
    Automation,
    /// Wherever a signed link of an answer leads: without a token, and not counted.
    Link,
}

/// Where an argument goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Body,
    /// Into the operation's handler; not sent as it is.
    Handler,
}

/// Type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Ids,
    Text,
    Texts,
    /// One of the texts of its parameter.
    Choice,
    /// From 0.
    Integer,
    Boolean,
    /// A signed link, which is the address.
    Link,
    /// The path that the file of the answer is written to.
    Target,
    Filters,
    ColorwayFilters,
    Fields,
    File,
    Colorways,
    Records,
    TableRows,
    Json,
    RelativePath,
    QueryMap,
}

/// What is sent for an argument that was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Omit,
    Empty,
    Null,
    EmptyArray,
    False,
}

/// Form of the request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    None,
    Object,
    /// The one body parameter is the body.
    Array,
    EmptyObject,
    /// The one body parameter is the body, whatever it is.
    Json,
    /// The one body parameter is a file.
    Multipart,
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    List,
    Object,
    Message,
    Any,
    /// Bytes, whatever they are.
    File,
}

/// Who carries an operation out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    /// One request.
    Request,
    /// A read of the answer's state when the service's own answer cannot be trusted.
    DeleteHeader,
    /// The same of files on a page, by their names.
    DeleteFiles,
    GetByNumber,
    GetManyByNumber,
    /// Records by id, in as few requests as the service allows.
    GetMany,
    /// A record by id, gathered with others into a read of many.
    Load,
    /// A set of edits, compared with what is there.
    PreviewChanges,
    /// A preview, carried out.
    ApplyChanges,
    /// One that was begun, carried on.
    ResumeChanges,
    /// Pages of many records.
    GetAppsOfMany,
    UpdateRows,
    /// A request with a file, and reads until the service has processed it.
    Upload,
    /// A file that is read.
    Download,
    /// Files that are read to paths.
    DownloadMany,
    /// A request that takes something, which is given back if its caller has gone.
    Acquire,
    /// A request that gives it back.
    Release,
    /// A request whose path may belong to another operation.
    Raw,
}

/// Where records are looked up by a text of theirs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup {
    /// Id of the list.
    pub(crate) list: &'static str,
    /// What its filters call the text.
    pub(crate) field: &'static str,
    /// What its records call it.
    pub(crate) member: &'static str,
}

/// What a read of the pages of many records needs besides: ids of operations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfMany {
    /// The read of many records by their ids.
    pub(crate) records: &'static str,
    /// The list of the applications of a record.
    pub(crate) apps: &'static str,
    /// The schema of an application.
    pub(crate) schema: &'static str,
}

/// How the client learns that what was sent is processed.
#[derive(Debug, Clone)]
pub(crate) struct Poll {
    /// Id of the read that says so.
    pub(crate) operation: &'static str,
    /// Id of another, with the same argument, for when that does not know the file.
    pub(crate) fallback: Option<&'static str>,
    /// Its one argument.
    pub(crate) argument: &'static str,
    /// Member of the answer that is the argument's value. Without it there is nothing to wait for.
    pub(crate) from: &'static str,
    /// Member of what is read that is true at the end.
    pub(crate) until: &'static str,
    /// Member that is true at the end of a failure.
    pub(crate) failed: &'static str,
    /// Member that says why it failed.
    pub(crate) message: &'static str,
}

/// How many records one request may carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) place: Place,
    pub(crate) limit: usize,
}

/// Where the fields are listed that an argument may name.
#[derive(Debug)]
pub(crate) struct FieldSchema {
    /// Id of the operation that lists them.
    pub(crate) operation: &'static str,
    /// Its one argument, which has the value that the argument of this name has beside the fields.
    pub(crate) argument: &'static str,
    /// The argument that names a record, where the value is the folder of that record.
    pub(crate) record: Option<&'static str>,
}

/// One argument of an operation.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) wire: &'static str,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) absent: Absent,
    /// Of filters, field values and rows: where the fields are listed that they may name.
    pub(crate) schema: Option<FieldSchema>,
    /// Of filters: fields that they may name besides.
    pub(crate) standard: &'static [&'static str],
    /// The texts of a choice.
    pub(crate) choices: &'static [&'static str],
    /// Of a boolean: the argument without which true means nothing.
    pub(crate) needs: Option<&'static str>,
    /// Of a boolean: whether a request with true leaves other data when it is sent again.
    pub(crate) adds_if_true: bool,
    /// Of records: the member that holds the id of a record that is changed. One without it may be added.
    pub(crate) adds_without: Option<&'static str>,
    /// Of records: the flag with which a request is refused when it is sent again.
    pub(crate) not_again: Option<&'static str>,
    /// Of records: members of which each has exactly one.
    pub(crate) one_of: &'static [&'static str],
    /// Of an integer: the highest value.
    pub(crate) most: Option<u64>,
    /// Of records: the member that holds values of fields.
    pub(crate) values_in: Option<&'static str>,
    /// Of records: the member that is true in one to remove.
    pub(crate) removes_if: Option<&'static str>,
    /// Of field values: whether they are the form of a page.
    pub(crate) on_page: bool,
    /// Of colorways: the fields that one needs to be added.
    pub(crate) new_needs: &'static [&'static str],
    /// Of records: members by their names in the request, and how answers spell them.
    pub(crate) read_as: &'static [(&'static str, &'static str)],
    /// Of records, or of one as JSON: all members that they may have. None where others are sent too.
    pub(crate) members: &'static [Member],
}

impl Parameter {
    /// Of records: whether some of their values are checked by their types.
    pub(crate) fn has_checked_values(&self) -> bool {
        self.values_in.is_some() || self.schema.is_some() || self.members.iter().any(Member::has_days)
    }
}

/// A member of a record in a request.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// Whether null is a value of it: then it only has to be there.
    pub(crate) nullable: bool,
    /// Whether it is a day.
    pub(crate) is_day: bool,
    /// Of a flag: the member that is needed where it is true.
    pub(crate) needs: Option<&'static str>,
    /// All members of the record, or the records, that it holds.
    pub(crate) members: &'static [Member],
}

impl Member {
    /// Whether a day is in it.
    pub(crate) fn has_days(&self) -> bool {
        self.is_day || self.members.iter().any(Self::has_days)
    }
}

/// A value that is sent and is no argument.
#[derive(Debug)]
pub(crate) struct Implied {
    pub(crate) wire: &'static str,
    pub(crate) place: Place,
    pub(crate) source: Source,
}

/// Where an implied value comes from.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)] // The present catalogue has no fixed values.
pub(crate) enum Source {
    Text(&'static str),
    Integer(i64),
    Boolean(bool),
    Client(ClientValue),
    /// The argument of this name, which is sent in two places.
    Argument(&'static str),
}

/// What a client knows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ClientValue {
    /// The domain of its company.
    Company,
}

/// One operation of the service.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `style.attributes_list`.
    pub id: &'static str,
    /// `style`.
    pub resource: &'static str,
    /// Short name: `list`.
    pub name: &'static str,
    /// Name in the official Python client: `attributes_list`.
    pub official: &'static str,
    /// What it does on the server.
    pub effect: Effect,
    /// Whether it may be sent again.
    pub replay: Replay,
    /// Whether its answer comes in pages.
    pub paged: bool,
    /// What a record of the answer is called.
    pub(crate) noun: &'static str,
    /// Member that identifies a record of the answer; empty where none does so for good.
    pub(crate) identity: &'static str,
    pub(crate) lookup: Option<Lookup>,
    pub(crate) method: Method,
    pub(crate) base: Base,
    pub(crate) path: &'static str,
    pub(crate) rows: Option<Rows>,
    pub(crate) answer: AnswerKind,
    pub(crate) body: BodyKind,
    pub(crate) handler: Handler,
    /// Id of the read of the record: it shows what became of a delete whose answer leaves it open, and has a link in the place of
    /// one that has expired. Of many: that of one.
    pub(crate) look: Option<&'static str>,
    /// Id of the read of many that reads of single records are gathered into.
    pub(crate) gathers_into: Option<&'static str>,
    pub(crate) of_many: Option<OfMany>,
    /// Id of the operation that gives back what this one takes.
    pub(crate) gives_back: Option<&'static str>,
    pub(crate) poll: Option<Poll>,
    /// The argument that names the folder in which the record is afterwards.
    pub(crate) moves_to: Option<&'static str>,
    /// Whether its answer holds the limits of the service.
    pub(crate) tells_limits: bool,
    /// Arguments of which a call has exactly one.
    pub(crate) one_of: &'static [&'static str],
    /// Types of the applications whose pages it writes; `app_id` is the application.
    pub(crate) app_types: &'static [&'static str],
    /// Whether its answer lists applications with their types.
    pub(crate) lists_apps: bool,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) implied: &'static [Implied],
}

impl Operation {
    /// The operation with this id, or with this resource and short name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        static BY_NAME: LazyLock<HashMap<String, &'static Operation>> = LazyLock::new(|| {
            let mut by_name = HashMap::new();
            for operation in operations() {
                by_name.insert(operation.id.to_owned(), operation);
                by_name.insert(format!("{}.{}", operation.resource, operation.name), operation);
            }
            by_name
        });
        BY_NAME.get(name).copied()
    }

    /// Whether its path is written by the caller.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.kind == Kind::RelativePath)
    }

    /// The operations behind a method and a path of a host, for requests that were written by hand. Some share an address.
    pub(crate) fn of_path(base: Base, method: Method, path: &str) -> impl Iterator<Item = &'static Self> {
        let segments = segments(path);
        operations().filter(move |operation| {
            let template: Vec<_> = operation.path.split('/').collect();
            operation.base == base
                && operation.method == method
                && !operation.is_by_hand()
                && template.len() == segments.len()
                && template.iter().zip(&segments).all(|(expected, given)| fits(expected, given))
        })
    }

    /// The parameter that carries the records of a request with several: records, or else their ids.
    pub(crate) fn rows_parameter(&self) -> Option<&'static Parameter> {
        self.rows.filter(|rows| rows.place == Place::Body)?;
        let of = |kinds: &[Kind]| {
            self.parameters.iter().find(|one| one.place == Place::Body && kinds.contains(&one.kind))
        };
        of(&[Kind::Records, Kind::TableRows]).or_else(|| of(&[Kind::Ids, Kind::Texts]))
    }

    /// Units of the plan that one request of it takes: the automation host has a counter of its own.
    pub(crate) fn cost(&self) -> u64 {
        match self.base {
            Base::Api => 1,
            Base::Automation | Base::Link => 0,
        }
    }

    /// Whether it lists the fields that arguments may name.
    pub(crate) fn lists_fields(&self) -> bool {
        static LISTS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
            let parameters = operations().flat_map(|operation| operation.parameters);
            parameters.filter_map(|parameter| Some(parameter.schema.as_ref()?.operation)).collect()
        });
        LISTS.contains(self.id)
    }

    pub(crate) fn is_read(&self) -> bool {
        self.effect == Effect::Read
    }
}

/// The segments of a path that was written by hand, as the service reads them.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.trim_matches('/').split('/').map(decoded).collect()
}

/// Whether a segment of a path is one of this template, which has at most one placeholder.
fn fits(template: &str, given: &str) -> bool {
    let Some((before, (_, after))) =
        template.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return template.eq_ignore_ascii_case(given);
    };
    let (given, before, after) =
        (given.to_ascii_lowercase(), before.to_ascii_lowercase(), after.to_ascii_lowercase());
    let value = given.strip_prefix(&before).and_then(|rest| rest.strip_suffix(&after));
    // What is encoded twice may reach another address than the one it looks like.
    value.is_some_and(|value| !value.is_empty() && !value.contains('%'))
}

/// The operation that asks the service for its limits.
pub(crate) fn tells_limits() -> Option<&'static Operation> {
    operations().find(|operation| operation.tells_limits)
}

/// Every operation of the catalogue.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    generated::OPERATIONS.iter().copied().flatten()
}
