"""Types of the values that a caller hands in, and of numbers in answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypedDict

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


class FieldValue(TypedDict):
    """A field with its value."""

    id: str
    value: Any
