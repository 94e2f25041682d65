//! Values: Python objects to JSON text, JSON text to Python objects, and errors.

use jiter::{FloatMode, PythonParse, StringCacheMode};
use pyo3::exceptions::{PyException, PyModuleNotFoundError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::frames;

/// Levels of lists and dicts in an argument. A list that holds itself has no end.
const DEEPEST: usize = 100;

/// JSON text as dicts, lists and plain values. `exact` keeps decimals as `Decimal`. The error says why it cannot be read.
pub(crate) fn parse<'py>(py: Python<'py>, text: &[u8], exact: bool) -> Result<Bound<'py, PyAny>, String> {
    let parse = PythonParse {
        // Values too: names, types and choices are the same in every record of a list.
        cache_mode: StringCacheMode::All,
        float_mode: if exact { FloatMode::Decimal } else { FloatMode::Float },
        ..PythonParse::default()
    };
    let _uncollected = Uncollected::begin(py);
    parse
        .python_parse(py, text)
        .map_err(|error| format!("the answer cannot be read: {}", error.description(text)))
}

/// The same of text that the core has written.
pub(crate) fn from_json<'py>(py: Python<'py>, text: &[u8], exact: bool) -> PyResult<Bound<'py, PyAny>> {
    parse(py, text, exact).map_err(|message| {
        let fields = serde_json::json!({"kind": "decode", "message": message, "outcome": "applied"});
        raise_fields(py, &fields.to_string())
    })
}

/// Keeps Python's garbage collector from running. Among thousands of objects that are just being made there is no garbage,
/// and looking for it takes longer than making them.
struct Uncollected<'py> {
    was_enabled: bool,
    _py: Python<'py>,
}

impl<'py> Uncollected<'py> {
    fn begin(py: Python<'py>) -> Self {
        // SAFETY: the interpreter is held as long as `py` lives.
        Self { was_enabled: unsafe { ffi::PyGC_Disable() } == 1, _py: py }
    }
}

