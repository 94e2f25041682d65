//! Operations that answer with a file.

use super::{Answer, Base, Body, Effect, Handler, Kind, Operation, Place};

/// What goes with a file as an answer: effect, handler and the path that it is written to; and with a link as an address.
pub(super) fn validate(operation: &Operation) -> Result<(), String> {
    let of_kind = |kind| operation.parameters.iter().filter(move |parameter| parameter.kind == kind);
    let (targets, links) = (of_kind(Kind::Target).count(), of_kind(Kind::Link).count());
    let is_download =
        [operation.answer == Answer::File, operation.handler == Handler::Download, targets == 1];
    if is_download.contains(&true) && (is_download.contains(&false) || operation.effect != Effect::Read) {
        return Err(
            "the answer file, the handler download and one parameter of the kind target need each other, in a read"
                .into(),
        );
    }
    let in_handler = |kind| of_kind(kind).all(|parameter| parameter.place == Place::Handler);
    if !in_handler(Kind::Target) || !in_handler(Kind::Link) {
        return Err("a target and a link are for the handler".into());
    }
    let needed = of_kind(Kind::Link).all(|parameter| parameter.required);
    let is_link = operation.base == Base::Link;
    if operation.handler == Handler::DownloadMany {
        let plain = is_link && operation.path.is_empty() && operation.body == Body::None;
        let list = operation.parameters.len() == 1 && of_kind(Kind::Records).count() == 1;
        let reads = operation.effect == Effect::Read && operation.answer == Answer::List && !operation.paged;
        return match plain && list && reads {
            true => Ok(()),
            false => {
                Err("the handler download_many is for a read of the base link, with one list of records"
                    .into())
            }
        };
    }
    if is_link != (links == 1 && needed)
        || (is_link && !(operation.path.is_empty() && operation.body == Body::None && is_download[0]))
    {
        return Err(
            "the base link is for a file as an answer, with one required link and neither path nor body"
                .into(),
        );
    }
    Ok(())
}
