"""Signing in: the authorization code flow without a browser, and where tokens are kept."""

from __future__ import annotations

from typing import Any, Protocol, TypedDict

from beproduct_client import _native
from beproduct_client._bridge import present_bridge, wait
from beproduct_client._resource import split


class Tokens(TypedDict, total=False):
    """Tokens of one sign-in, in clear: to be kept like a password."""

    access_token: str | None
    expires_at: int | None
    """End of the access token's life, Unix seconds."""
    lifetime: int | None
    """Life of the access token when it was issued, in seconds."""
    refresh_token: str | None
    id_token: str | None
    origin: str | None
    """Tells which configured refresh token they came from. To be kept with the rest."""


class TokenStore(Protocol):
    """Keeps tokens. `save` is called with renewed ones before anyone uses them; when it raises, the call fails."""

    def load(self) -> Tokens | None:
        """What was saved last, if anything."""

    def save(self, tokens: Tokens) -> None:
        """Replaces what was saved."""


class AuthorizationSession:
    """One sign-in of a person: send them to `url`, then give the address they were sent back to to `finish`.

    State and PKCE are made at random and checked; a session works once.

    :param client_id: Id of the application.
    :param redirect_uri: Address that is registered for it.
    :param client_secret: Its secret, if it has one.
    :param settings: `scope`, `identity_url`, `token_endpoint`, `ca_certificates`, timeouts: as of `BeProduct`.
    """

    def __init__(self, *, client_id: str, redirect_uri: str, client_secret: str | None = None, **settings: Any) -> None:
        given = {"client_id": client_id, "redirect_uri": redirect_uri, "client_secret": client_secret, **settings}
        self._session = _native.Authorization(split(given, {})[0])

    @property
    def url(self) -> str:
        """Where the person signs in."""
        return self._session.url()

    def finish(self, redirected: str) -> Tokens:
        """The tokens, for the address that the person was sent back to.

        :raises AuthError: when consent was denied, the state differs, or the code is refused.
        """
        return self._session.finish(redirected)

    async def finish_async(self, redirected: str) -> Tokens:
        """The same for asyncio. Cancelling the task ends the request; the sign-in has to begin again then.

        :raises AuthError: when consent was denied, the state differs, or the code is refused.
        """
        bridge = present_bridge()
        return await wait(bridge, self._session.finish_async(bridge, redirected))

    def __repr__(self) -> str:
        return "AuthorizationSession()"
