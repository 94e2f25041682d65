//! Data frames as lists of dicts: those of pandas, polars and Arrow, told by what they can do, so that none of them is needed.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The rows of a data frame, and `None` for any other object. Missing values of pandas become null.
///
/// # Errors
/// `ModuleNotFoundError` for what says its rows in Arrow, without pyarrow.
pub(crate) fn rows<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let can = |name: &str| value.hasattr(name);
    if can("to_dicts")? {
        return value.call_method0("to_dicts").map(Some);
    }
    if can("to_pylist")? && can("column_names")? {
        return value.call_method0("to_pylist").map(Some);
    }
    let py = value.py();
    if can("notna")? && can("to_dict")? && can("columns")? {
        let is_there = value.call_method0("notna")?;
        let objects = value.call_method1("astype", ("object",))?;
        let objects = objects.call_method1("where", (is_there, py.None()))?;
        let how = PyDict::new(py);
        how.set_item("orient", "records")?;
        return objects.call_method("to_dict", (), Some(&how)).map(Some);
    }
    // DuckDB and others, which say their rows in Arrow.
    if can("__arrow_c_stream__")? {
        let table = py.import("pyarrow")?.call_method1("table", (value,))?;
        return table.call_method0("to_pylist").map(Some);
    }
    Ok(None)
}
