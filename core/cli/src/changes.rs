//! `beproduct preview`, `apply` and `resume`.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use beproduct::{CallOptions, Cancel, Client, ClientBuilder, Config, OnProgress};
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::generated::ChangesFlags;
use crate::given::path;
use crate::{Failure, Status, runtime};

/// Shows what a file of rows or edits would change. Sends nothing that writes.
///
/// A row of a .csv or .tsv file is an update of the record that its key names. A line of a .ndjson or .jsonl file is an edit,
/// {"kind": "create", "resource": "style", "folder_id": ..., "fields": {...}}, or a row where --to is given.
///
/// Ends with 0 when there is nothing to do, 2 when there are changes, 3 when there are none but something cannot be done.
#[derive(clap::Args)]
pub(crate) struct Preview {
    /// File of rows (.csv, .tsv) or edits (.ndjson, .jsonl)
    file: PathBuf,
    /// What the rows are about: style, material, image, color or block
    #[arg(long, value_name = "RESOURCE")]
    to: Option<String>,
    /// Field that names the record: header_number or id
    #[arg(long, value_name = "FIELD")]
    key: Option<String>,
    /// A column and its field, where they differ; without a field the column is left out. May be given more than once
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Folder in which numbers are looked up [default: all folders]
    #[arg(long, value_name = "ID")]
    folder_id: Option<String>,
    /// A blank cell clears its field
    #[arg(long)]
    clear_blanks: bool,
    /// Time zone of times that do not say theirs, such as Europe/Lisbon
    #[arg(long)]
    zone: Option<String>,
    /// What separates the cells [default: a comma; a tab in a .tsv file]
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
    /// Encoding of the file, such as windows-1252 [default: utf-8]
    #[arg(long)]
    encoding: Option<String>,
    /// File that the preview is written to, for beproduct apply
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: ChangesFlags,
}

/// Carries out what a preview shows, and reads back what was stored.
///
/// Ends with 0 when all is done, 3 when something was not, 4 when it stopped at its budget: `beproduct resume` goes on.
#[derive(clap::Args)]
pub(crate) struct Apply {
    /// File that beproduct preview --out has written
    preview: PathBuf,
    /// File that beproduct resume can go on with, a new one [default: a file in the state folder, which is shown]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// full, or none to read nothing back
    #[arg(long, value_name = "full|none")]
    verify: Option<String>,
    #[command(flatten)]
    wishes: Wishes,
    #[command(flatten)]
    flags: ChangesFlags,
}

/// Goes on with changes whose run has ended before its time.
///
/// Ends as `beproduct apply` does.
#[derive(clap::Args)]
pub(crate) struct Resume {
    /// Journal of the run
    journal: PathBuf,
    #[command(flatten)]
    wishes: Wishes,
    #[command(flatten)]
    flags: ChangesFlags,
}

