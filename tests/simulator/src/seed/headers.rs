//! One seeded record of a master folder.

use std::sync::Arc;

use serde_json::{Number, Value, json};

use crate::calendar::{DAY, MINUTE, Millis, stamp, us_long, us_short, whole_seconds};
use crate::fields::{FIBRES, Field, Kind};
use crate::model::{Colorway, ColorwayImage, Folder, Header, MasterKind, Picture, Source};
use crate::people::{PARTNERS, USERS, User, person};
use crate::random::Random;
use crate::values::{as_old_text, color};

use super::{EPOCH, OLD_EPOCH, parts};

const QUALITIES: [&str; 12] = [
    "Harbour", "Alpine", "Meridian", "Coastal", "Foundry", "Orchard", "Tundra", "Willow", "Granite",
    "Summit", "Lagoon", "Prairie",
];
const GARMENTS: [&str; 12] = [
    "Parka",
    "Field Jacket",
    "Crew Sweater",
    "Cardigan",
    "Wide Jean",
    "Chino",
    "Oxford Shirt",
    "Camp Shirt",
    "Midi Skirt",
    "Quilted Vest",
    "Rain Coat",
    "Rib Tank",
];
const CLOTHS: [&str; 10] = [
    "Twill",
    "Poplin",
    "Ripstop",
    "Jersey",
    "Melton",
    "Corduroy",
    "Interlock",
    "Taffeta",
    "Corozo Button",
    "Cotton Tape",
];
pub(super) const COLORS: [(&str, &str); 8] = [
    ("Harbour", "2f4a63"),
    ("Chalk", "f4f1ea"),
    ("Moss", "56684a"),
    ("Rust", "a4512b"),
    ("Slate", "5a6168"),
    ("Ink", "1b2030"),
    ("Sand", "d9c7a3"),
    ("Berry", "7a2343"),
];
const PRINTS: [&str; 6] = ["Paisley", "Gingham", "Toile", "Stripe", "Botanical", "Dot"];
const SHAPES: [&str; 5] = ["Bodice", "Trouser", "Shirt", "Sleeve", "Skirt"];
const LABELS: [&str; 5] = ["bestseller", "reissue", "collab", "limited", "core"];

/// The record that this source makes.
pub(super) fn header(kind: MasterKind, folders: &[Folder], source: &Source) -> Header {
    let Source { seed, stream, index, number, deleted } = *source;
    let mut random = Random::for_record(seed, stream, index as u64);
    let random = &mut random;
    let id = random.uuid();
    let style = kind == MasterKind::Style;
    let sewn = style || kind == MasterKind::Material;
    // The last folder is the inactive one; most records lie in the first, and the first records always do.
    let folder = match random.below(20) {
        _ if index < 3 => 0,
        0..12 => 0,
        12..16 => 1,
        16..19 if folders.len() > 3 => 2,
        16..19 => 1,
        _ => folders.len() - 1,
    };
    let old_form = random.one_in(8) && index >= 3;
    let (created_at, modified_at) = if old_form {
        let created = OLD_EPOCH + index as Millis * 11 * MINUTE + random.below(1000) as Millis;
        (created, created + DAY + random.below(3_600_000) as Millis)
    } else {
        let created = EPOCH + (index % 8000) as Millis * 97 * MINUTE + random.below(1000) as Millis;
        (created, created + random.below(30) as Millis * DAY + random.below(86_400_000) as Millis + 1)
    };
    let created_by = random.pick(&USERS);
    let modified_by = random.pick(&USERS);
    let number = format!("{}{number:06}", kind.prefix());
    let last = match kind {
        MasterKind::Style => *random.pick(&GARMENTS),
        MasterKind::Material => *random.pick(&CLOTHS),
        MasterKind::Image => *random.pick(&PRINTS),
        MasterKind::Color => "Palette",
        MasterKind::Block => *random.pick(&SHAPES),
    };
    let name = format!("{} {last}", random.pick(&QUALITIES));
    let version = 1 + random.below(9);

    let mut draw = Draw { random, index, style, old_form, created_at, modified_at };
    let values = folders[folder]
        .fields
        .iter()
        .map(|field| match field.id {
            "header_number" => json!(number),
            "header_name" => json!(name),
            "version" if old_form => json!(version.to_string()),
            "version" => json!(version),
            "created_by" => json!(draw.user_label(created_by, created_at)),
            "modified_by" => json!(draw.user_label(modified_by, modified_at)),
            _ if old_form => as_old_text(draw.value(field)),
            _ => draw.value(field),
        })
        .collect();
    let colorways = if sewn { draw.colorways() } else { Vec::new() };

    let random = draw.random;
    let images = (0..kind.pictures())
        .map(|n| {
            if random.one_in(3) {
                Picture::empty(random.next())
            } else {
                Picture::linked(&format!("{}-{n}", number.to_lowercase()))
            }
        })
        .collect();
    let none = || Arc::new(json!([]));
    let size_range = if sewn { parts::sizes(style, old_form, random) } else { none() };
    let size_classes = match kind {
        MasterKind::Style | MasterKind::Material => parts::size_classes(random),
        MasterKind::Block => parts::block_size_classes(random),
        MasterKind::Image | MasterKind::Color => none(),
    };
    Header {
        id,
        folder,
        old_form,
        values,
        images,
        artboards: Vec::new(),
        variations: if kind == MasterKind::Image { parts::variations(random) } else { Vec::new() },
        palette: if kind == MasterKind::Color { parts::palette(random) } else { none() },
        colorways,
        size_range,
        size_classes,
        suppliers: if kind == MasterKind::Material { parts::suppliers(random) } else { Vec::new() },
        block: None,
        plan_ids: if old_form || random.one_in(3) { None } else { Some(vec![random.uuid()]) },
        copied_from: None,
        tags: parts::tags(random),
        deleted,
        created_by: person(created_by),
        created_at,
        modified_by: if random.one_in(40) { json!({"id": null, "name": null}) } else { person(modified_by) },
        modified_at,
        folder_modified_at: modified_at - 14 - random.below(13) as Millis,
    }
}

