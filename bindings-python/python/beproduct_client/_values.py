"""Types of the values that a caller hands in, and of numbers in answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypedDict
from uuid import UUID

Number = int | float | Decimal
"""A number. `Decimal` where the client was made with `decimals="exact"`."""

Operator = Literal["Eq", "Neq", "Gt", "Gte", "Lt", "Lte", "Contains"]
"""How a filter compares."""


class _FilterNeeds(TypedDict):
    field: str
    value: Any


class Filter(_FilterNeeds, total=False):
    """A condition on a field. A list as value means any of its values. Without an operator, `Eq`."""

    operator: Operator
    type: str


FilterValue = str | float | bool | Decimal | date | UUID
"""What a field is compared with."""


class FilterOperators(TypedDict, total=False):
    """Operators on one field, all of which must hold. A list, with `Eq` and `Contains`, means any of its values."""

    Eq: FilterValue | Sequence[FilterValue]
    Neq: FilterValue
    Gt: FilterValue
    Gte: FilterValue
    Lt: FilterValue
    Lte: FilterValue
    Contains: FilterValue | Sequence[FilterValue]


FilterMap = Mapping[str, FilterValue | Sequence[FilterValue] | FilterOperators]
"""Conditions by field id: `{"season": "Fall", "active": True, "ModifiedAt": {"Gt": since}}`.

A value must be equal, a list means any of its values. `*` is no wildcard: `{"Contains": "..."}` finds a part of a text.
"""


class FieldValue(TypedDict):
    """A field with its value."""

    id: str
    value: Any
