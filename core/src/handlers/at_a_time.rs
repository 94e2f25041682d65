//! Several requests on their way at a time.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream, StreamExt as _};

use crate::requester::Requester;

/// The results of some work in its order, with as many pieces on their way as the client's concurrency allows.
///
/// Boxed, as a closure that borrows what it is given is too general for a call that may be sent between threads.
pub(crate) fn at_a_time<'a, T: Send + 'a>(
    requester: &Requester,
    work: Vec<BoxFuture<'a, T>>,
) -> impl Stream<Item = T> + Unpin + Send + use<'a, T> {
    stream::iter(work).buffered(requester.concurrency())
}
