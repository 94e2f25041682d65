//! The records of the service, and what requests do to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::history::History;
use crate::weather::{Moving, Total, Weather};

/// When something came to be and when it ceased, in the sequence of what was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) born: u64,
    pub(crate) died: Option<u64>,
}

impl Life {
    /// Whether it was there from before the first moment until after the second.
    pub(crate) fn spans(self, (from, to): (u64, u64)) -> bool {
        self.born <= from && self.died.is_none_or(|died| died > to)
    }

    /// Whether it was there at any moment between the two.
    pub(crate) fn touches(self, (from, to): (u64, u64)) -> bool {
        self.born <= to && self.died.is_none_or(|died| died > from)
    }
}

#[derive(Debug)]
pub(crate) struct Records {
    /// By id; the number of a style follows from its id.
    pub(crate) styles: BTreeMap<String, Life>,
    /// In the order in which they are listed.
    pub(crate) materials: Vec<String>,
    pub(crate) material_lives: BTreeMap<String, Life>,
    /// Tokens that the service does not accept any more.
    pub(crate) revoked: Vec<String>,
    tokens: usize,
    /// Rows that still move: a list that grows faster than it is read has no end.
    moves_left: usize,
    /// All of them at one moment. Without a total, a page that comes three times is the sign of a service that ignores paging.
    moves_once: bool,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Token,
    Get(String),
    Create,
    Update(String),
    Delete(String),
    Styles,
    Materials,
    Rows,
    Reset,
    Folders,
    Other,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            [.., "connect", "token"] => Self::Token,
            [.., "Style", "Header", "Create"] => Self::Create,
            [.., "Style", "Header", "Delete", id] => Self::Delete((*id).into()),
            [.., "Style", "Header", id, "Update"] => Self::Update((*id).into()),
            [.., "Style", "Header", id] => Self::Get((*id).into()),
            [.., "Style", "Headers"] => Self::Styles,
            [.., "Material", "Headers"] => Self::Materials,
            [.., "DataTable", _, "Update"] => Self::Rows,
            [.., "DataTable", _, "Reset"] => Self::Reset,
            [.., "Folders"] => Self::Folders,
            _ => Self::Other,
        }
    }

    pub(crate) fn changes(&self) -> bool {
        !matches!(self, Self::Token | Self::Get(_) | Self::Styles | Self::Materials | Self::Folders)
    }
}

/// What the service does with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageFault {
    Null,
    Empty,
    Short,
    Known,
    Long,
    Object,
    MoreTotal,
    LessTotal,
    NoTotal,
}

/// Pages whose rows are not those that they should be.
pub(crate) const ROW_FAULTS: &[PageFault] = &[
    PageFault::Null,
    PageFault::Empty,
    PageFault::Short,
    PageFault::Known,
    PageFault::Long,
    PageFault::Object,
];

/// Pages whose total is not that of the others. A page that lies about the total, and another one that lacks rows by as much,
/// cannot be told from rows that move.
pub(crate) const TOTAL_FAULTS: &[PageFault] =
    &[PageFault::Long, PageFault::Object, PageFault::MoreTotal, PageFault::LessTotal, PageFault::NoTotal];

fn number(id: &str) -> String {
    format!("N-{id}")
}

impl Records {
    pub(crate) fn new(weather: &Weather, chance: &Chance) -> Self {
        let count = match weather.moving {
            Moving::Still => *chance.one_of(&[0, 1, 7, 40, 90]),
            _ => chance.between(20, 90),
        };
        let life = Life { born: 0, died: None };
        let materials: Vec<_> = (0..count).map(|index| format!("m{index}")).collect();
        Self {
            styles: (0..12).map(|index| (format!("s{index}"), life)).collect(),
            material_lives: materials.iter().map(|id| (id.clone(), life)).collect(),
            materials,
            revoked: Vec::new(),
            tokens: 0,
            moves_left: 60,
            moves_once: matches!(weather.total, Total::Odd | Total::Bare),
        }
    }

    /// A token that no request has had before.
    pub(crate) fn issue_token(&mut self) -> String {
        self.tokens += 1;
        format!("token-{}", self.tokens)
    }

    pub(crate) fn style(id: &str) -> Value {
        json!({"id": id, "headerNumber": number(id), "headerName": "a style"})
    }

    fn is_there(&self, id: &str) -> bool {
        self.styles.get(id).is_some_and(|life| life.died.is_none())
    }

