//! Prepares the styles of a season for the partner who makes them.
//!
//! ```text
//! cargo run --example season_kit -- kit.json pictures handover
//! ```
//!
//! `kit.json` says which styles, and what they are made of (see [`Kit`]). `pictures` has their front pictures as NUMBER.png.
//! `handover` is the folder that the partner gets: the pictures as the service keeps them, and the colours as a swatch file.
//! What is there stays as it is, so the job may be run again. Each run has a tag of its own, and links the styles that it makes
//! to the block.
//!
//! Settings come from the `BEPRODUCT_*` variables, or from the profile that `beproduct login` has kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::exit;

use beproduct::models::{ColorHeader, DownloadFile, StyleHeader};
use beproduct::{
    CallOptions, Client, ClientBuilder, Config, Error, ErrorKind, Filter, OnProgress, Outcome, Priority, Work,
};
use serde_json::{Value, json};

const LABEL: &str = "season kit";

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is to be made, and of what.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kit {
    season: String,
    folder: String,                   // name of the styles' folder
    styles: BTreeMap<String, String>, // names by number
    fabric: String,                   // number of the material
    palette: String,                  // number
    artwork: String,                  // number of the image
    block: String,                    // number
    prices: String,                   // name of the data table that has the price of the trims
    trims: String,                    // their code in it
    partner: String,                  // id in the directory
    reviewer: String,                 // e-mail address of the user who checks the kit
    plan: String,                     // id
    sequence: String,                 // id of the sequence that numbers the kits
}

