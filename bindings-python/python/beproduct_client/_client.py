"""The clients, for plain and for asynchronous programs."""

from __future__ import annotations

import atexit
import os
import platform
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Literal, cast

from beproduct_client import _native
from beproduct_client._bridge import abandon, present_bridge, wait
from beproduct_client._connection import AsyncConnection, Connection
from beproduct_client._errors import after_fork
from beproduct_client._host import HostCode
from beproduct_client._options import given
from beproduct_client.client.errors import ConfigError
from beproduct_client.client.settings import BY_NAME, OfficialSettings, Settings
from beproduct_client.resources import (
    AsyncClientResources,
    AsyncResourcesWithResponse,
    ClientResources,
    ResourcesWithResponse,
)

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from beproduct_client._paging import AsyncPager, Pager
    from beproduct_client._values import FileTokens, KeyringTokens
    from beproduct_client.auth import TokenStore
    from beproduct_client.client.history import Progress
    from beproduct_client.client.options import CallOptions
    from beproduct_client.client.plan import Plan
    from beproduct_client.client.quota import QuotaEvent

    StoreSetting = TokenStore | Literal["memory"] | FileTokens | KeyringTokens

_engines: weakref.WeakSet[_native.Engine] = weakref.WeakSet()
_forking = threading.RLock()
"""Held while an engine is made and during a fork, so that none is made half before it and half after."""


def _before_fork() -> None:
    _forking.acquire()
    for engine in list(_engines):
        engine.prepare_fork()
    _native.before_fork()


def _after_fork_in_parent() -> None:
    _native.after_fork(child=False)
    _forking.release()


def _after_fork_in_child() -> None:
    _native.after_fork(child=True)
    _forking.release()
    abandon(after_fork())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)

atexit.register(_native.before_exit)


class AllSettings(OfficialSettings, Settings, total=False):
    """All settings of a client. Those of the constructor are explained there."""

    plan: Plan
    token_store: StoreSetting
    decimals: Literal["float", "exact"]
    on_quota_event: Callable[[QuotaEvent], object]
    on_quota_limit: Callable[[QuotaEvent], float | None]


class _Client:
    """What both clients share: a company, a sign-in and a quota."""

    _connection_class: type[Connection] = Connection

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        refresh_token: str | None = None,
        company_domain: str | None = None,
        token_endpoint: str | None = None,
        public_api_url: str | None = None,
        automation_api_url: str | None = None,
        access_token: str | None = None,
        additional_headers: Mapping[str, str] | None = None,
        *,
        plan: Plan | None = None,
        token_store: StoreSetting | None = None,
        decimals: Literal["float", "exact"] = "float",
        on_quota_event: Callable[[QuotaEvent], object] | None = None,
        on_quota_limit: Callable[[QuotaEvent], float | None] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        if decimals not in ("float", "exact"):
            raise ConfigError(f'decimals has to be "float" or "exact", not {decimals!r}')
        host_store = token_store if hasattr(token_store, "save") else None
        host = HostCode(host_store, on_quota_event, on_quota_limit)
        own = {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "company_domain": company_domain,
            "token_endpoint": token_endpoint,
            "public_api_url": public_api_url,
            "automation_api_url": automation_api_url,
            "access_token": access_token,
            "additional_headers": additional_headers,
            "plan": plan,
            "token_store": None if host_store else token_store,
            "user_agent": f"python/{platform.python_version()}",
        }
        with _forking:
            engine = _native.Engine(given({**own, **settings}), host, decimals == "exact")
            _engines.add(engine)
        self._company = company_domain
        self._set_up(self._connection_class(engine))

    def _set_up(self, connection: Connection) -> None:
        self._engine = connection.engine
        self._connection = connection
        # The resources, whose class is the next base of both clients.
        super().__init__(self._connection)  # type: ignore[call-arg]

    @classmethod
    def from_environment(cls, **settings: Unpack[AllSettings]) -> Self:
        """A client whose settings come from outside of the program.

        They are those of the variables `BEPRODUCT_COMPANY_DOMAIN`, `BEPRODUCT_CLIENT_ID`, `BEPRODUCT_CLIENT_SECRET`,
        `BEPRODUCT_REFRESH_TOKEN`, `BEPRODUCT_ACCESS_TOKEN`, `BEPRODUCT_REDIRECT_URI`, `BEPRODUCT_SCOPE`,
        `BEPRODUCT_API_URL`, `BEPRODUCT_AUTOMATION_URL` and `BEPRODUCT_IDENTITY_URL`, and below them those of the profile
        that `BEPRODUCT_PROFILE` names, else `default`: the one that `beproduct login` makes.

        :param settings: Any that are to win over those.
        :raises ConfigError: when there is neither, or when a setting is wrong.
        """
        made: Self = cast(Any, cls)(**settings, environment=True)
        return made

    def acting_as(self, user_id: str, *, client_id: str, client_secret: str) -> Self:
        """A client that acts for another user of the company. Who is signed in here has to be an administrator of it.

        Its calls wait for a token of that user; where none can be had they raise `AuthError`. None is ever made as the
        administrator. It shares quota and connections with this client, and ends with it. It is of the
        same class, and has copies of the attributes that a class of the program has set.

        :param user_id: Id of the user, who has to be registered as PRIVATE.
        :param client_id: Id of the application that is registered for this.
        :param client_secret: Its secret.
        :raises ConfigError: when something is empty, or when this client acts for another user itself.
        """
        whom = {"user_id": user_id, "client_id": client_id, "client_secret": client_secret}
        with _forking:
            return self._beside(self._engine.acting_as(whom), self._connection.progress)

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """The same client with options for all of its calls; those of a call win, one by one.

        It shares everything with this client, and closing either closes both. It is of the same class, and has copies of
        the attributes that a class of the program has set. Clients that act for other users keep the options.

        >>> nightly = client.with_options(label="nightly", priority="bulk")

        :param options: Options as of any call.
        :raises ConfigError: when an option is wrong or unknown.
        """
        progress, own = self._connection.split(given(options))
        with _forking:
            return self._beside(self._engine.with_options(own), progress)

    def _beside(self, engine: _native.Engine, progress: Callable[[Progress], object] | None) -> Self:
        # A class of the program keeps its own attributes.
        client = copy(self)
        _engines.add(engine)
        client._set_up(self._connection_class(engine, progress))
        return client

    def __repr__(self) -> str:
        return f"{type(self).__name__}(company_domain={self._company!r})"


