//! What comes back over the seam.

use bytes::Bytes;

use crate::Meta;
use crate::answer::Answer;
use crate::catalog::Operation;
use crate::error::Error;
use crate::handlers::OnItsWay;
use crate::own::{ErrorKind, Outcome};
use crate::paging::Page;

/// An answer, or a page of one.
#[derive(Debug, Clone)]
pub struct Reply {
    body: Bytes,
    raw: Bytes,
    meta: String,
    /// Records of the whole list, for a page.
    pub total: Option<u64>,
    /// Number of records, for a page.
    pub records: usize,
    origin: Origin,
    /// What was taken with it.
    on_its_way: Option<OnItsWay>,
}

/// Where a reply comes from.
#[derive(Debug, Clone)]
enum Origin {
    Service {
        operation: &'static Operation,
        meta: Meta,
    },
    /// The client itself.
    Client {
        method: &'static str,
    },
}

impl Reply {
    pub(super) fn of_answer(
        operation: &'static Operation,
        answer: Answer,
        on_its_way: Option<OnItsWay>,
    ) -> Self {
        Self { on_its_way, ..Self::of_service(operation, answer.body, answer.raw, answer.meta) }
    }

    pub(super) fn of_page(operation: &'static Operation, page: Page) -> Self {
        let (body, total, records) = (page.json(), page.total, page.len());
        Self { total, records, ..Self::of_service(operation, body, page.raw, page.meta) }
    }

    /// The next bytes of a file.
    pub(super) fn of_bytes(operation: &'static Operation, bytes: Bytes, meta: Meta) -> Self {
        Self::of_service(operation, Bytes::from_static(b"null"), bytes, meta)
    }

    /// An answer of the client's own.
    pub(super) fn of_client(method: &'static str, body: String) -> Self {
        let origin = Origin::Client { method };
        Self {
            body: body.into(),
            raw: Bytes::new(),
            meta: "null".into(),
            total: None,
            records: 0,
            origin,
            on_its_way: None,
        }
    }

    fn of_service(operation: &'static Operation, body: Bytes, raw: Bytes, meta: Meta) -> Self {
        // Texts and numbers only: this cannot fail.
        let text = serde_json::to_string(&meta).unwrap_or_default();
        let origin = Origin::Service { operation, meta };
        Self { body, raw, meta: text, total: None, records: 0, origin, on_its_way: None }
    }

    /// JSON text: the record, the page's records as an array, or null.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        self.arrived();
        &self.body
    }

    /// The same, taken out.
    #[must_use]
    pub fn take_body(&mut self) -> Bytes {
        self.arrived();
        std::mem::take(&mut self.body)
    }

    /// The body as it came from the service; empty for an answer of the client's own.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        self.arrived();
        &self.raw
    }

    /// The same, taken out.
    #[must_use]
    pub fn take_raw(&mut self) -> Bytes {
        self.arrived();
        std::mem::take(&mut self.raw)
    }

    /// [`Meta`] as JSON text; `null` for an answer of the client's own.
    #[must_use]
    pub fn meta(&self) -> &str {
        self.arrived();
        &self.meta
    }

    /// Whoever reads any of it has what was taken with it. A reply that nobody reads gives that back.
    fn arrived(&self) {
        if let Some(on_its_way) = &self.on_its_way {
            on_its_way.arrived();
        }
    }

    /// The error for a caller that was cancelled when this answer had come already; none where it changed nothing. What was taken
    /// with it is given back.
    #[must_use]
    pub fn too_late(&self) -> Option<Error> {
        if let Some(on_its_way) = &self.on_its_way {
            on_its_way.give_back();
        }
        let error = Error::new(ErrorKind::Cancelled, "the call was cancelled after its answer had come")
            .with_outcome(Outcome::Applied);
        match &self.origin {
            Origin::Service { operation, .. } if operation.is_read() => None,
            Origin::Service { operation, meta } => Some(
                error
                    .with_operation(operation.id)
                    .with_status(meta.status)
                    .with_request_id(Some(meta.request_id.clone()))
                    .with_trace(meta.attempts.clone(), meta.waits.clone(), meta.cost),
            ),
            Origin::Client { method } => Some(error.with_operation(method)),
        }
    }

    /// The error for a body that the far side cannot read.
    #[must_use]
    pub fn unreadable(&self, message: impl Into<String>) -> Error {
        let error = Error::new(ErrorKind::Decode, message);
        match &self.origin {
            Origin::Service { operation, meta } => {
                let outcome = if operation.is_read() { Outcome::Refused } else { Outcome::Applied };
                error
                    .with_outcome(outcome)
                    .with_operation(operation.id)
                    .with_status(meta.status)
                    .with_request_id(Some(meta.request_id.clone()))
                    .with_trace(meta.attempts.clone(), meta.waits.clone(), meta.cost)
            }
            Origin::Client { method } => error.with_operation(method),
        }
    }
}
