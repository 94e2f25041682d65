"""Who makes a call, for its log lines and its progress."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, NamedTuple

from beproduct_client import _native

if TYPE_CHECKING:
    from beproduct_client.client.history import Progress

logger = logging.getLogger("beproduct_client")


class Place(NamedTuple):
    """A line of the program."""

    path: str
    line: int
    function: str


_UNKNOWN = Place("(unknown file)", 0, "(unknown function)")


class Caller(NamedTuple):
    """Kept by the engine as long as the call may still report something."""

    context: Context | None
    """Context variables of the call."""
    place: Place | None
    progress: Callable[[Progress], object] | None


def caller(progress: Callable[[Progress], object] | None = None, place: Place | None = None) -> Caller | None:
    """Who calls now; what the logger does not take is not looked for."""
    if is_logged():
        return Caller(copy_context(), place or present_place(), progress)
    return Caller(None, None, progress) if progress else None


def logged_place() -> Place | None:
    """The place of a call that begins later, if it is logged."""
    return present_place() if is_logged() else None


def is_logged() -> bool:
    """Whether the logger takes any line now."""
    return take_level() <= logging.WARNING


def take_level() -> int:
    """The present level of the logger, to which the engine keeps from here on."""
    level = logger.getEffectiveLevel()
    _native.set_log_level(min(level, 255))
    return level


def present_place() -> Place:
    """The first frame outside of this package."""
    frame = inspect.currentframe()
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame = frame.f_back
    # As `logging` says it.
    return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name) if frame else _UNKNOWN
