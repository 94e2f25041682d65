"""Reading field values by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from beproduct_client import _native
from beproduct_client.client.errors import ConfigError


def values_of(record: Mapping[str, Any], *, decimals: Literal["float", "exact"] | None = None) -> dict[str, Any]:
    """The values of a record's fields by field id, in the order of the record, as `fields` of a write takes them.

    Values are read by the types of their fields, in whatever form the service wrote them: dates are ISO 8601 in UTC, yes
    and no are `True` and `False`, numbers are numbers, choices and tags are lists, colours are hex in lower case. A colorway
    has its standard fields by the ids of a write, such as `color_number`, and then its own. Values that the service computes
    are among them, such as `created_by`: leave those out of a write.

    >>> values_of(style)["season"]
    'Fall'

    :param record: A style, material, colorway, page of a form or row of a data table, as the client returned it.
    :param decimals: `"exact"` returns decimals as `Decimal`, `"float"` as `float`. Default: `"exact"` if the record holds a
        `Decimal`.
    :raises ConfigError: when the record has no fields. It is a `ValueError`.
    """
    if decimals not in (None, "float", "exact"):
        raise ConfigError(f'decimals has to be "float" or "exact", not {decimals!r}')
    return dict(_native.values_of(record, None if decimals is None else decimals == "exact"))
