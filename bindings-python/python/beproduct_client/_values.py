"""Types of the values that a caller hands in, and of numbers in answers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from os import PathLike
from typing import Any, Literal, TypeAlias
from uuid import UUID

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict

Number = int | float | Decimal
"""A number. `Decimal` where the client was made with `decimals="exact"`."""

Operator = Literal["Eq", "Neq", "Gt", "Gte", "Lt", "Lte", "Contains"]
"""How a filter compares."""


class Filter(TypedDict):
    """A condition on a field. A list as value means any of its values. Without an operator, `Eq`."""

    field: str
    value: Any
    operator: NotRequired[Operator]
    type: NotRequired[str]


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


class SqliteLedger(TypedDict):
    """Requests are counted in a file that processes of this machine share."""

    sqlite: str | PathLike[str]


class RedisServer(TypedDict):
    """A Redis server that counts requests."""

    url: str
    """`redis://user:password@host:port/database`, with TLS `rediss://`."""
    when_away: NotRequired[Literal["refuse"] | RedisShare]
    """What happens while the server cannot be reached. `"refuse"` (default): nothing is sent, and calls fail with
    `NetworkError`."""


class RedisShare(TypedDict):
    """The client sets requests aside while the server can be reached, and goes on with them while it cannot."""

    share: int
    """Number of requests, which count as used as long as they are set aside."""


class RedisLedger(TypedDict):
    """Requests are counted in a Redis server that machines share."""

    redis: str | RedisServer


Ledger: TypeAlias = Literal["memory"] | SqliteLedger | RedisLedger
"""Where requests are counted."""


class FileTokens(TypedDict):
    """Tokens are kept in a file."""

    file: str | PathLike[str]


class KeyringTokens(TypedDict):
    """Tokens are kept in the keyring of the operating system, under this name."""

    keyring: str
