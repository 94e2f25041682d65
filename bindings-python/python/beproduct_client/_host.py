"""Code of the program that the client calls, checked when it is handed in."""

from __future__ import annotations

import inspect
from typing import Any

from beproduct_client.client.errors import ConfigError


def check_callback(name: str, callback: Any) -> None:
    """Refuses a setting that is not a plain function."""
    if callback is None:
        return
    if not callable(callback):
        raise ConfigError(f"{name} has to be callable, not {callback!r}")
    if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(type(callback).__call__):
        raise ConfigError(
            f"{name} has to be a plain function, not a coroutine function: it runs outside of any event loop"
        )


def check_store(store: Any) -> None:
    """Refuses a token store whose methods are not plain functions."""
    for name in ("load", "save", "try_lock", "unlock"):
        check_callback(f"token_store.{name}", getattr(store, name, None))
    if hasattr(store, "try_lock") != hasattr(store, "unlock"):
        raise ConfigError("token_store has to have both try_lock and unlock, or neither")
