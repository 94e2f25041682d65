//! Images of records, and the signed links to the files that the storage has.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use uuid::Uuid;

use crate::calendar::{Millis, whole_seconds};

/// An image of a header. An empty one is spelled in three ways.
#[derive(Clone)]
pub(crate) enum Picture {
    Fixed { preview: Option<String>, origin: Option<String> },
    Stored(FileLink),
}

impl Picture {
    pub(crate) fn empty(spelling: u64) -> Self {
        let (preview, origin) = match spelling % 3 {
            0 => (Some(String::new()), None),
            1 => (None, None),
            _ => (Some(String::new()), Some(String::new())),
        };
        Picture::Fixed { preview, origin }
    }

    pub(crate) fn linked(name: &str) -> Self {
        Picture::Fixed {
            preview: Some(format!("https://files.example.com/img/{name}-preview.png")),
            origin: Some(format!(
                "https://files.example.com/img/{name}-origin.png?sv=1&se=2025-05-21T02%3A15%3A00Z&sig=AbC%2F{name}%3D"
            )),
        }
    }

    pub(crate) fn view(&self, links: &Links) -> PictureView {
        match self {
            Picture::Fixed { preview, origin } => {
                PictureView { preview: preview.clone(), origin: origin.clone() }
            }
            Picture::Stored(file) => {
                let link = links.to(file);
                PictureView { preview: Some(link.clone()), origin: Some(link) }
            }
        }
    }
}

#[derive(Serialize)]
pub(crate) struct PictureView {
    preview: Option<String>,
    origin: Option<String>,
}

/// What a link to a stored file is made of.
#[derive(Clone)]
pub(crate) struct FileLink {
    pub(crate) id: Uuid,
    pub(crate) name: Arc<str>,
    pub(crate) stored_at: Millis,
}

/// Makes links to stored files. A link stays the same until it expires.
#[derive(Clone)]
pub(crate) struct Links {
    /// Scheme, host and port.
    pub(crate) origin: Arc<str>,
    pub(crate) now: Millis,
    pub(crate) lifetime: Millis,
    /// Raised when all links are to expire at once.
    pub(crate) generation: u64,
}

impl Links {
    pub(crate) fn to(&self, file: &FileLink) -> String {
        let name = utf8_percent_encode(&file.name, NON_ALPHANUMERIC);
        format!("{}/files/{}/{name}?{}", self.origin, file.id, self.signature(file))
    }

    /// The query of the link as it is given out now. The signature has characters that a client might spell otherwise.
    pub(crate) fn signature(&self, file: &FileLink) -> String {
        let age = (self.now - file.stored_at).max(0);
        let end = file.stored_at + (age / self.lifetime + 1) * self.lifetime;
        let end = whole_seconds(end).replace(':', "%3A");
        let seal = Uuid::new_v5(&file.id, format!("{end} {}", self.generation).as_bytes());
        format!("sv=1&se={end}&sig=AbC%2F{}%2b%3D", seal.simple())
    }
}
