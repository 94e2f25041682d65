"""Lists, as iterators of records."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from beproduct_client._bridge import present_bridge, wait
from beproduct_client._caller import Place, caller, logged_place

if TYPE_CHECKING:
    from beproduct_client import _native
    from beproduct_client.client.history import Meta, Position, Progress

Record = TypeVar("Record")


class Page(Generic[Record]):
    """One page of a list. Its records are read when they are first asked for."""

    def __init__(self, reply: _native.Reply) -> None:
        self._reply = reply

    @cached_property
    def records(self) -> list[Record]:
        """Those that no earlier page held. Raises `DecodeError` for an answer that cannot be read."""
        records: list[Record] = self._reply.body()
        return records

    @property
    def total(self) -> int | None:
        """Records of the whole list, where the service says it."""
        return self._reply.total()

    @cached_property
    def meta(self) -> Meta:
        """Status, headers, request id, attempts, waits, rate figures, cost in requests."""
        return self._reply.meta()

    @property
    def raw(self) -> bytes:
        """The body as it came from the service."""
        return self._reply.raw()

    def __repr__(self) -> str:
        return f"Page({self._reply.records()} of {self.total} records)"


class _Pages(Generic[Record]):
    """Where an iterator is in its list, and the records that were not taken yet."""

    def __init__(self, stream: _native.Stream, progress: Callable[[Progress], object] | None) -> None:
        self._stream = stream
        self._caller = partial(caller, progress)
        self._records: deque[Record] = deque()
        # The page that the last of these records came in.
        self._reply: _native.Reply | None = None

    @property
    def total(self) -> int | None:
        """Records of the whole list, once the first page has come and where the service says it."""
        return self._stream.position()["total"]

    @property
    def position(self) -> Position:
        """How far the list was read. A list with `from_page=position["page"]` goes on there."""
        return self._stream.position()

    def _keep(self, reply: _native.Reply) -> None:
        try:
            records = reply.body()
        except BaseException:
            # The page comes again when it is asked for.
            self._stream.again()
            raise
        self._records.extend(records)
        self._reply = reply

    def _rest(self) -> list[Record]:
        rest: list[Record] = []
        # One at a time, as other threads may take some.
        while True:
            try:
                rest.append(self._records.popleft())
            except IndexError:
                break
        self._reply = None
        self._stream.consumed(len(rest), self._caller)
        return rest

    def _rest_of_page(self) -> Page[Record] | None:
        reply = self._reply
        rest = self._rest()
        if reply is None or not rest:
            return None
        page: Page[Record] = Page(reply)
        page.__dict__["records"] = rest
        return page

    def _page(self, reply: _native.Reply | None) -> Page[Record] | None:
        if reply is None:
            return None
        self._stream.consumed(reply.records(), self._caller)
        return Page(reply)


class Pager(_Pages[Record], Iterator[Record]):
    """All records of a list, fetched page by page as they are taken.

    The next page is fetched when half of the first is taken, and for each page that is taken one more is fetched ahead, up
    to the client's `concurrency`: stopping in page `p`, from 1, has cost at most `p + min(p, concurrency)` requests.

    Threads may share a pager: each record goes to one of them. After an error the page can be asked for again; a list
    that ends before its total raises `IncompleteError` after the records that came.
    """

    def __init__(self, stream: _native.Stream, progress: Callable[[Progress], object] | None) -> None:
        super().__init__(stream, progress)
        self._lock = Lock()

    def __iter__(self) -> Pager[Record]:
        return self

    def __next__(self) -> Record:
        while True:
            try:
                record = self._records.popleft()
            except IndexError:
                self._load()
            else:
                self._stream.consumed(1, self._caller)
                return record

    def pages(self) -> Iterator[Page[Record]]:
        """The pages instead of the records. Of a page that was begun, the records that are left."""
        while True:
            with self._lock:
                page = self._rest_of_page() or self._page(self._stream.next(False, self._caller()))
            if page is None:
                return
            yield page

    def collect(self) -> list[Record]:
        """All records that are left, several pages at a time. After an error, what had come is kept for the next call."""
        with self._lock:
            while (reply := self._stream.next(True, self._caller())) is not None:
                self._keep(reply)
            return self._rest()

    def _load(self) -> None:
        with self._lock:
            # Another thread may have been faster.
            if self._records:
                return
            reply = self._stream.next(False, self._caller())
            if reply is None:
                raise StopIteration
            self._keep(reply)


class AsyncPager(_Pages[Record], AsyncIterator[Record]):
    """All records of a list, fetched page by page as they are taken. Tasks may share it. See `Pager`."""

    def __init__(self, stream: _native.Stream, progress: Callable[[Progress], object] | None) -> None:
        super().__init__(stream, progress)
        self._lock = asyncio.Lock()

    def __aiter__(self) -> AsyncPager[Record]:
        return self

    async def __anext__(self) -> Record:
        while not self._records:
            await self._load()
        record = self._records.popleft()
        self._stream.consumed(1, self._caller)
        return record

    async def pages(self) -> AsyncIterator[Page[Record]]:
        """The pages instead of the records. Of a page that was begun, the records that are left."""
        while True:
            async with self._lock:
                page = self._rest_of_page() or self._page(await self._next_page(False))
            if page is None:
                return
            yield page

    def collect(self) -> Coroutine[Any, Any, list[Record]]:
        """All records that are left, several pages at a time. After an error, what had come is kept for the next call."""
        # Now, as a task that awaits the coroutine no longer knows the place.
        return self._collect(logged_place())

    async def _collect(self, place: Place | None) -> list[Record]:
        async with self._lock:
            while (reply := await self._next_page(True, place)) is not None:
                self._keep(reply)
            return self._rest()

    async def _load(self) -> None:
        async with self._lock:
            # Another task may have been faster.
            if self._records:
                return
            reply = await self._next_page(False)
            if reply is None:
                raise StopAsyncIteration
            self._keep(reply)

    async def _next_page(self, whole: bool, place: Place | None = None) -> _native.Reply | None:
        bridge = present_bridge()
        work = self._stream.next_async(bridge, whole, self._caller(place=place))
        return await wait(bridge, work, self._stream.cancel)
