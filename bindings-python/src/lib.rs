//! The native part of `beproduct_client`: converts values, errors and cancellation, and nothing more. The public API is
//! in `python/beproduct_client`.

mod bridge;
mod convert;
mod engine;
mod host;
mod runtime;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::bridge::Bridge;
    #[pymodule_export]
    use super::engine::{Authorization, Engine, Pager, Reply};

    /// To be called in the child after `fork`.
    #[pyo3::pyfunction]
    fn forget_runtime() {
        super::runtime::forget();
    }
}
