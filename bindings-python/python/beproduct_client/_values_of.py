"""Reading field values by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def values_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record's fields by field id, in the order of the record: what `fields` of a write takes.

    >>> values_of(style)["season"]
    'Fall'

    :param record: A style, material, colorway or row of a data table, as the client returned it.
    :raises ValueError: when the record has no fields.
    """
    header: Any = record.get("headerData")
    holder = cast(Mapping[str, Any], header) if isinstance(header, Mapping) else record
    fields: Any = holder.get("fields", record.get("rowFields"))
    if fields is None:
        raise ValueError("the record has no fields: give a style, a material, a colorway or a row of a data table")
    return {field["id"]: field.get("value") for field in fields}
