"""How resources reach the engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from beproduct_client import _native
from beproduct_client._bridge import present_bridge, wait
from beproduct_client._caller import Place, caller, logged_place
from beproduct_client._paging import AsyncPager, Pager
from beproduct_client._response import Response

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
        return self.answer(self.engine.call(operation, arguments, options, caller(progress)))

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
        call, work = self.engine.call_async(bridge, operation, arguments, options, caller(progress, place))
        return self.answer(await wait(bridge, work, partial(self.engine.cancel, call), _too_late))

    def pages(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        progress, options = self.split(options)
        pager: AsyncPager[Any] = AsyncPager(self.engine.stream(operation, arguments, options), progress)
        return pager


def _too_late(reply: _native.Reply) -> BaseException | None:
    return reply.too_late()
