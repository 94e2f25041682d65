"""What the generated resources are built on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beproduct_client._options import given

if TYPE_CHECKING:
    from beproduct_client._connection import Connection


class Resource:
    """A group of operations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return self._connection.call(operation, given(arguments), given(options))

    def _held(
        self, operation: str, arguments: dict[str, Any], release: str, needed: dict[str, Any], options: dict[str, Any]
    ) -> Any:
        return self._connection.held(operation, given(arguments), release, given(needed), given(options))

    def _pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return self._connection.pages(operation, given(arguments), given(options))

    def _file(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return self._connection.file(operation, given(arguments), given(options))
