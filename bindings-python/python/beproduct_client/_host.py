"""Code of the program that the client calls: checked when it is handed in, and run when the engine calls it."""

from __future__ import annotations

import inspect
import logging
import math
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

from beproduct_client._caller import Caller, logger, present_place, take_level
from beproduct_client.client.errors import ConfigError

if TYPE_CHECKING:
    from beproduct_client.client.history import Progress

_HOOKS = (
    "token_store.load",
    "token_store.save",
    "token_store.try_lock",
    "token_store.unlock",
    "on_quota_event",
    "on_quota_limit",
)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
_PLAIN = "has to be a plain function, not a coroutine function: it runs outside of any event loop"


class HostCode:
    """Runs the program's code. The client was made where this is."""

    def __init__(self, token_store: Any, on_quota_event: Any, on_quota_limit: Any) -> None:
        take_level()
        self._made = present_place()
        self._store = token_store
        self._callbacks = {"on_quota_event": on_quota_event, "on_quota_limit": on_quota_limit}
        for name in _HOOKS:
            check_callback(name, self.code(name))
        if hasattr(token_store, "try_lock") != hasattr(token_store, "unlock"):
            raise ConfigError("token_store has to have both try_lock and unlock, or neither")

    @property
    def hooks(self) -> list[str]:
        """Names of the hooks that there is code for."""
        return [name for name in _HOOKS if self.code(name) is not None] + ["on_log", "progress"]

    def code(self, hook: str) -> Any:
        """The program's code for a hook, or None."""
        owner, _, name = hook.rpartition(".")
        return getattr(self._store, name, None) if owner else self._callbacks.get(name)

    def run(self, hook: str, payload: Any, caller: Caller | None) -> Any:
        """Runs the code for a hook, for the log once a line. Returns the answer, or None where it does not matter."""
        if hook == "on_log":
            return self._log(payload, caller)
        if hook == "progress":
            return _report(payload, caller)
        code = self.code(hook)
        answer = code() if payload is None else code(payload)
        if hasattr(answer, "__await__"):
            if hasattr(answer, "close"):
                answer.close()
            raise TypeError(f"{hook.rpartition('.')[2]} {_PLAIN}")
        if hook == "on_quota_limit" and _is_infinite(answer):
            return "Infinity"
        return answer if hook in ("token_store.load", "token_store.try_lock", "on_quota_limit") else None

    def _log(self, line: dict[str, Any], caller: Caller | None) -> None:
        level = _LEVELS[line["level"]]
        context, place = (caller.context, caller.place) if caller else (None, None)
        # What no call has caused has the place where the client was made.
        path, number, function = place or self._made
        extra = {name: line.get(name) or "" for name in ("operation", "request_id")}
        extra["attributes"] = line["attributes"]

        def write() -> None:
            arguments = (line["message"],)
            record = logger.makeRecord(logger.name, level, path, number, "%s", arguments, None, function, extra)
            logger.handle(record)

        if logger.isEnabledFor(level):
            (context or Context()).run(write)


def _report(progress: dict[str, Any], caller: Caller | None) -> None:
    del progress["call"]
    # Empty at the end of the call.
    if progress and caller and caller.progress:
        caller.progress(cast("Progress", progress))


def _is_infinite(seconds: Any) -> bool:
    try:
        return math.isinf(seconds) and seconds > 0
    except (TypeError, OverflowError):
        return False


def check_callback(name: str, callback: Any) -> None:
    """Refuses a setting that is not a plain function."""
    if callback is None:
        return
    if not callable(callback):
        raise ConfigError(f"{name} has to be callable, not {callback!r}")
    if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(type(callback).__call__):
        raise ConfigError(f"{name} {_PLAIN}")
