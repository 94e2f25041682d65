"""Files that are read as they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from beproduct_client._bridge import present_bridge, wait
from beproduct_client._caller import caller
from beproduct_client.client.errors import ConfigError

if TYPE_CHECKING:
    from typing_extensions import Self

    from beproduct_client import _native
    from beproduct_client.client.history import Progress


class _File:
    def __init__(self, stream: _native.Stream, progress: Callable[[Progress], object] | None) -> None:
        self._stream = stream
        self._caller = partial(caller, progress)
        self._has_ended = False

    def _begin(self) -> None:
        """A second loop would see an empty file."""
        if self._has_ended:
            raise ConfigError("this stream was read to its end already; download the file again")

    @property
    def size(self) -> int | None:
        """Bytes of the whole file, once the first have come and where the storage says it."""
        position: Any = self._stream.position()
        size: int | None = position["total"]
        return size

    def __repr__(self) -> str:
        position: Any = self._stream.position()
        return f"{type(self).__name__}({position['bytes']} of {position['total']} bytes)"


class FileStream(_File, Iterator[bytes]):
    """The bytes of a file as they arrive. Nothing is fetched before the first are asked for, and nothing ahead.

    After a break of the connection the rest of the file is asked for; `NetworkError` is raised where the storage cannot send
    it. `close` ends it; leaving a `with` block does the same. A loop over a stream that was read to its end raises
    `ConfigError`.
    """

    def __iter__(self) -> FileStream:
        self._begin()
        return self

    def __next__(self) -> bytes:
        reply = self._stream.next(False, self._caller())
        if reply is None:
            self._has_ended = True
            raise StopIteration
        return reply.raw()

    def close(self) -> None:
        """Ends the file; what is read later raises `CancelledError`."""
        self._stream.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncFileStream(_File, AsyncIterator[bytes]):
    """The bytes of a file as they arrive. See `FileStream`."""

    def __aiter__(self) -> AsyncFileStream:
        self._begin()
        return self

    async def __anext__(self) -> bytes:
        bridge = present_bridge()
        reply = await wait(bridge, self._stream.next_async(bridge, False, self._caller()), self._stream.cancel)
        if reply is None:
            self._has_ended = True
            raise StopAsyncIteration
        return reply.raw()

    async def aclose(self) -> None:
        """Ends the file; what is read later raises `CancelledError`."""
        self._stream.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
