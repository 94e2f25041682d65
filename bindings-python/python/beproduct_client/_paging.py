"""Lists, as iterators of records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from beproduct_client._bridge import present_bridge, wait

if TYPE_CHECKING:
    from beproduct_client import _native
    from beproduct_client._meta import Meta

Record = TypeVar("Record")


@dataclass(frozen=True)
class Page(Generic[Record]):
    """One page of a list."""

    records: list[Record]
    total: int | None
    """Records of the whole list, where the service says it."""
    meta: Meta
    """Status, headers, request id, attempts, waits, rate figures, cost in requests."""
    raw: bytes
    """The body as it came from the service."""

    @classmethod
    def of(cls, reply: _native.Reply) -> Page[Record]:
        return cls(reply.body(), reply.total(), reply.meta(), reply.raw())


class _Pages(Generic[Record]):
    """Where an iterator stands."""

    def __init__(self, pager: _native.Pager) -> None:
        self._pager = pager
        self._records: list[Any] = []
        self._next = 0
        self._total: int | None = None

    @property
    def total(self) -> int | None:
        """Records of the whole list, once the first page has come and where the service says it."""
        return self._total

    def _take(self) -> Record:
        record: Record = self._records[self._next]
        # Not kept here: whoever iterates decides how long a record lives.
        self._records[self._next] = None
        self._next += 1
        self._pager.consumed(1)
        return record

    def _turn(self, reply: _native.Reply | None) -> bool:
        if reply is None:
            return False
        self._records, self._next, self._total = reply.body(), 0, reply.total()
        return True


class Pager(_Pages[Record], Iterator[Record]):
    """All records of a list, fetched page by page as they are taken.

    The next page is fetched when half of the present one is taken: stopping after k records has caused at most
    ceil(k / page_size) + 1 requests.
    """

    def __iter__(self) -> Pager[Record]:
        return self

    def __next__(self) -> Record:
        while self._next >= len(self._records):
            if not self._turn(self._pager.next_page()):
                raise StopIteration
        return self._take()

    def pages(self) -> Iterator[Page[Record]]:
        """The pages instead of the records."""
        while (reply := self._pager.next_page()) is not None:
            page: Page[Record] = Page.of(reply)
            self._total = page.total
            yield page
            self._pager.consumed(len(page.records))

    def collect(self) -> list[Record]:
        """All records that are left, fetched several pages at a time."""
        rest: list[Record] = self._records[self._next :]
        self._records, self._next = [], 0
        return rest + self._pager.collect()


class AsyncPager(_Pages[Record], AsyncIterator[Record]):
    """All records of a list, fetched page by page as they are taken. See `Pager`."""

    def __aiter__(self) -> AsyncPager[Record]:
        return self

    async def __anext__(self) -> Record:
        while self._next >= len(self._records):
            if not self._turn(await self._next_page()):
                raise StopAsyncIteration
        return self._take()

    async def pages(self) -> AsyncIterator[Page[Record]]:
        """The pages instead of the records."""
        while (reply := await self._next_page()) is not None:
            page: Page[Record] = Page.of(reply)
            self._total = page.total
            yield page
            self._pager.consumed(len(page.records))

    async def collect(self) -> list[Record]:
        """All records that are left, fetched several pages at a time."""
        rest: list[Record] = self._records[self._next :]
        self._records, self._next = [], 0
        bridge = present_bridge()
        return rest + await wait(bridge, self._pager.collect_async(bridge), self._pager.cancel)

    async def _next_page(self) -> _native.Reply | None:
        bridge = present_bridge()
        return await wait(bridge, self._pager.next_page_async(bridge), self._pager.cancel)
