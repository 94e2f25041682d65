"""How resources reach the engine."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from beproduct_client import _native
from beproduct_client._bridge import present_bridge, wait
from beproduct_client._downloads import AsyncFileStream, FileStream
from beproduct_client._files import Source, attached
from beproduct_client._paging import AsyncPager, Pager
from beproduct_client._response import Response


class Connection:
    """For plain programs. A detailed one answers with a `Response`."""

    def __init__(self, engine: _native.Engine, detailed: bool = False) -> None:
        self.engine = engine
        self.detailed = detailed

    def call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        arguments, file = attached(arguments)
        return self.answer(self.engine.call(operation, arguments, options, file))

    def file(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return FileStream(self.engine.stream(operation, arguments, options))

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return Pager(self.engine.stream(operation, arguments, options))

    def answer(self, reply: _native.Reply) -> Any:
        return Response(reply.body(), reply.meta(), reply.raw()) if self.detailed else reply.body()


class AsyncConnection(Connection):
    """For event loops."""

    async def call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        bridge = present_bridge()
        arguments, file = attached(arguments)
        call, work = self.engine.call_async(bridge, operation, arguments, options, file)
        cancel = partial(self.engine.cancel, call)
        if not isinstance(file, Source):
            return self.answer(await wait(bridge, work, cancel, _too_late))
        reading = asyncio.create_task(self.read(bridge, call, file))
        try:
            return self.answer(await wait(bridge, work, cancel, _too_late))
        finally:
            # Nothing more of the file is wanted.
            reading.cancel()

    async def read(self, bridge: _native.Bridge, call: int, file: Source) -> None:
        """Hands in a file until nothing more of it is wanted."""
        piece: tuple[bytes | None | Exception, ...] = ()
        while (wanted := await wait(bridge, self.engine.supply_async(bridge, call, *piece))) != "stop":
            try:
                piece = (await file.anext(wanted == "start"),)
            except Exception as error:  # noqa: BLE001 - it is the cause of the error of the call
                piece = (error,)

    def file(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return AsyncFileStream(self.engine.stream(operation, arguments, options))

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return AsyncPager(self.engine.stream(operation, arguments, options))


def _too_late(reply: _native.Reply) -> BaseException | None:
    return reply.too_late()
