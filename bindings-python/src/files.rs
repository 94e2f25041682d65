//! Files of the program that go with a call: bytes, or a source that is read while it is sent.

use beproduct::host::HostFailure;
use beproduct::seam::{self, Attachment, Supply, Wanted};
use bytes::Bytes;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::convert::raise;
use crate::runtime;

/// Attaches what `_files.attached` made of a file: bytes, or a source. The number of it is 0.
pub(crate) fn attach(engine: &seam::Engine, call: u64, file: &Bound<'_, PyAny>) -> PyResult<()> {
    let attachment = match file.extract::<PyBackedBytes>() {
        Ok(bytes) => Attachment::Bytes(Bytes::from_owner(bytes)),
        Err(_) => Attachment::Stream { replayable: file.getattr("replayable")?.extract()? },
    };
    engine.attach(call, attachment);
    Ok(())
}

/// What a source has given.
pub(crate) fn bytes(piece: &Bound<'_, PyAny>) -> PyResult<Option<PyBackedBytes>> {
    piece.extract::<Option<PyBackedBytes>>().map_err(PyErr::from)
}

/// Bytes of a source, none of them at its end; or what it raised.
pub(crate) fn supply(piece: PyResult<Option<PyBackedBytes>>) -> Supply {
    match piece {
        Ok(Some(bytes)) => Supply::Chunk(Bytes::from_owner(bytes)),
        Ok(None) => Supply::End,
        Err(error) => Supply::Failed(HostFailure::new(error.to_string()).with_source(error)),
    }
}

/// Waits for a call whose file is a source, and reads that in this thread meanwhile.
pub(crate) fn wait_reading(
    py: Python<'_>,
    engine: &seam::Engine,
    call: u64,
    file: &Bound<'_, PyAny>,
    work: impl Future<Output = beproduct::Result<seam::Reply>> + Send + 'static,
) -> PyResult<beproduct::Result<seam::Reply>> {
    let task = runtime::handle()?.spawn(seam::guarded(work));
    let ended = async move {
        task.await.unwrap_or_else(|_| Err(beproduct::Error::internal("the call ended without a result")))
    };
    let result = read(py, engine, call, file);
    // What its end raises is worth less than what became of the call.
    let closed = file.call_method0("close");
    if let Err(error) = closed {
        error.write_unraisable(py, Some(file));
    }
    let too_late = |reply: &seam::Reply| reply.too_late();
    let Err(raised) = result else { return runtime::wait(py, ended, || engine.cancel(call), too_late) };
    engine.cancel(call);
    let cause = match runtime::wait(py, ended, || (), |_| None)? {
        Ok(reply) => reply.too_late(),
        Err(error) => Some(error),
    };
    if let Some(error) = cause {
        raised.set_cause(py, Some(raise(py, &error)));
    }
    Err(raised)
}

/// Hands a source in until nothing more is wanted. Fails with what ends the program's thread, such as Ctrl-C.
fn read(py: Python<'_>, engine: &seam::Engine, call: u64, file: &Bound<'_, PyAny>) -> PyResult<()> {
    let mut next = Supply::Nothing;
    loop {
        let supplied = engine.supply(call, 0, next);
        let wanted = runtime::wait(py, async move { Ok(supplied.await) }, || (), |_| None)?;
        let wanted = wanted.map_err(|error| raise(py, &error))?;
        if wanted == Wanted::Stop {
            return Ok(());
        }
        let piece = file.call_method1("next", (wanted == Wanted::Start,)).and_then(|piece| bytes(&piece));
        if let Err(error) = &piece
            && !error.is_instance_of::<PyException>(py)
        {
            return Err(error.clone_ref(py));
        }
        next = supply(piece);
    }
}