impl Drop for Uncollected<'_> {
    fn drop(&mut self) {
        if self.was_enabled {
            // SAFETY: the interpreter is held as long as `_py` lives.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}

/// An error of the core as the exception of its kind. An exception of the host's own code is its cause.
pub(crate) fn raise(py: Python<'_>, error: &beproduct::Error) -> PyErr {
    let raised = raise_fields(py, &error.to_json().to_string());
    let failure = std::error::Error::source(error).and_then(std::error::Error::source);
    if let Some(cause) = failure.and_then(|source| source.downcast_ref::<PyErr>()) {
        raised.set_cause(py, Some(cause.clone_ref(py)));
    }
    raised
}

/// An error in what the caller gave.
pub(crate) fn config_error(py: Python<'_>, message: &str) -> PyErr {
    raise_fields(
        py,
        &serde_json::json!({"kind": "config", "message": message, "outcome": "not_sent"}).to_string(),
    )
}

fn raise_fields(py: Python<'_>, fields: &str) -> PyErr {
    let made = from_json(py, fields.as_bytes(), false)
        .and_then(|fields| py.import("beproduct_client._errors")?.getattr("from_fields")?.call1((fields,)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// A Python value as JSON text. What JSON cannot hold is an error that names its place.
pub(crate) fn to_json(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(to_json_and_exact(name, value)?.0)
}

/// The same of arguments, in which times keep their zone: what they are for decides in which form they are sent.
pub(crate) fn arguments_to_json(arguments: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut text = String::new();
    Writer { keeps_zones: true, ..Writer::of("arguments", &mut text) }.write(arguments)?;
    Ok(text)
}

/// The same, and whether a `Decimal` is in it.
fn to_json_and_exact(name: &str, value: &Bound<'_, PyAny>) -> PyResult<(String, bool)> {
    let mut text = String::new();
    let mut writer = Writer::of(name, &mut text);
    writer.write(value)?;
    let has_decimal = writer.has_decimal;
    Ok((text, has_decimal))
}

/// The values of a record as a list of field ids and values. Decimals are exact where they are so in the record, unless `exact` says it.
pub(crate) fn values_of<'py>(record: &Bound<'py, PyAny>, exact: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
    let py = record.py();
    let (text, has_decimal) = to_json_and_exact("record", record)?;
    let values = py.detach(|| beproduct::seam::values_of(&text)).map_err(|error| raise(py, &error))?;
    from_json(py, values.as_bytes(), exact.unwrap_or(has_decimal))
}

/// An event that the service has sent to a webhook, as a dict.
pub(crate) fn parse_event<'py>(py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let event = py.detach(|| beproduct::seam::parse_event(body)).map_err(|error| raise(py, &error))?;
    from_json(py, event.as_bytes(), false)
}

struct Writer<'a> {
    text: &'a mut String,
    path: String,
    depth: usize,
    has_decimal: bool,
    /// Whether a time in another zone than UTC, or in none, is written as that.
    keeps_zones: bool,
}

impl<'a> Writer<'a> {
    fn of(name: &str, text: &'a mut String) -> Self {
        Self { text, path: name.to_owned(), depth: 0, has_decimal: false, keeps_zones: false }
    }

    fn write(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        if value.is_none() {
            self.text.push_str("null");
        } else if let Ok(text) = value.cast::<PyString>() {
            let text = self.text_of(text)?;
            self.quoted(text);
        } else if let Ok(flag) = value.cast::<PyBool>() {
            self.text.push_str(if flag.is_true() { "true" } else { "false" });
        } else if value.is_instance_of::<PyInt>() {
            // `int.__str__`, as an enum's own would print its name.
            let digits = py.get_type::<PyInt>().call_method1("__repr__", (value,));
            // Python writes no more than some thousand digits.
            let digits = digits.map_err(|_| self.refuse(py, "has too many digits"))?;
            self.text.push_str(digits.cast::<PyString>()?.to_str()?);
        } else if let Ok(number) = value.cast::<PyFloat>() {
            self.float(py, number.value())?;
        } else if let Ok(members) = value.cast::<PyDict>() {
            // All at once: what runs between two members could change the dict.
            self.members(py, members.items().iter().map(|item| item.extract()))?;
        } else if value.is_instance(types(py)?.decimal.bind(py))? {
            if !value.call_method0("is_finite")?.is_truthy()? {
                return Err(self.refuse(py, "is not finite, and JSON has no such number"));
            }
            self.has_decimal = true;
            let digits = value.call_method1("__format__", ("f",))?;
            self.text.push_str(digits.cast::<PyString>()?.to_str()?);
        } else if value.is_instance(types(py)?.datetime.bind(py))? {
            self.datetime(value)?;
        } else if value.is_instance(types(py)?.date.bind(py))? {
            let day = value.call_method0("isoformat")?.extract::<String>()?;
            match self.keeps_zones {
                true => self.zoned(&day),
                false => self.quoted(&format!("{day}T00:00:00Z")),
            }
        } else if value.is_instance(types(py)?.uuid.bind(py))? {
            let text = value.str()?;
            self.quoted(text.to_str()?);
        } else if value.is_instance(types(py)?.bytes.bind(py))? {
            return Err(self.refuse(py, "is bytes; decode it first"));
        } else if value.is_instance(types(py)?.path.bind(py))? {
            self.write(&value.call_method0("__fspath__")?)?;
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            self.items(value.try_iter()?)?;
        } else if let Some(rows) = self.rows_of_frame(value)? {
            self.write(&rows)?;
        } else if let Ok(members) = value.cast::<PyMapping>() {
            self.members(py, members.items()?.iter().map(|item| item.extract()))?;
        } else if let Ok(items) = value.try_iter() {
            self.items(items)?;
        } else {
            let kind = value.get_type().name()?;
            return Err(self.refuse(py, &format!("is of type {kind}, which cannot be sent")));
        }
        Ok(())
    }

    /// The rows of a data frame, or none for what is no frame.
    fn rows_of_frame<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        frames::rows(value).map_err(|error| match error.is_instance_of::<PyModuleNotFoundError>(value.py()) {
            true => self.refuse(value.py(), "is data in Arrow, which pyarrow reads: install pyarrow"),
            // Ctrl-C while a large frame is read is no fault of the frame.
            false if !error.is_instance_of::<PyException>(value.py()) => error,
            false => {
                let problem = error.value(value.py()).to_string();
                self.refuse(value.py(), &format!("is data that cannot be read as rows: {problem}"))
            }
        })
    }

    fn members<'py>(
        &mut self,
        py: Python<'py>,
        members: impl Iterator<Item = PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
    ) -> PyResult<()> {
        self.text.push('{');
        for (index, member) in members.enumerate() {
            let (key, value) = member?;
            let Ok(key) = key.cast::<PyString>() else {
                return Err(self.refuse(py, "has a key that is no text"));
            };
            let key = self.text_of(key)?;
            if index > 0 {
                self.text.push(',');
            }
            self.quoted(key);
            self.text.push(':');
            self.inside(&format!(".{key}"), &value)?;
        }
        self.text.push('}');
        Ok(())
    }

    fn items<'py>(&mut self, items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>) -> PyResult<()> {
        self.text.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            let item = item?;
            self.inside(&format!("[{index}]"), &item)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn inside(&mut self, step: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let length = self.path.len();
        self.path.push_str(step);
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.refuse(value.py(), "is nested too deeply"));
        }
        self.write(value)?;
        self.depth -= 1;
        self.path.truncate(length);
        Ok(())
    }

    fn text_of<'t>(&self, text: &'t Bound<'_, PyString>) -> PyResult<&'t str> {
        text.to_str().map_err(|_| self.refuse(text.py(), "holds half of a surrogate pair, which is no text"))
    }

    fn float(&mut self, py: Python<'_>, number: f64) -> PyResult<()> {
        if !number.is_finite() {
            return Err(self.refuse(py, "is not finite, and JSON has no such number"));
        }
        self.text.push_str(&serde_json::Value::from(number).to_string());
        Ok(())
    }

    /// With at most three digits of a fraction. In UTC, or with its zone: what it is for decides in which form it is sent.
    fn datetime(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        let offset = value.call_method0("utcoffset");
        let offset = offset.map_err(|error| self.refuse(py, &format!("is no time: {}", error.value(py))))?;
        if offset.is_none() && !self.keeps_zones {
            return Err(
                self.refuse(py, "is a time without a zone; give it one, such as datetime.timezone.utc")
            );
        }
        let utc = (&types(py)?.utc,);
        let value = match self.keeps_zones {
            true => value.clone(),
            false => value
                .call_method1("astimezone", utc)
                .map_err(|error| self.refuse(py, &format!("is no time in UTC: {}", error.value(py))))?,
        };
        let precision =
            if value.getattr("microsecond")?.extract::<u32>()? < 1000 { "seconds" } else { "milliseconds" };
        let text: String = value.call_method1("isoformat", ("T", precision))?.extract()?;
        if self.keeps_zones && (offset.is_none() || offset.is_truthy()?) {
            self.zoned(&text);
        } else {
            self.quoted(&text.replace("+00:00", "Z"));
        }
        Ok(())
    }

    /// A time or a day whose form depends on what it is for.
    fn zoned(&mut self, text: &str) {
        self.text.push_str("{\"\\u0000zoned\":");
        self.quoted(text);
        self.text.push('}');
    }

    fn quoted(&mut self, text: &str) {
        self.text.push_str(&serde_json::Value::from(text).to_string());
    }

    fn refuse(&self, py: Python<'_>, problem: &str) -> PyErr {
        config_error(py, &format!("{} {problem}", self.path))
    }
}