    /// Does what a request asks for. The status, the answer, and whether it changed anything.
    pub(crate) fn apply(&mut self, route: &Route, body: &[u8], history: &mut History) -> (u16, Value, bool) {
        let missing = || (404, json!("Style not found"), false);
        match route {
            Route::Get(id) if self.is_there(id) => (200, Self::style(id), false),
            Route::Get(_) => missing(),
            Route::Create => {
                let text = String::from_utf8_lossy(body);
                let id = text.split("N-").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("x");
                self.styles.insert(id.to_owned(), Life { born: history.next(), died: None });
                (200, Self::style(id), true)
            }
            Route::Update(id) if self.is_there(id) => (200, Self::style(id), true),
            Route::Update(_) => missing(),
            Route::Delete(id) if self.is_there(id) => {
                if let Some(life) = self.styles.get_mut(id) {
                    life.died = Some(history.next());
                }
                (200, json!({"error": false, "message": "deleted"}), true)
            }
            Route::Delete(_) => missing(),
            Route::Styles => {
                let asked = String::from_utf8_lossy(body).into_owned();
                let asked: Vec<_> = asked.split(['"', '\u{25a0}']).collect();
                let found: Vec<_> = self
                    .styles
                    .iter()
                    .filter(|(id, life)| life.died.is_none() && asked.contains(&number(id).as_str()))
                    .map(|(id, _)| Self::style(id))
                    .collect();
                (200, json!({"total": found.len(), "result": found}), false)
            }
            Route::Rows => {
                let rows: Value = serde_json::from_slice(body).unwrap_or_default();
                let ids: Vec<_> =
                    rows.as_array().into_iter().flatten().map(|row| row["rowId"].clone()).collect();
                (200, json!({"updated": ids, "added": [], "deleted": []}), true)
            }
            Route::Reset => (200, json!({"error": false, "message": "done"}), true),
            Route::Folders => (200, json!([{"id": "f1", "name": "a folder"}]), false),
            Route::Other | Route::Token | Route::Materials => (200, json!({"done": true}), true),
        }
    }

    /// A page of materials. Afterwards rows may move.
    pub(crate) fn page(
        &mut self,
        query: &BTreeMap<String, String>,
        fault: Option<PageFault>,
        weather: &Weather,
        chance: &Chance,
        history: &mut History,
    ) -> Value {
        let figure = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        let size = figure("pageSize").min(weather.cap.unwrap_or(usize::MAX)).max(1);
        let begin = |number: usize| (number * size).min(self.materials.len());
        let page = figure("pageNumber");
        let (mut first, mut last) = (begin(page), begin(page + 1));
        match fault {
            Some(PageFault::Short) => last -= (last - first) / 2,
            Some(PageFault::Known) if page > 0 => (first, last) = (begin(page - 1), begin(page)),
            // Longer than the others, and no longer than any may be; a page that held all of the next one would make its rows
            // known, and one that is also beyond a false total is an end like any other.
            Some(PageFault::Long) => {
                let most = weather.cap.map_or(self.materials.len(), |cap| first + cap);
                last = (last + (size / 2 + 1).min(size - 1)).min(most).min(self.materials.len());
            }
            Some(PageFault::Empty) => last = first,
            _ => {}
        }
        let rows: Vec<_> = self.materials[first..last].iter().map(|id| json!({"id": id})).collect();
        let all = self.materials.len();
        let total = match (weather.total, fault) {
            (_, Some(PageFault::NoTotal)) => Value::Null,
            (_, Some(PageFault::MoreTotal)) => json!(all + 17),
            // One that the page itself disproves: it is full, and ends behind the total.
            (_, Some(PageFault::LessTotal)) if last - first == size && last > 1 => json!(last - 1),
            (Total::TooHigh(by), _) => json!(all + by),
            (Total::Odd, _) => json!(all.to_string()),
            _ => json!(all),
        };
        self.move_rows(weather.moving, chance, history);
        match (fault, weather.total) {
            (Some(PageFault::Null), _) => json!({"result": null, "total": total}),
            (Some(PageFault::Object), _) => json!({"result": {"id": "x"}, "total": total}),
            (_, Total::Bare) => json!(rows),
            (_, Total::Odd) if chance.hits(0.3) => json!({"result": rows}),
            _ => json!({"result": rows, "total": total}),
        }
    }

    fn move_rows(&mut self, moving: Moving, chance: &Chance, history: &mut History) {
        if moving == Moving::Still || !chance.hits(0.4) {
            return;
        }
        let moves = chance.between(1, 12).min(self.moves_left);
        self.moves_left = if self.moves_once { 0 } else { self.moves_left - moves };
        for _ in 0..moves {
            match moving {
                Moving::Added { first } => {
                    let id = format!("n{}", self.material_lives.len());
                    let place = if first { 0 } else { chance.below(self.materials.len() + 1) };
                    self.materials.insert(place, id.clone());
                    self.material_lives.insert(id, Life { born: history.next(), died: None });
                }
                Moving::Removed if !self.materials.is_empty() => {
                    let id = self.materials.remove(chance.below(self.materials.len()));
                    if let Some(life) = self.material_lives.get_mut(&id) {
                        life.died = Some(history.next());
                    }
                }
                Moving::Removed | Moving::Still => {}
            }
        }
    }
}