/// A decimal number with a fixed count of digits after the point, kept as text until it is sent.
pub(super) fn decimal(units: u64, digits: u32) -> Value {
    let scale = 10u64.pow(digits);
    let text = format!("{}.{:0width$}", units / scale, units % scale, width = digits as usize);
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// Draws the values of one record.
struct Draw<'a> {
    random: &'a mut Random,
    index: usize,
    style: bool,
    old_form: bool,
    created_at: Millis,
    modified_at: Millis,
}

impl Draw<'_> {
    fn value(&mut self, field: &Field) -> Value {
        let random = &mut *self.random;
        let optional = !matches!(field.id, "active" | "season") && !field.kind.is_label();
        if optional && random.one_in(7) {
            return match (field.kind, random.below(2)) {
                (Kind::MultiSelect, 0) => json!([""]),
                (Kind::MultiSelect, _) => json!([]),
                (Kind::DropDown | Kind::Radio | Kind::Memo, 0) => json!(""),
                _ => Value::Null,
            };
        }
        match field.kind {
            Kind::Text => json!(format!("{} {}", random.pick(&QUALITIES), self.index)),
            Kind::Memo => json!("Wash cold.\nDo not bleach — dry flat."),
            Kind::ComboBox => json!(*random.pick(&QUALITIES)),
            Kind::DropDown | Kind::Radio => json!(random.pick(field.choices)),
            Kind::MultiSelect => {
                let start = random.below(field.choices.len() as u64) as usize;
                let some = &field.choices[start..];
                if self.old_form && some.len() == 1 { json!(some[0]) } else { json!(some) }
            }
            Kind::MultiSelectBOMVariation => json!(["Default"]),
            Kind::Number => json!(random.below(500) * 10),
            Kind::Decimal | Kind::Currency => decimal(random.below(30_000), 2),
            Kind::Weight => decimal(1000 + random.below(9000), 1),
            Kind::Measure => decimal(200 + random.below(1500), 1),
            Kind::Percent => decimal(random.below(250), 1),
            // One formula, read as text on one record and as number on the next.
            Kind::FormulaField if self.index.is_multiple_of(2) => {
                json!(decimal(random.below(30_000), 2).to_string())
            }
            Kind::FormulaField => decimal(random.below(30_000), 2),
            Kind::Date if self.old_form => {
                json!(us_long(self.created_at - self.created_at % DAY + 60 * DAY, ' '))
            }
            Kind::Date => json!(whole_seconds(
                self.created_at - self.created_at % DAY + (30 + random.below(90) as Millis) * DAY
            )),
            Kind::DateTime if random.one_in(2) => json!(stamp(self.created_at + 45 * DAY)),
            Kind::DateTime => {
                let day = self.created_at - self.created_at % DAY;
                json!(whole_seconds(day + random.below(240) as Millis * DAY))
            }
            Kind::TrueFalse => json!(if random.one_in(6) { "No" } else { "Yes" }),
            Kind::InvertedTrueFalse => json!(if random.one_in(2) { "No" } else { "Yes" }),
            Kind::Users if random.one_in(3) => json!(random.pick(&USERS).username),
            Kind::Users => person(random.pick(&USERS)),
            Kind::UsersTags => {
                let user = random.pick(&USERS);
                json!([{"value": user.name, "code": user.id}])
            }
            Kind::UserLabel => {
                let user = random.pick(&USERS);
                let at = self.modified_at;
                json!(self.user_label(user, at))
            }
            Kind::LabelText => json!("see the care page"),
            Kind::LabelSize => json!("XS-XL"),
            Kind::LabelMaterial | Kind::LabelMaterialColor | Kind::LabelStyleGroup => {
                if random.one_in(2) {
                    json!("")
                } else {
                    Value::Null
                }
            }
            Kind::Label3dStyle => json!(if random.one_in(2) { "Yes" } else { "" }),
            Kind::Label3dMaterial if random.one_in(2) => json!(true),
            Kind::Label3dMaterial => json!(""),
            Kind::PartnerDropDown => {
                let partner = random.pick(&PARTNERS);
                if random.one_in(4) {
                    json!({"code": partner.id, "value": partner.name})
                } else {
                    json!({"allowedFor": null, "code": partner.id, "text": null, "value": partner.name})
                }
            }
            Kind::CompositeControl => {
                let first = random.below(FIBRES.len() as u64) as usize;
                let share = 50 + 5 * random.below(10);
                json!([
                    {"code": FIBRES[first], "value": share},
                    {"code": FIBRES[(first + 1) % FIBRES.len()], "value": 100 - share},
                ])
            }
            Kind::ColorDropDown => color(random.pick(&COLORS).1),
            Kind::ColorwayField => {
                let (name, hex) = random.pick(&COLORS);
                json!({"Id": random.uuid().to_string(), "color_number": "C-01", "color_name": name,
                       "Primary_Color": hex, "Image": null})
            }
            Kind::Tags => json!([random.pick(&LABELS), "season start"]),
            Kind::ImageColor => json!({"image": null, "hex": random.pick(&COLORS).1}),
            Kind::Hidden => json!(format!("erp:{}", random.below(1_000_000))),
            Kind::Auto => json!(format!("A{:05}", self.index + 1)),
        }
    }

    /// `name @ time` in the spellings that have been seen, or just the name.
    fn user_label(&mut self, user: &User, at: Millis) -> String {
        match self.random.below(8) {
            0 => user.username.to_owned(),
            1 => format!("{} @ {}", user.username, us_long(at, '\u{202f}')),
            2 | 3 => format!("{} @ {}", user.username, us_short(at)),
            _ => format!("{} @ {}", user.username, us_long(at, ' ')),
        }
    }

    fn colorways(&mut self) -> Vec<Colorway> {
        let random = &mut *self.random;
        let count = random.below(4);
        let repeated = random.one_in(15);
        let first = random.below(COLORS.len() as u64);
        (0..count)
            .map(|n| {
                let (name, hex) = COLORS[((first + n) % COLORS.len() as u64) as usize];
                let id = random.uuid();
                // Numbers need not differ and may be empty.
                let number = match (repeated, random.one_in(25)) {
                    (true, _) => "C-01".to_owned(),
                    (_, true) => String::new(),
                    _ => format!("C-{:02}", first + n + 1),
                };
                let image = match random.below(3) {
                    0 => ColorwayImage::None,
                    1 => ColorwayImage::Link(format!("https://files.example.com/img/{id}.png")),
                    _ => ColorwayImage::Pair(Picture::linked(&id.to_string())),
                };
                let marketing_name = match random.below(3) {
                    0 => Value::Null,
                    _ => json!(format!("Deep {name}")),
                };
                let fields = match random.below(12) {
                    0 => Value::Null,
                    _ => json!({"core_colorway_main_material": null, "core_colorway_comments": "",
                                "marketing_name": marketing_name}),
                };
                let secondary = if random.one_in(4) { COLORS[(first % 8) as usize].1 } else { "" };
                Colorway {
                    id,
                    color_number: number,
                    color_name: name.to_owned(),
                    primary_color: hex.to_owned(),
                    secondary_color: secondary.to_owned(),
                    secondary_color_number: (!self.old_form).then(String::new),
                    secondary_color_name: (!self.old_form).then(String::new),
                    comments: String::new(),
                    hide_colorway: random.one_in(20),
                    image_header_id: None,
                    fields,
                    image,
                    color_source_id: (self.style && random.one_in(5)).then(|| random.uuid().to_string()),
                }
            })
            .collect()
    }
}
