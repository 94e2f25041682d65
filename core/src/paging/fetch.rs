//! Fetching one page.

use bytes::Bytes;

use crate::answer::list::List;
use crate::arguments::Prepared;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::options::CallOptions;
use crate::own::Meta;
use crate::requester::Requester;

/// What is needed to fetch a page, without the pager: a page on its way does not keep an abandoned pager alive.
#[derive(Clone)]
pub(super) struct Fetch {
    pub(super) requester: Requester,
    pub(super) prepared: Prepared,
    pub(super) options: CallOptions,
}

/// A page as it came.
pub(super) struct Fetched {
    pub(super) list: List,
    pub(super) raw: Bytes,
    pub(super) meta: Meta,
}

impl Fetch {
    pub(super) async fn page(&self, number: u64, size: u64) -> Result<Fetched> {
        let paging = [("pageSize", size.to_string()), ("pageNumber", number.to_string())];
        let identity = self.prepared.operation.identity;
        let read = |body: &Bytes| List::read(body, identity);
        let (list, raw, meta) =
            self.requester.send_and_read(self.prepared.clone(), &self.options, &paging, read).await?;
        for row in &list.rows {
            self.requester.schemas().learn_record(self.prepared.operation, &raw[row.range.clone()]);
        }
        Ok(Fetched { list, raw, meta })
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.options.cancel.as_ref().is_some_and(Cancel::is_cancelled)
    }
}
