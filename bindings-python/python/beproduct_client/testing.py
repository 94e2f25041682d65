"""For tests of programs that use the client: pauses that take no time, and a clock that the test moves."""

from __future__ import annotations

from typing import Any

from beproduct_client._client import BeProduct, BeProductAsync, _Client


def recorded(**settings: Any) -> BeProduct:
    """A client whose pauses return at once. They are recorded in `meta["waits"]` and in an error's `waits`."""
    return BeProduct(testing={"clock": "recorded", "fixed_chance": True}, **settings)


def recorded_async(**settings: Any) -> BeProductAsync:
    """The same for asyncio."""
    return BeProductAsync(testing={"clock": "recorded", "fixed_chance": True}, **settings)


def advance(client: _Client, seconds: float) -> None:
    """Moves the clock of such a client on: deadlines that it passes end."""
    client._engine.advance_clock(seconds)
