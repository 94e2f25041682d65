"""Errors from the fields that the engine hands over."""

from __future__ import annotations

from typing import Any

from beproduct_client.client.errors import CLASSES, BeProductError, ClientClosedError


class UnderlyingError(Exception):
    """What the engine below met: the text of a transport's or a library's own error."""


def from_fields(fields: dict[str, Any]) -> BeProductError:
    """The error of the kind that the fields name."""
    fields = dict(fields)
    cause = fields.pop("cause", None)
    # Python's exceptions come with the error itself.
    fields.pop("host_failure", None)
    error = CLASSES[fields.pop("kind")](fields.pop("message"), **fields)
    if cause:
        error.__cause__ = UnderlyingError(cause)
    return error


def after_fork() -> BeProductError:
    """For a call that the parent process had begun."""
    return ClientClosedError("the process was forked during the call; only the parent gets its answer")
