"""How resources reach the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from beproduct_client import _native
from beproduct_client._bridge import present_bridge, wait
from beproduct_client._caller import Place, caller, logged_place
from beproduct_client._downloads import AsyncFileStream, FileStream
from beproduct_client._files import Source, attached
from beproduct_client._paging import AsyncPager, Pager
from beproduct_client._response import Response
from beproduct_client.client.errors import BeProductError

if TYPE_CHECKING:
    from beproduct_client.client.history import Progress


class Connection:
    """For plain programs. A detailed one answers with a `Response`."""

    def __init__(
        self, engine: _native.Engine, progress: Callable[[Progress], object] | None = None, detailed: bool = False
    ) -> None:
        self.engine = engine
        self.progress = progress
        """Given the progress of calls that have no code of their own for it."""
        self.detailed = detailed

    def call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        progress, options = self.split(options)
        arguments, file = attached(arguments)
        return self.answer(self.engine.call(operation, arguments, options, caller(progress), file))

    def held(
        self, operation: str, arguments: dict[str, Any], release: str, needed: dict[str, Any], options: dict[str, Any]
    ) -> Any:
        """What an operation takes, for the length of a `with` block."""
        return _held(
            lambda: self.call(operation, arguments, options),
            lambda: self.call(release, needed, options),
        )

    def file(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        progress, options = self.split(options)
        return FileStream(self.engine.stream(operation, arguments, options), progress)

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        progress, options = self.split(options)
        pager: Pager[Any] = Pager(self.engine.stream(operation, arguments, options), progress)
        return pager

    def split(self, options: dict[str, Any]) -> tuple[Callable[[Progress], object] | None, dict[str, Any]]:
        """The code for the progress of a call, and its options as the engine takes them."""
        progress = options.get("progress")
        if not callable(progress):
            return self.progress, options
        return progress, {**options, "progress": True}

    def answer(self, reply: _native.Reply) -> Any:
        return Response(reply.body(), reply.meta(), reply.raw()) if self.detailed else reply.body()


class AsyncConnection(Connection):
    """For event loops."""

    def call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        # Now, as a task that awaits the coroutine no longer knows the place.
        return self._call(operation, arguments, options, logged_place())

    async def _call(
        self, operation: str, arguments: dict[str, Any], options: dict[str, Any], place: Place | None
    ) -> Any:
        bridge = present_bridge()
        progress, options = self.split(options)
        arguments, file = attached(arguments, in_loop=True)
        call, work = self.engine.call_async(bridge, operation, arguments, options, caller(progress, place), file)
        cancel = partial(self.engine.cancel, call)
        if not isinstance(file, Source):
            return self.answer(await wait(bridge, work, cancel, _too_late))
        ended = asyncio.Event()
        reading = asyncio.create_task(self.read(bridge, call, file, ended))
        try:
            return self.answer(await wait(bridge, work, cancel, _too_late))
        finally:
            # Nothing more of the file is wanted.
            ended.set()
            reading.cancel()

    async def read(self, bridge: _native.Bridge, call: int, file: Source, ended: asyncio.Event) -> None:
        """Hands in a file until nothing more of it is wanted, or until the call has ended."""
        piece: tuple[bytes | None | BaseException, ...] = ()
        try:
            while (wanted := await wait(bridge, self.engine.supply_async(bridge, call, *piece))) != "stop":
                try:
                    piece = (await file.anext(wanted == "start"),)
                except asyncio.CancelledError as error:
                    if ended.is_set():
                        raise
                    # The file's own: a task that it waited for was cancelled.
                    piece = (error,)
                except Exception as error:  # noqa: BLE001 - it is the cause of the error of the call
                    piece = (error,)
        finally:
            await file.aclose()

    def held(
        self, operation: str, arguments: dict[str, Any], release: str, needed: dict[str, Any], options: dict[str, Any]
    ) -> Any:
        return _held_in_loop(
            lambda: self.call(operation, arguments, options),
            lambda: self.call(release, needed, options),
        )

    def file(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        progress, options = self.split(options)
        return AsyncFileStream(self.engine.stream(operation, arguments, options), progress)

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        progress, options = self.split(options)
        pager: AsyncPager[Any] = AsyncPager(self.engine.stream(operation, arguments, options), progress)
        return pager


@contextmanager
def _held(take: Callable[[], Any], give_back: Callable[[], Any]) -> Generator[Any, None, None]:
    taken = take()
    try:
        yield taken
    except BaseException:
        # What fails here is in the log.
        with suppress(BeProductError):
            give_back()
        raise
    give_back()


@asynccontextmanager
async def _held_in_loop(take: Callable[[], Any], give_back: Callable[[], Any]) -> AsyncGenerator[Any, None]:
    taken = await take()
    try:
        yield taken
    except BaseException:
        # A task that is cancelled once more does not keep it.
        with suppress(BeProductError):
            await asyncio.shield(give_back())
        raise
    await asyncio.shield(give_back())


def _too_late(reply: _native.Reply) -> BaseException | None:
    return reply.too_late()
