//! Files that an operation takes, and how the client learns that the service has processed one.

use serde::{Deserialize, Serialize};

use super::{Answer, Body, Effect, Handler, Kind, Method, Operation, Place};

/// How the client learns that what was sent is processed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poll {
    /// The read that says so; in an entry an id without its resource.
    pub(crate) operation: String,
    /// Another, for when that does not know the file; in an entry left out for the resources that have none.
    pub(crate) fallback: Option<String>,
    /// Its one argument.
    pub(crate) argument: String,
    /// Member of the answer that is the argument's value. Without it there is nothing to wait for.
    pub(crate) from: String,
    /// Member of what is read that is true at the end.
    pub(crate) until: String,
    /// Member that is true at the end of a failure.
    pub(crate) failed: String,
    /// Member that says why it failed.
    pub(crate) message: String,
}

/// What goes with a file: body, effect and handler.
pub(super) fn validate(operation: &Operation) -> Result<(), String> {
    let is_upload = [
        operation.body == Body::Multipart,
        operation.effect == Effect::Upload,
        operation.handler == Handler::Upload,
    ];
    let files: Vec<_> =
        operation.parameters.iter().filter(|parameter| parameter.kind == Kind::File).collect();
    if is_upload == [false; 3] && files.is_empty() {
        return match operation.poll {
            None => Ok(()),
            Some(_) => Err("poll needs the handler upload".into()),
        };
    }
    if is_upload != [true; 3] || operation.method != Method::Post || operation.paged {
        return Err(
            "the body multipart, the effect upload, the handler upload and a file need each other, in a POST"
                .into(),
        );
    }
    let in_body = operation.parameters.iter().filter(|parameter| parameter.place == Place::Body).count();
    match files.as_slice() {
        [file] if file.place == Place::Body && file.required && in_body == 1 => Ok(()),
        _ => Err("the body multipart is one required parameter of the kind file".into()),
    }
}

/// Whether the operation that is polled can be asked.
pub(super) fn validate_poll(poll: &Poll, status: &Operation) -> Result<(), String> {
    if status.effect != Effect::Read || status.answer != Answer::Object {
        return Err(format!("poll: {} is no read of one record", status.id));
    }
    match status.parameters.as_slice() {
        [argument] if argument.name == poll.argument && argument.kind == Kind::Id => Ok(()),
        _ => Err(format!("poll: {} is not the one id that {} takes", poll.argument, status.id)),
    }
}