_SETTINGS = f"""{BY_NAME.rstrip()}
    :param token_store: Where tokens are kept: a `TokenStore`, `"memory"`, `{{"file": path}}`, or `{{"keyring": name}}` for an entry in
        the keyring of this machine. Default: memory, until the server replaces the given refresh token; then a file in
        `state_dir`. A store that has the tokens of an earlier sign-in needs only `client_id` (and `client_secret`) beside it.
    :param decimals: `"exact"` returns decimals as `Decimal`, `"float"` (default) as `float`.
    :param on_quota_event: Called with an event as a dict (`QuotaEvent`): 80 % and 95 % of the daily quota are reached, once a
        day among all who share a ledger, or the service reported requests of other clients. What it raises goes to
        `sys.unraisablehook`.
    :param on_quota_limit: Called with an event for each call that is at its limit and may not wait long enough by
        `quota_wait`. Returns how many seconds the call may wait at most; it waits when the limit is reset by then. With
        None, or if that is too short, it fails with `QuotaExceededError` (`RateLimitedError` for an hour or a minute);
        so it does after 30 s without an answer, and when this raises, with the exception as `__cause__`. Both callbacks are
        plain functions, also for asyncio, and run one at a time in a thread of the client: they must not call the API
        through the same client. After a `fork` the child calls them too.
    :param settings: More settings, see `beproduct_client.client.settings.Settings`: timeouts, attempts, ledger, concurrency...
    :raises ConfigError: when a setting is missing, wrong or unknown.
"""


class BeProduct(_Client, ClientResources):
    __doc__ = f"""A client for one company.

    It may be shared by threads, works inside a running event loop and after `fork`, and answers Ctrl-C.
    {_SETTINGS}"""

    def call(self, operation: str, arguments: Mapping[str, Any] | None = None, **options: Unpack[CallOptions]) -> Any:
        """Calls an operation by its name, for programs that choose it while they run.

        :param operation: Id of the operation, `style.attributes_get`, or its short name, `style.get`.
        :param arguments: Arguments by name: `{"header_id": ...}`.
        :raises ConfigError: when the operation is unknown, or an argument or option is missing, wrong or unknown.
        """
        return self._connection.call(operation, dict(arguments or {}), given(options))

    def stream(
        self, operation: str, arguments: Mapping[str, Any] | None = None, **options: Unpack[CallOptions]
    ) -> Pager[Any]:
        """The records of a list by its name. Arguments and errors as of `call`."""
        pager: Pager[Any] = self._connection.pages(operation, dict(arguments or {}), given(options))
        return pager

    @property
    def with_response(self) -> ResourcesWithResponse:
        """The same resources, whose methods return a `Response`: the answer, and all that is known about it.

        Lists stay as they are: their `pages()` tell it of each page.
        """
        return ResourcesWithResponse(Connection(self._engine, self._connection.progress, detailed=True))

    def close(self) -> None:
        """Ends all calls at once; later ones raise `ClientClosedError`. Leaving a `with` block does the same.

        Returns when what this client has leased of the quota (`quota_lease`, `share`) is given back, or after 5 s: that
        goes on by itself then, as it does after Ctrl-C. A client that is closed already returns at once.
        """
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BeProductAsync(_Client, AsyncClientResources):
    __doc__ = f"""A client for one company, for asyncio. Calls return awaitables; cancelling a task ends its request.

    The `__cause__` of the `CancelledError` is then the error of the call, whose `outcome` says whether it may have taken
    effect; it is None where the call had not begun, or had its answer already. To be read where the call is awaited:
    asyncio may hand a new `CancelledError` to those who wait for the task.
    {_SETTINGS}"""

    _connection_class = AsyncConnection

    def call(
        self, operation: str, arguments: Mapping[str, Any] | None = None, **options: Unpack[CallOptions]
    ) -> Coroutine[Any, Any, Any]:
        """`BeProduct.call` for asyncio."""
        call: Coroutine[Any, Any, Any] = self._connection.call(operation, dict(arguments or {}), given(options))
        return call

    def stream(
        self, operation: str, arguments: Mapping[str, Any] | None = None, **options: Unpack[CallOptions]
    ) -> AsyncPager[Any]:
        """The records of a list by its name. Arguments and errors as of `call`."""
        pager: AsyncPager[Any] = self._connection.pages(operation, dict(arguments or {}), given(options))
        return pager

    @property
    def with_response(self) -> AsyncResourcesWithResponse:
        """`BeProduct.with_response` for asyncio."""
        return AsyncResourcesWithResponse(AsyncConnection(self._engine, self._connection.progress, detailed=True))

    async def close(self) -> None:
        """Ends all calls at once; later ones raise `ClientClosedError`. Leaving an `async with` block does the same.

        Returns when what this client has leased of the quota (`quota_lease`, `share`) is given back. That goes on by
        itself when the task that waits is cancelled. A client that is closed already returns at once.
        """
        bridge = present_bridge()
        work = self._engine.close_async(bridge)
        if work is not None:
            await wait(bridge, work)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
