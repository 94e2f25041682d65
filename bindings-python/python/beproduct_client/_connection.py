"""How resources reach the engine."""

from __future__ import annotations

from functools import partial
from typing import Any

from beproduct_client import _native
from beproduct_client._bridge import present_bridge, wait
from beproduct_client._paging import AsyncPager, Pager
from beproduct_client._response import Response


class Connection:
    """For plain programs. A detailed one answers with a `Response`."""

    def __init__(self, engine: _native.Engine, detailed: bool = False) -> None:
        self.engine = engine
        self.detailed = detailed

    def call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return self.answer(self.engine.call(operation, arguments, options))

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return Pager(self.engine.stream(operation, arguments, options))

    def answer(self, reply: _native.Reply) -> Any:
        return Response(reply.body(), reply.meta(), reply.raw()) if self.detailed else reply.body()


class AsyncConnection(Connection):
    """For event loops."""

    async def call(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        bridge = present_bridge()
        call, work = self.engine.call_async(bridge, operation, arguments, options)
        return self.answer(await wait(bridge, work, partial(self.engine.cancel, call), _too_late))

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        return AsyncPager(self.engine.stream(operation, arguments, options))


def _too_late(reply: _native.Reply) -> BaseException | None:
    return reply.too_late()
