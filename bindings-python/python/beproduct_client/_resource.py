"""What the generated resources are built on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from beproduct_client._connection import Connection
    from beproduct_client._meta import Meta

Body = TypeVar("Body")


@dataclass(frozen=True)
class Response(Generic[Body]):
    """An answer with all that is known about it."""

    body: Body
    """The record, the list of records, or None."""
    meta: Meta
    """Status, headers, request id, attempts, waits, rate figures, cost in requests."""
    raw: bytes
    """The body as it came from the service."""


class Resource:
    """A group of operations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return self._connection.call(operation, *split(arguments, options))

    def _pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return self._connection.pages(operation, *split(arguments, options))


def split(arguments: dict[str, Any], options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Leaves out what was not given."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return given, {name: value for name, value in options.items() if value is not None}
