"""For tests of programs that use the client: pauses that take no time, and a clock that the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from beproduct_client._client import BeProduct, BeProductAsync, _Client

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from beproduct_client._client import AllSettings

_RECORDED = {"clock": "recorded", "fixed_chance": True}


def recorded(**settings: Unpack[AllSettings]) -> BeProduct:
    """A client whose pauses return at once. They are recorded in `meta["waits"]` and in an error's `waits`."""
    client: BeProduct = cast(Any, BeProduct)(**settings, testing=_RECORDED)
    return client


def recorded_async(**settings: Unpack[AllSettings]) -> BeProductAsync:
    """The same for asyncio."""
    client: BeProductAsync = cast(Any, BeProductAsync)(**settings, testing=_RECORDED)
    return client


def advance(client: _Client, seconds: float) -> None:
    """Moves the clock of such a client on: deadlines that it passes end."""
    client._engine.advance_clock(seconds)
