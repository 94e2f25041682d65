"""Options that every call takes, and telling them from its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict


class CallOptions(TypedDict, total=False):
    """Options of one call. What is not given comes from the client."""

    timeout: float
    """Longest time for each request of the call, in seconds, from its first turn in the line: its retries, the waits
    between them and the whole answer."""
    turn_timeout: float
    """Longest wait for that turn, in seconds. Without it a request waits as long as the line moves."""
    wait_timeout: float
    """Longest wait for the service to process a file that was uploaded, in seconds (300 s)."""
    attempts: int
    """Highest number of attempts, 1 for no retry."""
    label: str
    """Name under which the ledger counts the requests."""
    priority: Literal["interactive", "bulk"]
    """`bulk` leaves the requests alone that `quota_floor` keeps free."""
    page_size: int
    """Records a page, 1 to 200 unless the client was made with a higher `max_page_size`."""
    from_page: int
    """The page that a list begins with, from 0. Default 0."""
    allow_incomplete: bool
    """Accept a list that ends before its total, with a warning, instead of an `IncompleteError`."""
    extra_query: Mapping[str, str | int | bool]
    """Query parameters that the catalogue does not know."""
    headers: Mapping[str, str]
    """Extra headers."""
    check_filters: bool
    """Whether filter fields are checked before sending."""
    allow_repeat: bool
    """Send a write whose fate is unknown again, where a repeat leaves the same data."""


def split(arguments: dict[str, Any], options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Leaves out what was not given."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return given, {name: value for name, value in options.items() if value is not None}
