//! Makes the records of the pretended company from a seed. The same seed and sizes always give the same
//! records, and sets that were made once are kept, because tests start over often.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::calendar::{HOUR, MINUTE, Millis};
use crate::fields::{
    BLOCK_FIELDS, COLOR_FIELDS, Field, IMAGE_FIELDS, MATERIAL_FIELDS, STYLE_FIELDS, TABLE_FIELDS,
};
use crate::model::{Folder, Master, MasterKind, Recipe, Records, Row, Slot, Source, Table, Tag};
use crate::parts::chip;
use crate::people::{USERS, person};
use crate::random::Random;

mod headers;
mod parts;

/// 2024-01-08T08:00:00Z; present-day records are spread over the months after it.
pub(crate) const EPOCH: Millis = 1_704_700_800_000;
/// 2021-03-01T08:00:00Z, the same for records in the form of 2021.
pub(crate) const OLD_EPOCH: Millis = 1_614_585_600_000;

const STREAM_FOLDER: u64 = 1;
const STREAM_STYLE: u64 = 2;
const STREAM_MATERIAL: u64 = 3;
const STREAM_DELETED: u64 = 4;
const STREAM_TABLE: u64 = 5;
const STREAM_ROW: u64 = 6;
const STREAM_IMAGE: u64 = 7;
const STREAM_COLOR: u64 = 8;
const STREAM_BLOCK: u64 = 9;
const STREAM_LIBRARY: u64 = 10;
const STREAM_TAG: u64 = 11;

/// The tag that seeded records have.
const LINE_A: Uuid = Uuid::from_u128(0xd502_6d2d_ef0a_4f92_81fe_7e02_0253_2e39);

/// What the amount of data depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) seed: u64,
    /// Styles that are not deleted; a few deleted ones come on top.
    pub(crate) styles: usize,
    pub(crate) materials: usize,
    pub(crate) images: usize,
    pub(crate) colors: usize,
    pub(crate) blocks: usize,
    /// Rows of the large data table.
    pub(crate) table_rows: usize,
}

/// The records for these sizes, from what was made before when possible.
pub(crate) fn records(sizes: Sizes) -> Records {
    static MASTERS: [Kept<Master>; 5] = [const { Kept::new() }; 5];
    static TABLES: Kept<Vec<Table>> = Kept::new();
    let Sizes { seed, styles, materials, images, colors, blocks, table_rows } = sizes;
    let counts = [styles, materials, images, colors, blocks];
    let masters = MasterKind::ALL.map(|kind| {
        let count = counts[kind as usize];
        MASTERS[kind as usize].get(seed, count, || master(seed, kind, count))
    });
    Records::new(masters, TABLES.get(seed, table_rows, || tables(seed, table_rows)), tags(seed))
}

/// The colours that the company has beside those of its palettes.
pub(crate) fn library(seed: u64) -> Vec<Value> {
    (0..5 * headers::COLORS.len())
        .map(|index| {
            let (name, hex) = headers::COLORS[index % headers::COLORS.len()];
            let id = Random::for_record(seed, STREAM_LIBRARY, index as u64).uuid();
            let shade = index / headers::COLORS.len();
            let hex = if shade == 0 { hex.to_owned() } else { format!("{}{shade}", &hex[..5]) };
            chip(id, &format!("LIB-{:03}", index + 1), &format!("{name} {shade}"), &hex)
        })
        .collect()
}

fn tags(seed: u64) -> Vec<Tag> {
    use MasterKind::{Block, Color, Image, Material, Style};
    let plan: [(&str, &[MasterKind]); 5] = [
        ("Line A", &[Style, Material]),
        ("Line B", &[Style, Material]),
        ("Print Library", &[Image]),
        ("Core Colours", &[Color]),
        ("Base Blocks", &[Block]),
    ];
    let tags = plan.iter().enumerate().map(|(index, (name, masters))| Tag {
        id: match index {
            0 => LINE_A,
            _ => Random::for_record(seed, STREAM_TAG, index as u64).uuid(),
        },
        masters: masters.to_vec(),
        name: (*name).to_owned(),
        integration: if index == 1 { json!("Browzwear") } else { Value::Null },
        date: EPOCH,
        users: vec![USERS[0].id.to_owned()],
    });
    tags.collect()
}

/// Sets that were made before, by seed and size. Their records are shared, so a copy is cheap.
struct Kept<T>(Mutex<VecDeque<((u64, usize), T)>>);

const KEPT_SETS: usize = 8;

impl<T: Clone> Kept<T> {
    const fn new() -> Self {
        Kept(Mutex::new(VecDeque::new()))
    }

    /// The lock is held while making, so that servers started together make a set once.
    fn get(&self, seed: u64, size: usize, make: impl FnOnce() -> T) -> T {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, set)) = sets.iter().find(|(key, _)| *key == (seed, size)) {
            return set.clone();
        }
        let set = make();
        if sets.len() == KEPT_SETS {
            sets.pop_front();
        }
        sets.push_back(((seed, size), set.clone()));
        set
    }
}

/// How many records of a master folder are held. Of more, each is made again when it is asked for.
const HELD: usize = 20_000;

