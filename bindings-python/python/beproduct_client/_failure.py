"""What all errors have in common."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar


class Failure(Exception):
    """An error with fields, whose class says its kind."""

    kind: ClassVar[str]
    _defaults: ClassVar[dict[str, Any]]

    def __init__(self, message: str, text: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        # The message with the place and the possible effect, as the engine words it.
        self._text = text or message
        if unknown := fields.keys() - self._defaults.keys():
            raise TypeError(f"an error has no field {', '.join(sorted(unknown))}")
        for name, default in self._defaults.items():
            setattr(self, name, fields.get(name, copy(default)))

    def __str__(self) -> str:
        return f"{self.kind}: {self._text}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"