/// Classes of the standard library that have a form in JSON.
struct Types {
    decimal: Py<PyAny>,
    datetime: Py<PyAny>,
    date: Py<PyAny>,
    utc: Py<PyAny>,
    uuid: Py<PyAny>,
    bytes: Py<PyAny>,
    path: Py<PyAny>,
}

fn types(py: Python<'_>) -> PyResult<&'static Types> {
    static TYPES: PyOnceLock<Types> = PyOnceLock::new();
    TYPES.get_or_try_init(py, || {
        let datetime = py.import("datetime")?;
        let builtins = py.import("builtins")?;
        Ok::<_, PyErr>(Types {
            decimal: py.import("decimal")?.getattr("Decimal")?.unbind(),
            datetime: datetime.getattr("datetime")?.unbind(),
            date: datetime.getattr("date")?.unbind(),
            utc: datetime.getattr("timezone")?.getattr("utc")?.unbind(),
            uuid: py.import("uuid")?.getattr("UUID")?.unbind(),
            bytes: (
                builtins.getattr("bytes")?,
                builtins.getattr("bytearray")?,
                builtins.getattr("memoryview")?,
            )
                .into_pyobject(py)?
                .into_any()
                .unbind(),
            path: py.import("os")?.getattr("PathLike")?.unbind(),
        })
    })
}
