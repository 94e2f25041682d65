"""The clients, for plain and for asynchronous programs."""

from __future__ import annotations

import atexit
import os
import platform
import threading
import weakref
from collections.abc import Callable, Mapping
from copy import copy
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal

from beproduct_client import _native
from beproduct_client._bridge import abandon, present_bridge, wait
from beproduct_client._connection import AsyncConnection, Connection
from beproduct_client._errors import ConfigError, after_fork
from beproduct_client._host import check_callback, check_store
from beproduct_client._options import split
from beproduct_client._plan import Plan, plan_settings
from beproduct_client._quota import AsyncQuota, Quota, QuotaEvent
from beproduct_client.auth import AsyncAuth, Auth
from beproduct_client.resources import (
    AsyncResources,
    AsyncResourcesWithResponse,
    Resources,
    ResourcesWithResponse,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from beproduct_client.auth import TokenStore

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
        token_store: TokenStore | Literal["memory"] | Mapping[Literal["file", "keyring"], str] | None = None,
        decimals: Literal["float", "exact"] = "float",
        state_dir: str | PathLike[str] | None = None,
        on_quota_event: Callable[[QuotaEvent], object] | None = None,
        on_quota_limit: Callable[[QuotaEvent], float | None] | None = None,
        **settings: Any,
    ) -> None:
        if decimals not in ("float", "exact"):
            raise ConfigError(f'decimals has to be "float" or "exact", not {decimals!r}')
        host_store = token_store if hasattr(token_store, "save") else None
        check_store(host_store)
        check_callback("on_quota_event", on_quota_event)
        check_callback("on_quota_limit", on_quota_limit)
        given = {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "company_domain": company_domain,
            "token_endpoint": token_endpoint,
            "public_api_url": public_api_url,
            "automation_api_url": automation_api_url,
            "access_token": access_token,
            "additional_headers": additional_headers,
            "plan": plan_settings(plan),
            "token_store": None if host_store else token_store,
            "state_dir": state_dir and fspath(state_dir),
            "user_agent": f"python/{platform.python_version()}",
            **settings,
        }
        with _forking:
            engine = _native.Engine(
                split(given, {})[0], host_store, on_quota_event, on_quota_limit, decimals == "exact"
            )
            _engines.add(engine)
        self._set_up(engine, company_domain)

    def _set_up(self, engine: _native.Engine, company_domain: str | None) -> None:
        self._company = company_domain
        self._engine = engine
        self._connection = self._connection_class(engine)
        # The resources, whose class is the next base of both clients.
        super().__init__(self._connection)  # type: ignore[call-arg]

    @classmethod
    def from_environment(cls, **settings: Any) -> Self:
        """A client whose settings come from outside of the program.

        They are those of the variables `BEPRODUCT_COMPANY_DOMAIN`, `BEPRODUCT_CLIENT_ID`, `BEPRODUCT_CLIENT_SECRET`,
        `BEPRODUCT_REFRESH_TOKEN`, `BEPRODUCT_ACCESS_TOKEN`, `BEPRODUCT_REDIRECT_URI`, `BEPRODUCT_SCOPE`,
        `BEPRODUCT_API_URL`, `BEPRODUCT_AUTOMATION_URL` and `BEPRODUCT_IDENTITY_URL`, and below them those of the profile
        that `BEPRODUCT_PROFILE` names, else `default`: the one that `beproduct login` makes.

        :param settings: Any that are to win over those.
        :raises ConfigError: when there is neither, or when a setting is wrong.
        """
        return cls(environment=True, **settings)

    def acting_as(self, user_id: str, *, client_id: str, client_secret: str) -> Self:
        """A client that acts for another user of the company. Who is signed in here has to be an administrator of it.

        Its calls wait for a token of that user; where none can be had they raise `AuthError`. None is ever made as the
        administrator. It shares quota and connections with this client, and ends with it. It is of the same class, and has copies of
        the attributes that a class of the program has set.

        :param user_id: Id of the user, who has to be registered as PRIVATE.
        :param client_id: Id of the application that is registered for this.
        :param client_secret: Its secret.
        :raises ConfigError: when something is empty, or when this client acts for another user itself.
        """
        whom = {"user_id": user_id, "client_id": client_id, "client_secret": client_secret}
        # A class of the program keeps its own attributes.
        acting = copy(self)
        with _forking:
            engine = self._engine.acting_as(whom)
            _engines.add(engine)
        acting._set_up(engine, self._company)
        return acting

    def __repr__(self) -> str:
        return f"{type(self).__name__}(company_domain={self._company!r})"


