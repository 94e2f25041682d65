//! The file of everything that is secret, so that transcripts of tests can be searched for it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Shorter texts turn up in a transcript by chance.
const SHORTEST: usize = 8;

pub(crate) struct Secrets(Option<File>);

impl Secrets {
    /// Without a path nothing is kept.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let open = |path| OpenOptions::new().append(true).create(true).open(path);
        path.map(open).transpose().map(Secrets)
    }

    /// Appends the text as a line of its own. It is one write, because other simulators may write to the same
    /// file.
    pub(crate) fn note(&self, text: &str) {
        let Secrets(Some(file)) = self else { return };
        let mut writer: &File = file;
        for line in text.lines().filter(|line| line.len() >= SHORTEST) {
            if let Err(error) = writer.write_all(format!("{line}\n").as_bytes()) {
                eprintln!("beproduct-simulator: a secret could not be noted: {error}");
            }
        }
    }
}
