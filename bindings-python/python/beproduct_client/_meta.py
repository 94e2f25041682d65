"""What is told about how an answer came about."""

from __future__ import annotations

from typing import Literal, TypedDict


class Attempt(TypedDict):
    """One attempt to send a request."""

    status: int | None
    """Status of the answer, if one came."""
    error: str | None
    """Kind of the failure, if it failed."""
    seconds: float
    """From sending to the end of the answer's body."""


class Wait(TypedDict):
    """One pause of a call."""

    reason: Literal["backoff", "retry_after", "rate", "quota", "processing"]
    """Why: before another attempt, as the service asked, because a limit was reached, or while a file was processed."""
    seconds: float
    """How long."""


class RateFigures(TypedDict):
    """`X-RateLimit-*` of an answer."""

    limit: int | None
    """Requests allowed in the window."""
    remaining: int | None
    """Requests left in it."""
    reset: int | None
    """End of the window, Unix seconds."""


class Meta(TypedDict):
    """How an answer came about."""

    status: int
    """Status of the answer."""
    headers: list[list[str]]
    """Names, in lower case, and values."""
    request_id: str
    """Id of the request: the service's own when it sent one, else the client's."""
    attempts: list[Attempt]
    waits: list[Wait]
    rate: RateFigures | None
    """The service's figures on its limit of requests, when it sent them."""
    cost: int
    """Requests that were counted against the quota for this call."""