_SETTINGS = """
    :param client_id: Id of the application, from the vendor.
    :param client_secret: Secret of the application, if it has one.
    :param refresh_token: Renews access tokens.
    :param company_domain: What follows the host name in the browser when signed in.
    :param token_endpoint: Address of the token endpoint. Default: `connect/token` below `identity_url`.
    :param public_api_url: Host of the API.
    :param automation_api_url: Host of the automation API.
    :param access_token: A ready access token.
    :param additional_headers: Headers for every request of the API.
    :param plan: What the company has bought: a limit of the day, and of the hour and the minute where it has them. Without
        it requests are counted and none is refused.
    :param token_store: Where tokens are kept: a `TokenStore`, `"memory"`, `{"file": path}`, or `{"keyring": name}` for an entry in
        the keyring of this machine. Default: memory, until the server replaces the given refresh token; then a file in
        `state_dir`. With one that holds the tokens of an earlier sign-in, `client_id` (and
        `client_secret`) is all else that is needed.
    :param decimals: `"exact"` returns decimals as `Decimal`, `"float"` (default) as `float`.
    :param state_dir: Folder for the ledger and for cached schemas. Default: the user's state folder.
    :param on_quota_event: Called with an event as a dict (`QuotaEvent`): 80 and 95 percent of the day's limit are reached,
        which is told once a day among all who share a ledger, or the service told of requests that others sent outside of it.
        What it raises goes to `sys.unraisablehook`.
    :param on_quota_limit: Called with an event for each call that has no request left and may not wait long enough by
        `quota_wait`. Returns how many seconds it may wait at most; the call waits when the limit is reset by then. With
        None, or where that is too short, it fails with `QuotaExceededError` (`RateLimitedError` for an hour or a minute);
        so it does after 30 s without an answer, and when this raises, with the exception as `__cause__`. Both callbacks are
        plain functions, also for asyncio, and run one at a time in a thread of the client's own: they must not call the
        API through the same client. After a `fork` the child calls them too.
    :param settings: `profile`: a profile of the credentials file, for what is not given here; `client_credentials`: True for
        the application's own identity, which is unproven at this service; `access_token_in_query`: True sends the token of
        GETs to the API in the address, which ends up in the logs of proxies; `identity_url`; `scope`; `ledger`: where
        requests are counted, `"memory"`, `{"sqlite": path}` (default: a file in `state_dir`), `{"redis": address}` for all
        machines that share a Redis server, or `{"redis": {"url": address, "when_away": "refuse"}}`, which is the same:
        nothing is sent while the server cannot be reached; with `{"share": n}` as `when_away` this client sets so many
        requests aside while it can, which count as used as long, and goes on with them; `quota_lease`: requests that are
        taken from the ledger at once and used one by one (1); `quota_floor`: requests of the day that calls of priority
        `bulk` leave alone (0); `quota_wait`: longest wait for the next day or hour when the requests of this one are used up
        (default: none, the call fails); `timeout`: longest time for one request from its first turn in the line, with its
        retries, the waits between them and the whole answer (60 s); `turn_timeout`: longest wait for that turn (default:
        none, as long as the line moves); `idle_timeout`: longest time without a byte in either direction (30 s);
        `connect_timeout` (10 s); `attempts`, 1 to 100 (4); `max_wait`: longest standstill, in which nothing can be sent
        because the service asks for a pause or a limit is used up (60 s); `max_answer_size`: largest answer that is read,
        unpacked, in bytes (256,000,000); `max_page_size`, 1 to 10,000 (200); `concurrency`: highest number of requests at a time, 1 to 10,000,
        below which the client finds the best one (10); `check_filters`; `ca_certificates` (PEM text).
    :raises ConfigError: when a setting is missing, wrong or unknown.
"""


class BeProduct(_Client, Resources):
    __doc__ = f"""A client for one company.

    It may be shared by threads, works inside a running event loop and after `fork`, and answers Ctrl-C.
    {_SETTINGS}"""

    @property
    def auth(self) -> Auth:
        """The sign-in: who it is, and how to end it."""
        return Auth(self._connection)

    @property
    def quota(self) -> Quota:
        """The requests of the day."""
        return Quota(self._connection)

    @property
    def with_response(self) -> ResourcesWithResponse:
        """The same resources, whose methods return a `Response`: the answer, and all that is known about it.

        Lists stay as they are: their `pages()` tell it of each page.
        """
        return ResourcesWithResponse(Connection(self._engine, detailed=True))

    def close(self) -> None:
        """Ends all calls at once; later ones raise `ClosedError`. Leaving a `with` block does the same.

        Returns when what this client has leased of the quota (`quota_lease`, `share`) is given back, or after 5 s: that
        goes on by itself then, as it does after Ctrl-C. A client that is closed already returns at once.
        """
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BeProductAsync(_Client, AsyncResources):
    __doc__ = f"""A client for one company, for asyncio. Calls return awaitables; cancelling a task ends its request.

    The `__cause__` of the `CancelledError` is then the error of the call, whose `outcome` says whether it may have taken
    effect; it is None where the call had not begun, or had its answer already. To be read where the call is awaited:
    asyncio may hand a new `CancelledError` to those who wait for the task.
    {_SETTINGS}"""

    _connection_class = AsyncConnection

    @property
    def auth(self) -> AsyncAuth:
        """The sign-in: who it is, and how to end it."""
        return AsyncAuth(self._connection)

    @property
    def quota(self) -> AsyncQuota:
        """The requests of the day."""
        return AsyncQuota(self._connection)

    @property
    def with_response(self) -> AsyncResourcesWithResponse:
        """The same resources, whose methods return a `Response`: the answer, and all that is known about it.

        Lists stay as they are: their `pages()` tell it of each page.
        """
        return AsyncResourcesWithResponse(AsyncConnection(self._engine, detailed=True))

    async def close(self) -> None:
        """Ends all calls at once; later ones raise `ClosedError`. Leaving an `async with` block does the same.

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
