//! The records of the pretended company and their form on the wire.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::fields::Field;

mod behind;
mod header;
mod picture;
mod slot;
mod table;
mod view;

pub(crate) use behind::{Lag, Until};
pub(crate) use header::{Artboard, Colorway, ColorwayImage, Header, Variation};
pub(crate) use picture::{FileLink, Links, Picture};
pub(crate) use slot::{Outline, Recipe, Slot, Source};
pub(crate) use table::{Row, Table};
pub(crate) use view::{HeaderAnswer, Wording};

use behind::Behind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MasterKind {
    Style,
    Material,
    Image,
    Color,
    Block,
}

impl MasterKind {
    pub(crate) const ALL: [MasterKind; 5] =
        [MasterKind::Style, MasterKind::Material, MasterKind::Image, MasterKind::Color, MasterKind::Block];

    pub(crate) fn name(self) -> &'static str {
        match self {
            MasterKind::Style => "Style",
            MasterKind::Material => "Material",
            MasterKind::Image => "Image",
            MasterKind::Color => "Color",
            MasterKind::Block => "Block",
        }
    }

    /// What the numbers of its records begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            MasterKind::Style => "ST-",
            MasterKind::Material => "MT-",
            MasterKind::Image => "IM-",
            MasterKind::Color => "CP-",
            MasterKind::Block => "BL-",
        }
    }

    /// How many images a header of this kind shows.
    pub(crate) fn pictures(self) -> usize {
        match self {
            MasterKind::Style => 3,
            MasterKind::Material => 2,
            MasterKind::Image | MasterKind::Block => 1,
            MasterKind::Color => 0,
        }
    }
}

pub(crate) struct Folder {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) active: bool,
    /// Set where the folder numbers its records itself: what the numbers begin with.
    pub(crate) numbering: Option<&'static str>,
    pub(crate) fields: Vec<&'static Field>,
}

impl Folder {
    pub(crate) fn position(&self, field_id: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.id == field_id)
    }
}

/// All records of one master folder. They are shared with the seeded original until they change.
#[derive(Clone)]
pub(crate) struct Master {
    pub(crate) kind: MasterKind,
    pub(crate) folders: Arc<Vec<Folder>>,
    slots: Arc<Vec<Slot>>,
    by_id: Arc<HashMap<Uuid, usize>>,
    /// Writes that lists do not show yet.
    behind: Vec<Behind>,
}

impl Master {
    pub(crate) fn new(kind: MasterKind, folders: Vec<Folder>, slots: Vec<Slot>) -> Self {
        let by_id = slots.iter().enumerate().map(|(at, slot)| (slot.outline().id, at)).collect();
        Master {
            kind,
            folders: Arc::new(folders),
            slots: Arc::new(slots),
            by_id: Arc::new(by_id),
            behind: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn record(&self, at: usize) -> Arc<Header> {
        self.slots[at].record(self.kind, &self.folders)
    }

    pub(crate) fn folder(&self, id: Uuid) -> Option<usize> {
        self.folders.iter().position(|folder| folder.id == id)
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.at(Uuid::parse_str(id).ok()?)
    }

    pub(crate) fn at(&self, id: Uuid) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Puts a changed record in the place of the former one. Lists show the former one until then.
    pub(crate) fn put(&mut self, at: usize, header: Header, unseen: Option<Until>) -> Arc<Header> {
        let header = Arc::new(header);
        let slot = &mut Arc::make_mut(&mut self.slots)[at];
        let before = std::mem::replace(slot, Slot::Held(header.clone()));
        self.behind.extend(unseen.map(|until| Behind::new(at, Some(before), until)));
        header
    }

    /// A new record, which lists do not show until then.
    pub(crate) fn add(&mut self, header: Header, unseen: Option<Until>) -> Arc<Header> {
        let (at, header) = (self.slots.len(), Arc::new(header));
        Arc::make_mut(&mut self.by_id).insert(header.id, at);
        Arc::make_mut(&mut self.slots).push(Slot::Held(header.clone()));
        self.behind.extend(unseen.map(|until| Behind::new(at, None, until)));
        header
    }
}

/// A label that users put on records.
#[derive(Clone)]
pub(crate) struct Tag {
    pub(crate) id: Uuid,
    pub(crate) masters: Vec<MasterKind>,
    pub(crate) name: String,
    pub(crate) integration: Value,
    pub(crate) date: crate::calendar::Millis,
    pub(crate) users: Vec<String>,
}

/// Everything the company has.
#[derive(Clone)]
pub(crate) struct Records {
    masters: [Master; 5],
    pub(crate) tables: Vec<Table>,
    pub(crate) tags: Arc<Vec<Tag>>,
}

impl Records {
    /// The master folders in the order of `MasterKind::ALL`.
    pub(crate) fn new(masters: [Master; 5], tables: Vec<Table>, tags: Vec<Tag>) -> Self {
        Records { masters, tables, tags: Arc::new(tags) }
    }

    pub(crate) fn master(&self, kind: MasterKind) -> &Master {
        &self.masters[kind as usize]
    }

    pub(crate) fn master_mut(&mut self, kind: MasterKind) -> &mut Master {
        &mut self.masters[kind as usize]
    }

    /// The record with this id, whatever its master folder.
    pub(crate) fn find(&self, id: &str) -> Option<(MasterKind, usize)> {
        MasterKind::ALL.into_iter().find_map(|kind| Some((kind, self.master(kind).find(id)?)))
    }
}