fn master(seed: u64, kind: MasterKind, count: usize) -> Master {
    let folders = folders(seed, kind);
    let stream = match kind {
        MasterKind::Style => STREAM_STYLE,
        MasterKind::Material => STREAM_MATERIAL,
        MasterKind::Image => STREAM_IMAGE,
        MasterKind::Color => STREAM_COLOR,
        MasterKind::Block => STREAM_BLOCK,
    };
    // Deleted records lie between the others, and are numbered after them.
    let deleted = (count / 20).clamp(usize::from(count > 0) * 2, 25);
    let gap = count / (deleted + 1) + 1;
    let mut slots = Vec::with_capacity(count + 32);
    let mut add = |stream, index, number, deleted| {
        let source = Source { seed, stream, index, number, deleted };
        let header = headers::header(kind, &folders, &source);
        slots.push(if count > HELD {
            Slot::Made(Recipe { outline: header.outline(), source, make: headers::header })
        } else {
            Slot::Held(Arc::new(header))
        });
    };
    let mut made = 0;
    for index in 0..count {
        add(stream, index, index + 1, false);
        if (index + 1) % gap == 0 || (index + 1 == count && made < deleted) {
            let rest = if index + 1 == count { deleted - made } else { 1 };
            for _ in 0..rest {
                add(stream * 100 + STREAM_DELETED, made, count + made + 1, true);
                made += 1;
            }
        }
    }
    Master::new(kind, folders, slots)
}

fn folders(seed: u64, kind: MasterKind) -> Vec<Folder> {
    let except = |ids: &[&str], all: &'static [Field]| -> Vec<&'static Field> {
        all.iter().filter(|field| !ids.contains(&field.id)).collect()
    };
    let mut random = Random::for_record(seed, STREAM_FOLDER, kind as u64);
    let mut folder = |name, description, active, numbering, fields| Folder {
        id: random.uuid(),
        name,
        description,
        active,
        numbering,
        fields,
    };
    match kind {
        MasterKind::Style => vec![
            folder("Outerwear", "", true, None, except(&[], STYLE_FIELDS)),
            folder("Knitwear", "", true, None, except(&["back_length", "swatch"], STYLE_FIELDS)),
            folder(
                "Denim",
                "numbers are given by the system",
                true,
                Some("DN-"),
                except(&["duty_rate", "brand"], STYLE_FIELDS),
            ),
            folder("Archive", "closed seasons", false, None, except(&["label_3d", "season"], STYLE_FIELDS)),
        ],
        MasterKind::Material => vec![
            folder("Fabrics", "", true, None, except(&[], MATERIAL_FIELDS)),
            folder(
                "Trims",
                "",
                true,
                None,
                except(&["fabric_weight", "shrinkage", "construction"], MATERIAL_FIELDS),
            ),
            folder("Discontinued", "", false, None, except(&["test_date"], MATERIAL_FIELDS)),
        ],
        MasterKind::Image => vec![
            folder("Prints", "", true, None, except(&[], IMAGE_FIELDS)),
            folder("Labels", "", true, Some("LB-"), except(&["repeat_width", "print_colors"], IMAGE_FIELDS)),
            folder("Old Prints", "", false, None, except(&["licensed_until"], IMAGE_FIELDS)),
        ],
        MasterKind::Color => vec![
            folder("Palettes", "", true, None, except(&[], COLOR_FIELDS)),
            folder("Old Palettes", "", false, None, except(&["approved_at"], COLOR_FIELDS)),
        ],
        MasterKind::Block => vec![
            folder("Blocks", "", true, None, except(&[], BLOCK_FIELDS)),
            folder("Old Blocks", "", false, None, except(&["ease"], BLOCK_FIELDS)),
        ],
    }
}

fn tables(seed: u64, rows: usize) -> Vec<Table> {
    let plan: [(&str, &str, bool, &[Field], usize); 4] = [
        ("Price Components", "Reference list with many rows", true, TABLE_FIELDS, rows),
        ("Yarn Types", "Reference list", true, &TABLE_FIELDS[..2], 25),
        ("Care Symbols", "", true, &TABLE_FIELDS[..3], 0),
        ("Old Terms", "no longer in use", false, &TABLE_FIELDS[..2], 3),
    ];
    let mut tables = Vec::new();
    for (number, (name, description, active, fields, count)) in plan.into_iter().enumerate() {
        let number = number as u64;
        let id = Random::for_record(seed, STREAM_TABLE, number).uuid();
        let created_at = EPOCH + number as Millis * HOUR;
        let rows = (0..count).map(|index| Arc::new(row(seed, number, index, fields))).collect();
        tables.push(Table {
            id,
            name,
            description,
            active,
            created_at,
            modified_at: created_at + HOUR + 905,
            created_by: person(&USERS[0]),
            modified_by: person(&USERS[1]),
            fields,
            rows,
        });
    }
    tables
}

fn row(seed: u64, table: u64, index: usize, fields: &'static [Field]) -> Row {
    const WORDS: [&str; 6] = ["Ring spun", "Open end", "Combed", "Carded", "Air jet", "Mercerised"];
    let mut random = Random::for_record(seed, STREAM_ROW + table * 100, index as u64);
    let id = random.uuid();
    let created_at = EPOCH + index as Millis * MINUTE + 418;
    let mut values = Vec::with_capacity(fields.len());
    for field in fields {
        values.push(match field.id {
            "code" => json!(format!("C{:05}", index + 1)),
            "label" => json!(format!("{} {}", random.pick(&WORDS), index % 17)),
            "category" => json!(random.pick(field.choices)),
            "quantity" => json!(random.below(5000)),
            "price" => headers::decimal(random.below(100_000), 2),
            "in_use" => json!(if random.one_in(4) { "No" } else { "Yes" }),
            _ if random.one_in(9) => Value::Null,
            _ => json!(crate::calendar::whole_seconds(created_at - created_at % HOUR)),
        });
    }
    Row {
        id,
        fields,
        values,
        created_by: person(&USERS[index % USERS.len()]),
        created_at,
        modified_by: person(&USERS[1]),
        modified_at: created_at + random.below(90) as Millis * MINUTE,
    }
}

/// The id of the n-th record that is added after seeding.
pub(crate) fn added_id(seed: u64, n: u64) -> Uuid {
    Random::for_record(seed, 7_000, n).uuid()
}
