"""For tests of programs that use the client: pauses that take no time, a clock that the test moves, and answers from a
table instead of a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from beproduct_client._client import BeProduct, BeProductAsync
from beproduct_client.client.testing import Answer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from beproduct_client._client import AllSettings

__all__ = ["Answer", "advance", "answering", "answering_async", "recorded", "recorded_async"]

_RECORDED = {"clock": "recorded", "fixed_chance": True}


def recorded(**settings: Unpack[AllSettings]) -> BeProduct:
    """A client whose pauses return at once. They are recorded in `meta["waits"]` and in an error's `waits`."""
    client: BeProduct = cast(Any, BeProduct)(**settings, testing=_RECORDED)
    return client


def recorded_async(**settings: Unpack[AllSettings]) -> BeProductAsync:
    """The same for asyncio."""
    client: BeProductAsync = cast(Any, BeProductAsync)(**settings, testing=_RECORDED)
    return client


def answering(answers: Iterable[Answer], **settings: Unpack[AllSettings]) -> BeProduct:
    """A client that sends nothing: each request gets the first answer of the table that fits and has times left.

    A request that no answer fits fails with `NetworkError`, whose text names it. Pauses return at once. The client is
    signed in, and counts its requests in memory.

    >>> client = answering([{"path": "Style/Folders", "body": [{"id": "1", "name": "Spring"}]}])
    >>> client.style.folders()[0]["name"]
    'Spring'

    :param answers: The table.
    :param settings: Settings of the client, if a test needs any.
    :raises ConfigError: when an answer or a setting is wrong.
    """
    client: BeProduct = cast(Any, BeProduct)(**_answered(answers, settings))
    return client


def answering_async(answers: Iterable[Answer], **settings: Unpack[AllSettings]) -> BeProductAsync:
    """The same for asyncio."""
    client: BeProductAsync = cast(Any, BeProductAsync)(**_answered(answers, settings))
    return client


def _answered(answers: Iterable[Answer], settings: Any) -> dict[str, Any]:
    usual = {"company_domain": "test", "access_token": "test", "ledger": "memory"}
    return {**usual, **settings, "testing": {**_RECORDED, "answers": list(answers)}}


def advance(client: BeProduct | BeProductAsync, seconds: float) -> None:
    """Moves the clock of such a client on: deadlines that it passes end."""
    client._engine.advance_clock(seconds)
