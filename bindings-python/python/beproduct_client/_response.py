"""The answer to one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from beproduct_client.client.history import Meta

Body = TypeVar("Body")


@dataclass(frozen=True)
class Response(Generic[Body]):
    """An answer with all that is known about it."""

    body: Body
    """The record, the list of records, or None."""
    meta: Meta
    """Status, headers, request id, attempts, waits, rate figures, cost in requests."""
    raw: bytes
    """The unchanged body of the service's answer."""