/// Does the job, and tells line by line what is worth knowing.
pub(crate) async fn prepare(
    client: &Client,
    kit: &Kit,
    pictures: &Path,
    handover: &Path,
    tell: &mut impl FnMut(String),
) -> Result<()> {
    let mut options = CallOptions::default();
    options.label = Some(LABEL.into());
    options.priority = Some(Priority::Bulk);
    let job = &client.with_options(options)?;
    check_limits(job, kit.styles.len()).await?;
    let folders = job.style().folders().await?;
    let folder = folders.into_iter().find(|folder| folder.name.as_ref() == Some(&kit.folder));
    let folder_id =
        folder.and_then(|folder| folder.id).ok_or_else(|| format!("there is no folder {}", kit.folder))?;
    // Once the client has read the schema, it refuses what the service would blank, such as an unknown season.
    job.style().folder_schema(&folder_id).await?;
    if job.master_data().folder_field_get(&folder_id, "vendor").await?.active == Some(false) {
        return Err(format!("{} does not use the field vendor", kit.folder).into());
    }
    let partner = job.directory().get(&kit.partner).await?;
    let reviewer = job.user().get_by_email(&kit.reviewer).await?;
    let palette = job.color().get_by_number(&kit.palette).await?;
    let fabric = job.material().get_by_number(&kit.fabric).await?;
    let fields: Vec<(&str, Value)> = vec![
        ("season", kit.season.as_str().into()),
        ("vendor", kit.partner.as_str().into()),
        ("content", fabric.field("content").unwrap_or_default()),
        ("cost", price(job, kit).await?),
    ];

    let lookup = job.style().get_many_by_number(kit.styles.keys()).folder_id(&folder_id).await?;
    for doubled in lookup.ambiguous {
        tell(format!("{} is carried by {} styles, and left alone", doubled.number, doubled.records.len()));
    }
    let mut styles = Vec::new();
    for style in lookup.found {
        styles.push(with_season(job, style, &fields).await?);
    }
    if !lookup.missing.is_empty() {
        let artwork = job.image().get_by_number(&kit.artwork).await?;
        let colorways = colorways_of(&palette, &artwork.id);
        let block_id = job.block().get_by_number(&kit.block).await?.id.unwrap_or_default();
        for number in lookup.missing {
            let mut named = fields.clone();
            named.push(("header_number", number.as_str().into()));
            named.push(("header_name", kit.styles[&number].as_str().into()));
            let style = create(job, &folder_id, &number, named, &colorways).await?;
            job.style().block_link(id_of(&style), &block_id).await?; // for its sizes
            styles.push(style);
            tell(format!("{number} is new"));
        }
    }

    let number = job.automation().autonumber_generate(&kit.sequence).await?.generated_number;
    let name = format!("{} {}", kit.season, number.unwrap_or_default());
    job.style().tag_create(&name).await?;
    for style in &styles {
        if front_picture(style).is_none() {
            let picture = pictures.join(format!("{}.png", number_of(style)));
            match job.style().upload(id_of(style), picture).await {
                Ok(_) => {}
                // There is no such file, or it is no picture.
                Err(error) if matches!(error.kind(), ErrorKind::Config | ErrorKind::Validation) => {
                    tell(format!("{} has no picture: {}", number_of(style), error.message()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        job.style().header_tag_add(id_of(style), [&name]).await?;
        share(job, style, &kit.partner, &name).await?;
    }
    let headers: Vec<_> = styles.iter().map(id_of).collect();
    let references = json!({"page": "Style", "headers": headers});
    let task = job.inbox().task_create(format!("Check {name}"));
    task.assignees([json!({"value": reviewer.id})]).references(references).await?;
    download(job, &styles, &palette, handover, tell).await?;
    open_ends(job, kit, &folder_id, tell).await?;
    let by_label = job.quota_report(1).await?.by_label;
    let spent = by_label.iter().find(|row| row.name == LABEL).map_or(0, |row| row.requests);
    let partner = partner.name.unwrap_or_default();
    tell(format!("{name} for {partner}: {} styles, {spent} requests", styles.len()));
    Ok(())
}

fn id_of(style: &StyleHeader) -> &str {
    style.id.as_deref().unwrap_or_default()
}

fn number_of(style: &StyleHeader) -> &str {
    style.header_number.as_deref().unwrap_or_default()
}

/// Begins nothing that the service would stop today.
async fn check_limits(job: &Client, styles: usize) -> Result<()> {
    let made = ["create", "update", "block_link", "upload", "upload_status", "header_tag_add"];
    let shared = ["shared_with", "share", "comment_add", "get"];
    let work = made.iter().chain(&shared).map(|step| Work::new(format!("style.{step}"), styles as u64));
    let work: Vec<_> = work.collect();
    let needed = job.quota_estimate(&work).await?.requests;
    let limits = job.system().ratelimit_status().await?;
    match limits.per_day.and_then(|day| day.remaining) {
        Some(left) if i64::try_from(needed)? > left => {
            Err(format!("{styles} styles take {needed} requests, and {left} are left today").into())
        }
        _ => Ok(()),
    }
}

/// What the trims cost.
async fn price(job: &Client, kit: &Kit) -> Result<Value> {
    let missing = || format!("{} has no {}", kit.prices, kit.trims);
    let tables = job.data_tables().list().collect().await?;
    let table = tables.into_iter().find(|table| table.name.as_ref() == Some(&kit.prices));
    let table_id = table.and_then(|table| table.id).ok_or_else(missing)?;
    let code = [Filter::eq("code", kit.trims.as_str())];
    let rows = job.data_tables().data(table_id).filters(code).collect().await?;
    Ok(rows.first().ok_or_else(missing)?.field("price").unwrap_or_default())
}

/// A colorway for each colour of a palette. The first shows the artwork.
fn colorways_of(palette: &ColorHeader, image_id: &Option<String>) -> Vec<Value> {
    let colors = palette.header_data.as_ref().and_then(|data| data.colors.as_ref()?.colors.as_ref());
    let colorway = |(index, color): (usize, &beproduct::models::ColorChip)| {
        let (number, name) = (&color.color_number, &color.color_name);
        let fields =
            json!({"color_number": number, "color_name": name, "primary": color.hex, "secondary": ""});
        let mut colorway = json!({"fields": fields, "colorSourceId": color.id});
        if index == 0 {
            colorway["imageHeaderId"] = json!(image_id);
        }
        colorway
    };
    colors.into_iter().flatten().enumerate().map(colorway).collect()
}

async fn create(
    job: &Client,
    folder_id: &str,
    number: &str,
    fields: Vec<(&str, Value)>,
    colorways: &[Value],
) -> beproduct::Result<StyleHeader> {
    match job.style().create(folder_id, fields).colorways(colorways).await {
        // It was sent and no answer came: it is there, or it may be made again.
        Err(error) if error.outcome() == Outcome::Unknown => {
            job.style().get_by_number(number).folder_id(folder_id).await
        }
        answer => answer,
    }
}

/// The style with these values. One that is of the season has had its own since.
async fn with_season(
    job: &Client,
    style: StyleHeader,
    fields: &[(&str, Value)],
) -> beproduct::Result<StyleHeader> {
    match style.field("season") == Some(fields[0].1.clone()) {
        true => Ok(style),
        false => job.style().update(id_of(&style)).fields(fields.iter().cloned()).await,
    }
}

/// Shares a style with the partner, unless it is shared already.
async fn share(job: &Client, style: &StyleHeader, partner: &str, kit: &str) -> beproduct::Result<()> {
    let shared = job.style().shared_with(id_of(style)).await?;
    let is_partner = |id: &Option<String>| id.as_deref() == Some(partner);
    if !shared.iter().any(|shared| shared.partner.as_ref().is_some_and(|one| is_partner(&one.id))) {
        job.style().share(id_of(style), [partner]).await?;
        let who = job.auth().userinfo().await?.name.unwrap_or_default();
        job.style().comment_add(id_of(style), format!("{kit}, prepared by {who}")).await?;
    }
    Ok(())
}

/// The link to the picture, if the style has one.
fn front_picture(style: &StyleHeader) -> Option<&String> {
    let image = style.header_data.as_ref()?.front_image.as_ref()?;
    image.origin.as_ref().filter(|link| !link.is_empty())
}

/// Fills the folder.
async fn download(
    job: &Client,
    styles: &[StyleHeader],
    palette: &ColorHeader,
    handover: &Path,
    tell: &mut impl FnMut(String),
) -> Result<()> {
    std::fs::create_dir_all(handover)?;
    let mut files = Vec::new();
    for style in styles {
        // Read again: what was uploaded shows up here.
        let style = job.style().get(id_of(style)).await?;
        if let Some(link) = front_picture(&style).cloned() {
            let file = handover.join(format!("{}.png", number_of(&style))).display().to_string();
            files.push(DownloadFile { link, file, record: style.id, ..DownloadFile::default() });
        }
    }
    let mut options = CallOptions::default();
    options.progress = Some(OnProgress::new(|progress| {
        eprintln!("{} of {} pictures", progress.done, progress.total.unwrap_or_default());
    }));
    for outcome in job.style().download_many(files).options(options).await? {
        if let Some(error) = outcome.error {
            tell(format!("{} is missing: {}", outcome.file, error.message));
        }
    }
    let colors = palette.header_data.as_ref().and_then(|data| data.colors.as_ref());
    if let Some(swatches) = colors.and_then(|colors| colors.ase_url.as_ref()) {
        job.raw().download(swatches).file(handover.join("palette.ase")).await?;
    }
    Ok(())
}

/// Milestones that are not reached, styles of the season that the kit does not have, and its line sheets and reports.
async fn open_ends(job: &Client, kit: &Kit, folder_id: &str, tell: &mut impl FnMut(String)) -> Result<()> {
    for row in job.tracking().style_timeline_list(&kit.plan).collect().await? {
        let number = row.header.and_then(|header| header.header_number).unwrap_or_default();
        let milestones = row.timelines.unwrap_or_default();
        let ahead = milestones.iter().filter(|one| one.status.as_deref() != Some("Approved")).count();
        if ahead > 0 && kit.styles.contains_key(&number) {
            tell(format!("{number} has {ahead} of {} milestones ahead", milestones.len()));
        }
    }
    let season = [Filter::eq("season", kit.season.as_str())];
    let season = job.style().list().folder_id(folder_id).filters(season).collect().await?;
    let others = season.iter().filter(|style| !kit.styles.contains_key(number_of(style))).count();
    tell(format!("{others} more styles of {} are of {}", kit.folder, kit.season));
    let sheets = job.linesheets().list().name(&kit.season).await?;
    for name in sheets.into_iter().filter_map(|sheet| sheet.name).filter(|name| name.contains(&kit.season)) {
        tell(format!("the line sheet {name} may need them"));
    }
    let reports = job.reports().list().collect().await?;
    for name in reports.into_iter().filter_map(|report| report.name).filter(|name| name.contains(&kit.season))
    {
        tell(format!("the report {name} shows them"));
    }
    let planned = kit.styles.keys().map(|number| {
        json!({"kind": "update", "resource": "style", "record": {"number": number}, "fields": {"season": kit.season}})
    });
    let preview = job.changes().preview().edits(planned).await?;
    for edit in preview.edits.iter().filter(|edit| edit.action != "unchanged") {
        tell(format!("{} is not of {}", edit.number.as_deref().unwrap_or_default(), kit.season));
    }
    Ok(())
}

#[allow(dead_code, reason = "the test has its own")]
#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [file, pictures, handover] = arguments.as_slice() else {
        return Err("give kit.json, the folder of pictures and the folder of the partner".into());
    };
    let kit: Kit = serde_json::from_slice(&std::fs::read(file)?)?;
    let client = ClientBuilder::from_config(Config::from_json(json!({"environment": true}))?).build()?;
    let done = prepare(&client, &kit, pictures, handover, &mut |line| println!("{line}")).await;
    client.shut_down().await;
    let Err(problem) = done else { return Ok(()) };
    match problem.downcast_ref::<Error>() {
        Some(error) if error.kind() == ErrorKind::QuotaExceeded => {
            eprintln!("run it again in {:?}: {}", error.retry_after().unwrap_or_default(), error.message());
        }
        _ => eprintln!("the kit cannot be prepared: {problem}"),
    }
    exit(1)
}
