"""Log lines as they come."""

from __future__ import annotations

import logging
from queue import Queue

from simulator import PATIENCE


class Lines(logging.Handler):
    """Hands out lines as they come: they are written by a thread of the client."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: Queue[logging.LogRecord] = Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self._queue.put(record)

    def until(self, text: str) -> list[logging.LogRecord]:
        """All lines up to the one that contains this text."""
        records = [self._queue.get(timeout=PATIENCE)]
        while text not in records[-1].getMessage():
            records.append(self._queue.get(timeout=PATIENCE))
        return records
