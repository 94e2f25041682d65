"""How an answer came about."""

from __future__ import annotations

from typing import TypedDict

from beproduct_client.client.history import Attempt, RateFigures, Wait


class Meta(TypedDict):
    """How an answer came about."""

    status: int
    """Status of the answer."""
    headers: list[list[str]]
    """Names, in lower case, and values."""
    request_id: str
    """Id of the request: the service's own when it sent one, else the client's."""
    attempts: list[Attempt]
    """Every attempt that was made."""
    waits: list[Wait]
    """Every pause that was made."""
    rate: RateFigures | None
    """The service's rate limit, if the answer stated it."""
    cost: int
    """Requests that were counted against the quota for this call."""
