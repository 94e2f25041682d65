"""Signing in: with the browser or without, who it is, and where tokens are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from beproduct_client import _native
from beproduct_client._connection import AsyncConnection, Connection
from beproduct_client._options import given
from beproduct_client.client.auth import Tokens, UserInfo

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from beproduct_client.client.settings import LoginSettings, SignInSettings

__all__ = [
    "AuthorizationSession",
    "SharedTokenStore",
    "TokenStore",
    "Tokens",
    "UserInfo",
    "login",
    "login_async",
]


class TokenStore(Protocol):
    """Keeps tokens. `save` is called with renewed ones before anyone uses them; when it raises, the call fails.

    Signing out saves tokens whose members are all None.
    """

    def load(self) -> Tokens | None:
        """What was saved last, if anything."""

    def save(self, tokens: Tokens) -> None:
        """Replaces what was saved."""


class SharedTokenStore(TokenStore, Protocol):
    """A token store that several processes use, such as a database: of them one renews at a time.

    Without the two methods each process renews by itself, which ends the sign-in where refresh tokens work only once.
    """

    def try_lock(self) -> bool:
        """Takes the lock that keeps the other processes from renewing; False while one of them has it.

        A lock has to end by itself when its process dies. It is held for seconds at most.
        """
        ...

    def unlock(self) -> None:
        """Gives the lock back."""


class AuthorizationSession:
    """One sign-in of a person: send them to `url`, then give the address they were sent back to to `finish`.

    State, nonce and PKCE are made at random and checked, and the ID token is verified; a session works once. It is for
    programs that bring the person back themselves, such as web applications; `login` does all of it on one's own machine.

    :param client_id: Id of the application.
    :param redirect_uri: Address that is registered for it.
    :param client_secret: Its secret, if it has one.
    :param settings: More settings, see `beproduct_client.client.settings.SignInSettings`.
    :raises ConfigError: when a setting is missing, wrong or unknown.
    """

    def __init__(
        self, *, client_id: str, redirect_uri: str, client_secret: str | None = None, **settings: Unpack[SignInSettings]
    ) -> None:
        own = {"client_id": client_id, "redirect_uri": redirect_uri, "client_secret": client_secret}
        self._engine = _native.Engine.sign_in(given({**own, **settings}))

    @property
    def url(self) -> str:
        """Where the person signs in."""
        return self._engine.url() or ""

    def finish(self, redirected: str) -> Tokens:
        """The tokens, for the address that the person was sent back to.

        :raises AuthError: when consent was denied, the state differs, the code is refused, or the ID token is not accepted
            (`code` begins with `id_token_` then).
        """
        return cast(Tokens, Connection(self._engine).call("sign_in.finish", {"redirected": redirected}, {}))

    async def finish_async(self, redirected: str) -> Tokens:
        """The same for asyncio. Cancelling the task ends the request; the sign-in has to begin again then.

        :raises AuthError: when consent was denied, the state differs, or the code is refused.
        """
        arguments = {"redirected": redirected}
        return cast(Tokens, await AsyncConnection(self._engine).call("sign_in.finish", arguments, {}))

    def __repr__(self) -> str:
        return "AuthorizationSession()"


def login(
    *,
    profile: str | None = None,
    free_port: bool = False,
    open_browser: bool = True,
    show: Callable[[str], object] | None = None,
    timeout: float = 300,
    **settings: Unpack[LoginSettings],
) -> Tokens:
    """Signs a person in with the browser of this machine, and waits until they are back. Ctrl-C cancels it.

    `beproduct login` does the same from a shell.

    :param profile: Profile of the credentials file that keeps the sign-in, for `BeProduct(profile=...)`. What the settings
        leave out is taken from it. Default: it is not kept.
    :param free_port: Listen at any free port of this machine, if the registration allows that.
    :param open_browser: Whether to open the browser.
    :param show: Is called with the address to sign in at, before anything is waited for.
    :param timeout: Longest time for the person to come back, in seconds.
    :param settings: More settings, see `beproduct_client.client.settings.LoginSettings`: `client_id` and `redirect_uri` (http,
        on this machine), and with `profile` also `company_domain`.
    :raises ConfigError: when a setting is missing, wrong or unknown, or when there is no browser or no port.
    :raises AuthError: as `AuthorizationSession.finish`.
    :raises CallTimeoutError: when nobody has signed in in time.
    """
    engine = _login_engine(profile, free_port, open_browser, timeout, settings)
    connection = Connection(engine)
    try:
        begun = connection.call("login.begin", {}, {})
        if show:
            show(begun["url"])
        return cast(Tokens, connection.call("login.complete", {}, {}))
    finally:
        engine.close()


async def login_async(
    *,
    profile: str | None = None,
    free_port: bool = False,
    open_browser: bool = True,
    show: Callable[[str], object] | None = None,
    timeout: float = 300,
    **settings: Unpack[LoginSettings],
) -> Tokens:
    """`login` for asyncio. Cancelling the task cancels it."""
    engine = _login_engine(profile, free_port, open_browser, timeout, settings)
    connection = AsyncConnection(engine)
    try:
        begun = await connection.call("login.begin", {}, {})
        if show:
            show(begun["url"])
        return cast(Tokens, await connection.call("login.complete", {}, {}))
    finally:
        engine.close()


def _login_engine(
    profile: str | None, free_port: bool, open_browser: bool, timeout: float, settings: Mapping[str, Any]
) -> _native.Engine:
    options = {"profile": profile, "free_port": free_port, "open_browser": open_browser, "timeout": timeout}
    return _native.Engine.login(given(settings), given(options))
