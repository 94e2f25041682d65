//! Operations that are made of several requests, or of one and a look at what it did.

mod apps_of_many;
mod at_a_time;
mod delete;
mod download;
mod load;
mod lock;
mod lookup;
mod many;
mod row_outcomes;
mod rows;
mod search;
mod upload;

pub(crate) use apps_of_many::get_apps_of_many;
pub(crate) use at_a_time::at_a_time;
pub(crate) use delete::{delete_files, delete_header};
pub(crate) use download::{Reading, download, download_many};
pub(crate) use load::{Loads, load};
pub(crate) use lock::{OnItsWay, acquire, release};
pub(crate) use lookup::{get_by_number, get_many_by_number};
pub(crate) use many::{Found, get_many, read as read_many};
pub(crate) use rows::{refused_in_part, update_rows};
pub(crate) use upload::{Beside, Stage, check_file, upload, upload_id, upload_stage};
