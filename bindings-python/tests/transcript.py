"""What the tests are shown of errors, written down, so that all of it can be searched for secrets (tests/secrets)."""

import os
import traceback
from pathlib import Path
from typing import Any

from beproduct_client import BeProductError


def write_errors_down() -> None:
    """From now on, if this run keeps transcripts."""
    folder = os.environ.get("BEPRODUCT_TRANSCRIPTS")
    if not folder:
        return
    path = Path(folder) / "python-errors.txt"
    begin = BeProductError.__init__

    def begin_and_tell(self: BeProductError, *arguments: Any, **fields: Any) -> None:
        begin(self, *arguments, **fields)
        told = [str(self), repr(self), repr(vars(self)), *traceback.format_exception(self)]
        with path.open("a") as transcript:
            transcript.write("\n".join(told) + "\n")

    BeProductError.__init__ = begin_and_tell  # type: ignore[method-assign]
