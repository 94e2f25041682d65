//! Operations that are made of several requests, or of one and a look at what it did.

mod delete;
mod download;
mod lock;
mod lookup;
mod row_outcomes;
mod rows;
mod search;
mod upload;

pub(crate) use delete::{delete_files, delete_header};
pub(crate) use download::{Reading, download, download_many};
pub(crate) use lock::{OnItsWay, acquire, release};
pub(crate) use lookup::{get_by_number, get_many_by_number};
pub(crate) use rows::{refused_in_part, update_rows};
pub(crate) use upload::{Beside, upload};
