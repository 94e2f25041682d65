"""Results of the engine in asyncio's event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from beproduct_client import _native

if TYPE_CHECKING:
    from beproduct_client._native import Work

Result = TypeVar("Result")

_bridges: dict[asyncio.AbstractEventLoop, _native.Bridge] = {}

_LONGEST_END = 10.0
"""How long a cancelled task waits for the error of its call, in seconds. It comes at once, unless the engine is stuck; a set
of changes has five seconds to end in order."""


def present_bridge() -> _native.Bridge:
    """The way into the event loop that runs here."""
    loop = asyncio.get_running_loop()
    bridge = _bridges.get(loop)
    if bridge is None:
        for closed in [other for other in list(_bridges) if other.is_closed()]:
            _bridges.pop(closed, None)
        bridge = _bridges[loop] = _native.Bridge(loop)
        bridge.watch()
    return bridge


def abandon(error: BaseException) -> None:
    """Ends all that is waited for in any loop."""
    for loop, bridge in list(_bridges.items()):
        if not loop.is_closed():
            bridge.abandon(error)


async def wait(
    bridge: _native.Bridge,
    work: Work[Result],
    cancel: Callable[[], None] | None = None,
    too_late: Callable[[Result], BaseException | None] | None = None,
) -> Result:
    """The result of work of the engine. Cancelling the task that waits ends the work.

    What `cancel` ends says in its error whether it may have taken effect: that becomes the cause of the
    `CancelledError`; where the result had come already, it is what `too_late` makes of it.
    """
    number, future = work
    try:
        return await future
    except asyncio.CancelledError as cancelled:
        if cancel is None:
            bridge.abort(number)
        else:
            cancel()
            cancelled.__cause__ = await _error_of(bridge, work, too_late)
        raise
    except GeneratorExit:
        # Nobody awaits the coroutine any more, and it must not wait for anything itself.
        bridge.abort(number)
        raise


async def _error_of(
    bridge: _native.Bridge,
    work: Work[Result],
    too_late: Callable[[Result], BaseException | None] | None,
) -> BaseException | None:
    number, future = work
    late = bridge.wait_again(number)
    if late is None:
        # The result was there before, though a future that is cancelled has lost it.
        return None if future.cancelled() else _ended(future, too_late)
    try:
        await asyncio.wait([late], timeout=_LONGEST_END)
        return _ended(late, too_late) if late.done() else None
    finally:
        # Whoever is cancelled a second time wants to wait no longer.
        late.cancel()


def _ended(future: asyncio.Future[Any], too_late: Callable[[Any], BaseException | None] | None) -> BaseException | None:
    error = future.exception()
    return too_late(future.result()) if error is None and too_late else error
