"""The requests of the day."""

from __future__ import annotations

from typing import Literal, TypedDict

from beproduct_client import _native
from beproduct_client._bridge import present_bridge, wait


class Usage(TypedDict):
    """Requests of one operation under one label."""

    operation: str
    label: str
    requests: int


class QuotaStatus(TypedDict):
    """How the quota stands."""

    store: Literal["memory", "sqlite"]
    """Where requests are counted."""
    limit: int | None
    """Requests of the day, if a plan was given."""
    used: int
    """Requests counted today."""
    remaining: int | None
    """Requests left today, if a plan was given."""
    resets_at: str
    """Beginning of the next day, ISO 8601."""
    usage: list[Usage]
    """Requests counted today by operation and label, most first."""


class Quota:
    """The requests of the day."""

    def __init__(self, engine: _native.Engine) -> None:
        self._engine = engine

    def status(self) -> QuotaStatus:
        """How the quota stands. Sends nothing."""
        return self._engine.quota_status()


class AsyncQuota:
    """The requests of the day."""

    def __init__(self, engine: _native.Engine) -> None:
        self._engine = engine

    async def status(self) -> QuotaStatus:
        """How the quota stands. Sends nothing."""
        bridge = present_bridge()
        return await wait(bridge, self._engine.quota_status_async(bridge))
