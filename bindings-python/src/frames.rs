//! Data frames as lists of dicts: those of pandas, polars and Arrow, told by what they can do, so that none of them is needed.

use std::collections::HashSet;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The rows of a data frame, and `None` for any other object. Missing values of pandas become null.
///
/// # Errors
/// `ModuleNotFoundError` for what says its rows in Arrow, without pyarrow. `ValueError` for columns of one name, of which a dict would
/// keep the last. What the library of the frame raises.
pub(crate) fn rows<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let can = |name: &str| value.hasattr(name);
    if can("to_dicts")? {
        return value.call_method0("to_dicts").map(Some);
    }
    if can("to_pylist")? && can("column_names")? {
        return of_arrow(value).map(Some);
    }
    let py = value.py();
    if can("collect_schema")? && can("collect")? {
        return Err(PyValueError::new_err("it is not computed yet: call collect()"));
    }
    if can("notna")? && can("to_dict")? && can("columns")? {
        check_names(&value.getattr("columns")?)?;
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
        return of_arrow(&table).map(Some);
    }
    Ok(None)
}

fn of_arrow<'py>(table: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    check_names(&table.getattr("column_names")?)?;
    table.call_method0("to_pylist")
}

fn check_names(columns: &Bound<'_, PyAny>) -> PyResult<()> {
    let mut known = HashSet::new();
    for column in columns.try_iter()? {
        let name = column?.str()?.to_str()?.to_owned();
        if let Some(twice) = known.replace(name) {
            return Err(PyValueError::new_err(format!("the column {twice:?} stands twice")));
        }
    }
    Ok(())
}
