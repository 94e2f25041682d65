//! The words by which an entry says what an operation is.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    Read,
    Create,
    Update,
    Delete,
    Upload,
    Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Replay {
    Read,
    SameState,
    Conditional,
    Unsafe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Path,
    Query,
    Body,
    /// Used by the operation's handler in core, never sent as it is.
    Handler,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Id,
    Ids,
    Text,
    Texts,
    Choice,
    Integer,
    Boolean,
    Link,
    Target,
    Filters,
    ColorwayFilters,
    Fields,
    Colorways,
    File,
    Records,
    TableRows,
    Json,
    RelativePath,
    QueryMap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Absent {
    #[default]
    Omit,
    Empty,
    Null,
    EmptyArray,
    False,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Handler {
    #[default]
    Request,
    DeleteHeader,
    DeleteFiles,
    GetByNumber,
    GetManyByNumber,
    GetMany,
    Load,
    PreviewChanges,
    ApplyChanges,
    ResumeChanges,
    GetAppsOfMany,
    UpdateRows,
    Upload,
    Download,
    DownloadMany,
    Acquire,
    Release,
    Raw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    List,
    Object,
    Message,
    Any,
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body {
    None,
    Object,
    Array,
    EmptyObject,
    Json,
    Multipart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Base {
    Api,
    Automation,
    Link,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    pub(crate) place: Place,
    pub(crate) limit: u32,
}