#[derive(clap::Args)]
struct Wishes {
    /// Requests that the run may take: a number, or a share of the day such as 40% [default: what is left]
    #[arg(long, value_name = "REQUESTS")]
    budget: Option<String>,
    /// service lets folders number new records themselves
    #[arg(long, value_name = "service")]
    numbers: Option<String>,
    /// File that each edit is written to with its outcome and record (.csv, .ndjson)
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn preview(arguments: &Preview, out: &mut dyn Write) -> Result<Status, Failure> {
    let mut given = Map::new();
    give(&mut given, "file", path("FILE", Some(&arguments.file))?);
    give(&mut given, "to", arguments.to.as_deref());
    give(&mut given, "key", arguments.key.as_deref());
    if !arguments.map.is_empty() {
        give(&mut given, "map", Some(columns(&arguments.map)?));
    }
    give(&mut given, "folder_id", arguments.folder_id.as_deref());
    give(&mut given, "clear_blanks", arguments.clear_blanks.then_some(true));
    give(&mut given, "zone", arguments.zone.as_deref());
    give(&mut given, "delimiter", arguments.delimiter.as_deref());
    give(&mut given, "encoding", arguments.encoding.as_deref());
    if let Some(out) = &arguments.out {
        check_out(out, &arguments.file)?;
    }
    let answer = call("changes.preview", given, &arguments.flags)?;
    if let Some(file) = &arguments.out {
        std::fs::write(file, &answer)
            .map_err(|error| Failure::File(format!("--out {} cannot be written: {error}", file.display())))?;
    }
    let preview: Overview = read(&answer)?;
    if arguments.json {
        writeln!(out, "{:#}", read::<Value>(&answer)?)?;
    } else {
        write!(out, "{}", preview.table)?;
    }
    let count =
        |actions: &[&str]| actions.iter().filter_map(|action| preview.counts[action].as_u64()).sum::<u64>();
    Ok(if count(&["create", "update", "delete"]) > 0 {
        if let (Some(file), false) = (&arguments.out, arguments.json) {
            writeln!(out, "beproduct apply {} carries them out", file.display())?;
        }
        Status::Changes
    } else if count(&["refused", "conflict", "unmatched", "ambiguous"]) > 0 {
        Status::NotDone
    } else {
        Status::Done
    })
}

pub(crate) fn apply(arguments: &Apply, out: &mut dyn Write) -> Result<Status, Failure> {
    let file = arguments.preview.display();
    let text = std::fs::read_to_string(&arguments.preview)
        .map_err(|error| Failure::File(format!("{file} cannot be read: {error}")))?;
    serde_json::from_str::<IgnoredAny>(&text)
        .map_err(|error| Failure::File(format!("{file} is no preview: {error}")))?;
    if let Some(results) =
        arguments.wishes.results.as_deref().filter(|path| is_same(path, &arguments.preview))
    {
        return Err(Failure::Usage(format!(
            "--results {} is the preview: give another file",
            results.display()
        )));
    }
    let mut given = arguments.wishes.arguments()?;
    // As it is: a large one is not taken apart twice.
    given.insert("preview".into(), text.into());
    give(&mut given, "journal", path("--journal", arguments.journal.as_deref())?);
    give(&mut given, "verify", arguments.verify.as_deref());
    run("changes.apply", given, &arguments.flags, &arguments.wishes, out)
}

pub(crate) fn resume(arguments: &Resume, out: &mut dyn Write) -> Result<Status, Failure> {
    let mut given = arguments.wishes.arguments()?;
    give(&mut given, "journal", path("JOURNAL", Some(&arguments.journal))?);
    run("changes.resume", given, &arguments.flags, &arguments.wishes, out)
}

/// What is written does not take the place of what was read, and has a folder.
fn check_out(out: &Path, file: &Path) -> Result<(), Failure> {
    if is_same(out, file) {
        return Err(Failure::Usage(format!(
            "--out {} is the file of the edits: give another",
            out.display()
        )));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(Failure::File(format!(
            "--out {} cannot be written: there is no folder {}",
            out.display(),
            folder.display()
        ))),
        _ => Ok(()),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

impl Wishes {
    fn arguments(&self) -> Result<Map<String, Value>, Failure> {
        let mut given = Map::new();
        give(&mut given, "budget", self.budget.as_deref());
        give(&mut given, "numbers", self.numbers.as_deref());
        give(&mut given, "results", path("--results", self.results.as_deref())?);
        Ok(given)
    }
}

fn give(given: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        given.insert(name.to_owned(), value.into());
    }
}

/// Fields by columns.
fn columns(given: &[String]) -> Result<Value, Failure> {
    let mut columns = Map::new();
    for pair in given {
        let (column, field) = pair
            .rsplit_once('=')
            .filter(|(column, _)| !column.is_empty())
            .ok_or_else(|| Failure::Usage(format!("--map {pair}: it has to be COLUMN=FIELD")))?;
        let field = if field.is_empty() { Value::Null } else { field.into() };
        if columns.insert(column.to_owned(), field).is_some() {
            return Err(Failure::Usage(format!("--map names the column {column:?} twice")));
        }
    }
    Ok(columns.into())
}

fn client(flags: &ChangesFlags) -> Result<Client, Failure> {
    let mut settings = flags.settings()?;
    if !settings.contains_key("profile") {
        settings.insert("environment".into(), true.into());
    }
    Ok(ClientBuilder::from_config(Config::from_json(Value::Object(settings))?).build()?)
}

/// Calls an operation. Ctrl-C lets it end in order.
fn call(name: &str, given: Map<String, Value>, flags: &ChangesFlags) -> Result<Bytes, Failure> {
    let journal = given.get("journal").and_then(Value::as_str).map(PathBuf::from);
    runtime()?.block_on(async {
        let client = client(flags)?;
        let cancel = Cancel::new();
        let mut options = CallOptions::default();
        options.cancel = Some(cancel.clone());
        let bar = io::stderr().is_terminal().then(bar);
        if let Some(bar) = bar.clone() {
            options.progress = Some(OnProgress::new(move |progress| {
                bar.set_length(progress.total.unwrap_or(progress.done));
                bar.set_position(progress.done);
            }));
        }
        let interrupted = async {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancel.cancel();
                if tokio::signal::ctrl_c().await.is_ok() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = client.call(name, given, options) => result,
            () = interrupted => return Err(Failure::Interrupted(goes_on(name, journal.as_deref()))),
        };
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        client.shut_down().await;
        Ok(result?.body)
    })
}

/// How to go on with what was stopped at once.
fn goes_on(name: &str, journal: Option<&Path>) -> String {
    match (name, journal) {
        (_, Some(journal)) if journal.exists() => {
            format!("; beproduct resume {} goes on", shown(journal))
        }
        ("changes.apply", None) => {
            "; the same command goes on, or says which journal beproduct resume goes on with".to_owned()
        }
        _ => "; nothing was changed".to_owned(),
    }
}

/// What is shown of a preview.
#[derive(Deserialize)]
struct Overview {
    counts: Value,
    table: String,
}

/// What is shown of a report.
#[derive(Deserialize)]
struct Report {
    counts: Map<String, Value>,
    edits: Vec<Edited>,
    end: String,
    cost: u64,
    journal: PathBuf,
}

#[derive(Deserialize)]
struct Edited {
    index: u64,
    origin: Option<String>,
    resource: String,
    outcome: String,
    reason: Option<String>,
    id: Option<String>,
    number: Option<String>,
    renumbered: bool,
    fields: Vec<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    id: String,
    sent: Value,
    stored: Value,
}

fn read<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(answer).map_err(|error| Failure::Output(error.into()))
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn run(
    name: &str,
    given: Map<String, Value>,
    flags: &ChangesFlags,
    wishes: &Wishes,
    out: &mut dyn Write,
) -> Result<Status, Failure> {
    let answer = match call(name, given, flags) {
        Ok(answer) => answer,
        Err(Failure::Client(error)) => {
            // The report says what was done before the failure.
            if let Some(report) = error.details().filter(|details| details["edits"].is_array()) {
                show(report.to_string().as_bytes(), wishes.json, out)?;
            }
            return Err(Failure::Client(error));
        }
        Err(failure) => return Err(failure),
    };
    let report = show(&answer, wishes.json, out)?;
    if report.end == "budget" {
        if !wishes.json {
            writeln!(out, "stopped at its budget; beproduct resume {} goes on", shown(&report.journal))?;
        }
        return Ok(Status::Budget);
    }
    if !wishes.json {
        let journal = shown(&report.journal);
        match report.end.as_str() {
            "numbers" => writeln!(
                out,
                "stopped: a folder numbers its records itself; beproduct resume {journal} --numbers service lets it"
            )?,
            "lost" => writeln!(out, "stopped: fields have lost their values; preview what is left again")?,
            _ => {}
        }
    }
    match report.edits.iter().all(Edited::is_done) {
        true => Ok(Status::Done),
        false => Ok(Status::NotDone),
    }
}

/// A path as a shell takes it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(|letter: char| letter.is_whitespace()) { format!("'{text}'") } else { text }
}

/// Edits that are shown, at most; the file of results has all.
const SHOWN: usize = 100;

fn show(answer: &[u8], json: bool, out: &mut dyn Write) -> Result<Report, Failure> {
    let report: Report = read(answer)?;
    if json {
        writeln!(out, "{:#}", read::<Value>(answer)?)?;
        return Ok(report);
    }
    for (outcome, count) in &report.counts {
        writeln!(out, "{count} {outcome}")?;
    }
    let is_shown = |edit: &&Edited| !edit.is_done() && edit.outcome != "left" || edit.renumbered;
    let open: Vec<_> = report.edits.iter().filter(is_shown).collect();
    for edit in open.iter().take(SHOWN) {
        writeln!(out, "  {}", edit.line())?;
    }
    if open.len() > SHOWN {
        writeln!(out, "  and {} more; --results writes all to a file", open.len() - SHOWN)?;
    }
    writeln!(out, "{} requests; journal {}", report.cost, report.journal.display())?;
    Ok(report)
}

impl Edited {
    fn is_done(&self) -> bool {
        matches!(self.outcome.as_str(), "done" | "unchanged")
    }

    fn line(&self) -> String {
        let place = self.origin.clone().unwrap_or_else(|| format!("edit {}", self.index));
        let record = self.number.as_ref().or(self.id.as_ref()).map_or("", String::as_str);
        let mut line = format!("{place}: {} {record} {}", self.resource, self.outcome);
        for field in &self.fields {
            line.push_str(&format!("; {} sent {}, stored {}", field.id, field.sent, field.stored));
        }
        if let Some(reason) = &self.reason {
            line.push_str(&format!("; {reason}"));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_and_their_fields() {
        let map = |pairs: &[&str]| columns(&pairs.iter().map(|pair| (*pair).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            map(&["Nr=header_number", "a=b=c", "Note="]).unwrap(),
            json!({"Nr": "header_number", "a=b": "c", "Note": null})
        );
        for (pairs, says) in [
            (&["Nr"][..], "it has to be COLUMN=FIELD"),
            (&["=x"], "it has to be"),
            (&["a=b", "a=c"], "twice"),
        ] {
            let Err(Failure::Usage(text)) = map(pairs) else { panic!("{pairs:?}") };
            assert!(text.contains(says), "{text}");
        }
    }
}
