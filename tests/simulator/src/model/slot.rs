//! The place of a record. The records of a very large company are not held: they are made again from the seed whenever one is
//! asked for.

use std::sync::Arc;

use uuid::Uuid;

use crate::calendar::Millis;

use super::{Folder, Header, MasterKind};

#[derive(Clone)]
pub(crate) enum Slot {
    Held(Arc<Header>),
    Made(Recipe),
}

/// What can be known of a record without making it.
#[derive(Clone, Copy)]
pub(crate) struct Outline {
    pub(crate) id: Uuid,
    pub(crate) folder: usize,
    pub(crate) deleted: bool,
    pub(crate) created_at: Millis,
    pub(crate) modified_at: Millis,
    pub(crate) folder_modified_at: Millis,
}

/// How a seeded record is made.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) outline: Outline,
    pub(crate) source: Source,
    pub(crate) make: fn(MasterKind, &[Folder], &Source) -> Header,
}

/// What a seeded record depends on.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub(crate) seed: u64,
    pub(crate) stream: u64,
    pub(crate) index: usize,
    pub(crate) number: usize,
    pub(crate) deleted: bool,
}

impl Header {
    pub(crate) fn outline(&self) -> Outline {
        Outline {
            id: self.id,
            folder: self.folder,
            deleted: self.deleted,
            created_at: self.created_at,
            modified_at: self.modified_at,
            folder_modified_at: self.folder_modified_at,
        }
    }
}

impl Slot {
    pub(crate) fn outline(&self) -> Outline {
        match self {
            Slot::Held(header) => header.outline(),
            Slot::Made(recipe) => recipe.outline,
        }
    }

    pub(crate) fn record(&self, kind: MasterKind, folders: &[Folder]) -> Arc<Header> {
        match self {
            Slot::Held(header) => header.clone(),
            Slot::Made(recipe) => Arc::new((recipe.make)(kind, folders, &recipe.source)),
        }
    }
}
