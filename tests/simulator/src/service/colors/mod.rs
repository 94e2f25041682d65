//! Colours: those of a palette, and the library of the company.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, ok};
use crate::fields::CHIP_FIELDS;
use crate::filters;
use crate::model::{Header, MasterKind};
use crate::parts::{chip, paint};
use crate::seed;
use crate::state::State;
use crate::values::accept;

use super::Call;
use super::route::{Route, post};

pub(crate) const ROUTES: &[Route] =
    &[post("{Master}/CompanyColors", company_colors).only(&[MasterKind::Color])];

fn company_colors(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = filters::read(call.json()?.get("filters"))?;
    let page = call.page()?;
    let seed = call.shared.state().settings.sizes.seed;
    let colors = seed::library(seed).into_iter();
    Ok(ok(&page.cut(colors.filter(|color| filters::color_matches(&filters, color)))))
}

/// Writes the colours of a palette. With `replace` those that are sent are all that remain; else each is matched by
/// id or number, the others stay, and `removeColor` takes one out.
pub(crate) fn write(state: &mut State, header: &mut Header, sent: &[Value], replace: bool) {
    let palette = Arc::make_mut(&mut header.palette);
    let mut colors = palette["colors"].as_array().cloned().unwrap_or_default();
    let mut replaced = Vec::new();
    for one in sent {
        let found = colors.iter().position(|color| is_same(color, one));
        if one["removeColor"] == true {
            found.map(|at| colors.remove(at));
            continue;
        }
        if replace {
            let mut color = match found {
                Some(at) => colors[at].clone(),
                None => chip(state.new_id(), "", "", ""),
            };
            change(&mut color, one);
            replaced.push(color);
            continue;
        }
        match found {
            Some(at) => change(&mut colors[at], one),
            None => {
                let mut color = chip(state.new_id(), "", "", "");
                change(&mut color, one);
                colors.push(color);
            }
        }
    }
    palette["colors"] = Value::Array(if replace { replaced } else { colors });
}

/// By id where one is sent, else by number.
fn is_same(color: &Value, sent: &Value) -> bool {
    let id = ["id", "_id", "Id"].iter().find_map(|key| sent[*key].as_str());
    match id {
        Some(id) => ["_id", "Id"]
            .iter()
            .any(|key| color[*key].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id))),
        None => number(sent).is_some_and(|number| color["color_number"] == number),
    }
}

/// Sent in camel case, read in snake case.
fn number(sent: &Value) -> Option<&str> {
    ["colorNumber", "color_number"].iter().find_map(|key| sent[*key].as_str())
}

fn change(color: &mut Value, sent: &Value) {
    if let Some(number) = number(sent) {
        color["color_number"] = json!(number);
    }
    if let Some(name) = ["colorName", "color_name"].iter().find_map(|key| sent[*key].as_str()) {
        color["color_name"] = json!(name);
    }
    if let Some(hex) = sent["hex"].as_str() {
        paint(color, hex);
    }
    for (id, value) in sent["Schema"].as_object().into_iter().flatten() {
        if let Some(field) = CHIP_FIELDS.iter().find(|field| field.id == id) {
            color["Schema"][id] = accept(field, value);
        }
    }
}
