//! From method and path to the operation. Paths are matched without regard to case.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::model::MasterKind;

pub(crate) enum Operation {
    Folders(MasterKind),
    FolderSchema(MasterKind),
    FolderSearchSchema(MasterKind),
    Headers(MasterKind),
    HeaderGet(MasterKind, String),
    HeaderDelete(MasterKind, String),
    HeaderCreate(MasterKind),
    HeaderUpdate(MasterKind, String),
    HeaderImage(MasterKind, String),
    ListImage(MasterKind),
    UploadStatus(String),
    AppList(MasterKind),
    Timeline(MasterKind, String),
    TableList,
    TableSchema(String),
    TableData(String),
    TableUpdate(String),
    TableReset(String),
    RatelimitStatus,
    InfoVersion,
    WrongMethod,
    Unknown,
}

pub(crate) struct Route {
    pub(crate) company: String,
    pub(crate) operation: Operation,
}

impl Route {
    /// `path` is the raw path, from `/api` on.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let mut segments = path.split('/').skip(2).map(decode);
        let company = segments.next().unwrap_or_default();
        let segments: Vec<String> = segments.collect();
        Route { company, operation: Operation::of(method, &segments) }
    }

    /// The name under which the request is counted.
    pub(crate) fn label(&self, method: &Method) -> String {
        use Operation::*;
        let path = match &self.operation {
            Folders(kind) => format!("{}/Folders", kind.name()),
            FolderSchema(kind) => format!("{}/FolderSchema", kind.name()),
            FolderSearchSchema(kind) => format!("{}/FolderSearchSchema", kind.name()),
            Headers(kind) => format!("{}/Headers", kind.name()),
            HeaderGet(kind, _) => format!("{}/Header/{{id}}", kind.name()),
            HeaderDelete(kind, _) => format!("{}/Header/Delete/{{id}}", kind.name()),
            HeaderCreate(kind) => format!("{}/Header/Create", kind.name()),
            HeaderUpdate(kind, _) => format!("{}/Header/{{id}}/Update", kind.name()),
            HeaderImage(kind, _) => format!("{}/Header/{{id}}/Image/Upload", kind.name()),
            ListImage(kind) => format!("{}/ListAppImageUpload", kind.name()),
            UploadStatus(_) => "Style/GetImageProcessingStatus/{id}".to_owned(),
            AppList(kind) => format!("{}/Pages", kind.name()),
            Timeline(kind, _) => format!("Tracking/Plan/{{id}}/{}/Timeline", kind.name()),
            TableList => "DataTable/List".to_owned(),
            TableSchema(_) => "DataTable/{id}/Schema".to_owned(),
            TableData(_) => "DataTable/{id}/Data".to_owned(),
            TableUpdate(_) => "DataTable/{id}/Update".to_owned(),
            TableReset(_) => "DataTable/{id}/Reset".to_owned(),
            RatelimitStatus => "ratelimit/status".to_owned(),
            InfoVersion => "Info/Version".to_owned(),
            WrongMethod | Unknown => "other".to_owned(),
        };
        format!("{method} {path}")
    }
}

impl Operation {
    fn of(method: &Method, segments: &[String]) -> Self {
        let lower: Vec<String> = segments.iter().map(|segment| segment.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let id = |at: usize| segments[at].clone();
        let (wanted, operation) = match lower.as_slice() {
            ["datatable", "list"] => (Method::POST, Operation::TableList),
            ["datatable", _, "schema"] => (Method::GET, Operation::TableSchema(id(1))),
            ["datatable", _, "data"] => (Method::POST, Operation::TableData(id(1))),
            ["datatable", _, "update"] => (Method::POST, Operation::TableUpdate(id(1))),
            ["datatable", _, "reset"] => (Method::POST, Operation::TableReset(id(1))),
            ["ratelimit", "status"] => (Method::GET, Operation::RatelimitStatus),
            ["tracking", "plan", _, "style", "timeline"] => {
                (Method::POST, Operation::Timeline(MasterKind::Style, id(2)))
            }
            ["tracking", "plan", _, "material", "timeline"] => {
                (Method::POST, Operation::Timeline(MasterKind::Material, id(2)))
            }
            ["info", "version"] => (Method::GET, Operation::InfoVersion),
            [master @ ("style" | "material"), rest @ ..] => {
                let kind = if *master == "style" { MasterKind::Style } else { MasterKind::Material };
                match rest {
                    ["folders"] => (Method::GET, Operation::Folders(kind)),
                    ["folderschema"] => (Method::GET, Operation::FolderSchema(kind)),
                    ["foldersearchschema"] => (Method::GET, Operation::FolderSearchSchema(kind)),
                    ["headers"] => (Method::POST, Operation::Headers(kind)),
                    ["pages"] => (Method::GET, Operation::AppList(kind)),
                    ["header", "create"] => (Method::POST, Operation::HeaderCreate(kind)),
                    ["header", "delete", _] => (Method::GET, Operation::HeaderDelete(kind, id(3))),
                    ["header", _, "update"] => (Method::POST, Operation::HeaderUpdate(kind, id(2))),
                    ["header", _, "image", "upload"] => (Method::POST, Operation::HeaderImage(kind, id(2))),
                    ["listappimageupload"] => (Method::POST, Operation::ListImage(kind)),
                    // Files of all master folders are asked for under Style.
                    ["getimageprocessingstatus", _] if *master == "style" => {
                        (Method::GET, Operation::UploadStatus(id(2)))
                    }
                    ["header", _] => (Method::GET, Operation::HeaderGet(kind, id(2))),
                    _ => return Operation::Unknown,
                }
            }
            _ => return Operation::Unknown,
        };
        if *method == wanted { operation } else { Operation::WrongMethod }
    }
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
