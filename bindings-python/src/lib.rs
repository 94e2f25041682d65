//! The native part of `beproduct_client`: converts values, errors and cancellation, and nothing more. The public API is
//! in `python/beproduct_client`.

mod bridge;
mod convert;
mod engine;
mod files;
mod frames;
mod host;
mod runtime;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::bridge::Bridge;
    #[pymodule_export]
    use super::engine::{Engine, Reply, Stream};
    use pyo3::prelude::*;

    /// To be called before `fork`, and `after_fork` after it in both processes, in the same thread.
    #[pyo3::pyfunction]
    fn before_fork() {
        super::runtime::before_fork();
    }

    #[pyo3::pyfunction]
    fn after_fork(child: bool) {
        super::runtime::after_fork(child);
    }

    /// Lines of lower levels are not written.
    #[pyo3::pyfunction]
    fn set_log_level(level: u8) {
        super::host::set_log_level(level);
    }

    /// Runs the `beproduct` command and returns the status to exit with.
    #[pyo3::pyfunction]
    fn run_command(py: pyo3::Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
        py.detach(|| beproduct_cli::run(arguments))
    }

    #[pyo3::pyfunction]
    fn values_of<'py>(record: Bound<'py, PyAny>, exact: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        super::convert::values_of(&record, exact)
    }

    #[pyo3::pyfunction]
    fn parse_event<'py>(py: pyo3::Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        super::convert::parse_event(py, body)
    }

    /// To be called before the interpreter ends.
    #[pyo3::pyfunction]
    fn before_exit(py: pyo3::Python<'_>) {
        super::runtime::before_exit(py);
    }
}
