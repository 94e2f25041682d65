//! A read of each record, several at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::found::Found;
use super::{Many, Way};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::handlers::at_a_time::at_a_time;
use crate::handlers::delete::{marked_deleted, says_missing};
use crate::options::Call;
use crate::own::Meta;
use crate::schemas::folder_of;

impl Many<'_> {
    /// Reads each record that is still open.
    pub(super) async fn singly(&self, found: &mut Found, meta: &mut Meta) -> Result<Way> {
        let ids = found.open_ids();
        let has_failed = AtomicBool::new(false);
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(ids.len());
        for id in &ids {
            let has_failed = &has_failed;
            work.push(Box::pin(async move {
                // Those that are on their way are paid for: they are waited for. No other begins.
                if has_failed.load(Ordering::Relaxed) {
                    return None;
                }
                let result = self.one(id).await;
                if result.as_ref().is_err_and(|error| !says_missing(error)) {
                    has_failed.store(true, Ordering::Relaxed);
                }
                Some((id, result))
            }));
        }
        let mut requests = at_a_time(self.requester, work);
        let mut failure: Option<Error> = None;
        while let Some(outcome) = requests.next().await {
            let Some((id, result)) = outcome else { continue };
            match result {
                Ok(answer) => {
                    if self.is_here(&answer) {
                        found.put(answer.body);
                    }
                    found.miss(id);
                    meta.absorb(answer.meta);
                }
                Err(error) if says_missing(&error) => {
                    found.miss(id);
                    meta.absorb(error.spent());
                }
                Err(error) => drop(failure.get_or_insert(error)),
            }
            self.report(found);
        }
        failure.map_or(Ok(Way::Gets), Err)
    }

    async fn one(&self, id: &str) -> Result<Answer> {
        let parameter = self.look.parameters.iter().find(|parameter| parameter.required);
        let name = parameter.map_or("header_id", |parameter| parameter.name);
        let arguments = Map::from_iter([(name.to_owned(), Value::from(id))]);
        let call = Call { arguments, options: self.options_of_reads(None) };
        self.requester.request(self.look, &call).await
    }

    /// Whether a list would show the record: it is not deleted, and in the folder if there is one.
    fn is_here(&self, answer: &Answer) -> bool {
        let folder = self.arguments.get("folder_id").and_then(Value::as_str).map(str::to_lowercase);
        let is_in = folder.is_none_or(|folder| folder_of(&answer.body).is_some_and(|(_, of)| of == folder));
        is_in && !marked_deleted(&answer.body)
    }
}
