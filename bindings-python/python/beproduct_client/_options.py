"""Telling what was given from what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def given(members: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in members.items() if value is not None}
