"""Signing in at a provider that others have written and that is certified, and not at a simulator of our own."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from person import Person
from provider import REDIRECT_URI, SIGNED_OUT_URI, Provider
from simulator import PATIENCE

from beproduct_client import AuthError, BeProduct, BeProductAsync
from beproduct_client.auth import AuthorizationSession, Tokens, login_async

ALGORITHMS = ("RS256", "PS512", "ES256", "ES384", "EdDSA")

DISCOVERY, KEYS = ".well-known/openid-configuration", "jwks"
TOKEN, USERINFO = "connect/token", "connect/userinfo"


class Store:
    """Keeps tokens, and all that were kept before. Access tokens that were saved are expired when they are loaded."""

    def __init__(self, provider: Provider, tokens: Tokens) -> None:
        self._provider = provider
        self.saved = [tokens]
        self.used_before_saved = 0
        """How often somebody had asked for user information when the last tokens were saved."""

    def load(self) -> Tokens:
        return {**self.saved[-1], "expires_at": 1}

    def save(self, tokens: Tokens) -> None:
        self.saved.append(tokens)
        self.used_before_saved = self._provider.count(USERINFO)


def session(provider: Provider, client: str = "public", **settings: Any) -> AuthorizationSession:
    return AuthorizationSession(redirect_uri=REDIRECT_URI, **{**provider.settings(client), **settings})


def sign_in(provider: Provider, person: Person, client: str = "public", **settings: Any) -> Tokens:
    begun = session(provider, client, **settings)
    return begun.finish(person.visit(begun.url, REDIRECT_URI))


def refused(provider: Provider, person: Person, client: str = "public", **settings: Any) -> AuthError:
    with pytest.raises(AuthError) as caught:
        sign_in(provider, person, client, **settings)
    return caught.value


def client_of(provider: Provider, store: Store, client: str = "public") -> BeProduct:
    return BeProduct(company_domain="acme", token_store=store, ledger="memory", **provider.settings(client))


def refused_renewal(provider: Provider, store: Store) -> AuthError:
    """That of a client which asks for it once, however often it is called."""
    asked = provider.count(TOKEN)
    with client_of(provider, store) as client:
        with pytest.raises(AuthError) as caught:
            client.auth.userinfo()
        with pytest.raises(AuthError):
            client.auth.userinfo()
    assert provider.count(TOKEN) == asked + 1
    return caught.value


def test_a_client_without_a_secret_signs_in_with_pkce_and_renews(provider: Provider, person: Person) -> None:
    tokens = sign_in(provider, person)
    assert person.seen == ["Sign-in", "Authorize"]
    counts = provider.counts()
    assert (counts[DISCOVERY], counts[KEYS], counts[TOKEN]) == (1, 1, 1)
    assert tokens["id_token"] and tokens["refresh_token"] and tokens["scope"]
    assert {"openid", "profile", "email", "roles", "BeProductPublicApi"} <= set(tokens["scope"].split())
    store = Store(provider, tokens)
    with client_of(provider, store) as client:
        user = client.auth.userinfo()
    assert user == {
        "sub": "ada",
        "name": "Name of ada",
        "preferred_username": "ada",
        "email": "ada@example.com",
        "email_verified": True,
        "roles": ["designer"],
    }
    assert provider.count(TOKEN) == 2
    assert store.saved[-1]["access_token"] != tokens["access_token"]
    assert store.saved[-1]["id_token"] == tokens["id_token"]


@pytest.mark.parametrize("pkce", [True, False])
def test_a_client_with_a_secret(provider: Provider, person: Person, pkce: bool) -> None:
    tokens = sign_in(provider, person, "confidential", pkce=pkce)
    store = Store(provider, tokens)
    with client_of(provider, store, "confidential") as client:
        assert client.auth.userinfo()["sub"] == "ada"
    assert len(store.saved) == 2


def test_a_wrong_secret_is_named(provider: Provider, person: Person) -> None:
    error = refused(provider, person, "confidential", client_secret="another")
    assert error.code == "invalid_client"
    assert "compare both with the application's registration" in error.message
    assert "another" not in str(error)


def test_consent_that_is_not_given(provider: Provider, person: Person) -> None:
    begun = session(provider)
    with pytest.raises(AuthError, match="sign-in was denied") as caught:
        begun.finish(person.visit(begun.url, REDIRECT_URI, cancel=True))
    assert caught.value.code == "access_denied"
    assert provider.count(TOKEN) == 0


def test_every_renewal_is_saved_before_it_is_used(provider: Provider, person: Person) -> None:
    store = Store(provider, sign_in(provider, person))
    for renewal in range(3):
        with client_of(provider, store) as client:
            client.auth.userinfo()
        assert (store.used_before_saved, provider.count(USERINFO)) == (renewal, renewal + 1)
    assert len({tokens["refresh_token"] for tokens in store.saved}) == 4


def test_a_refresh_token_that_is_used_twice_ends_the_sign_in(provider: Provider, person: Person) -> None:
    first = Store(provider, sign_in(provider, person))
    second = Store(provider, first.saved[0])
    with client_of(provider, first) as client:
        assert client.auth.userinfo()["sub"] == "ada"
        error = refused_renewal(provider, second)
        assert error.code == "invalid_grant"
        assert "sign in again" in error.message
        # The provider takes it for a theft.
        with pytest.raises(AuthError, match="sign in again") as caught:
            client.auth.userinfo()
        assert caught.value.code == "invalid_grant"
    assert refused_renewal(provider, first).code == "invalid_grant"


@pytest.mark.parametrize("verifier", [{"code_verifier": "x" * 43}, {}])
def test_a_code_is_worth_nothing_without_its_verifier(
    provider: Provider, person: Person, verifier: dict[str, str]
) -> None:
    begun = session(provider)
    redirected = person.visit(begun.url, REDIRECT_URI)
    code = parse_qs(urlsplit(redirected).query)["code"][0]
    form = {"grant_type": "authorization_code", "client_id": "public", "redirect_uri": REDIRECT_URI, "code": code}
    assert provider.ask_for_tokens(**form, **verifier)["error"] == "invalid_grant"
    assert begun.finish(redirected)["access_token"]


def test_a_client_without_a_secret_needs_pkce(provider: Provider, person: Person) -> None:
    error = refused(provider, person, pkce=False)
    assert error.code == "invalid_request"
    assert "requires PKCE" in error.message
    assert provider.count(TOKEN) == 0


def test_the_sign_in_ends_in_the_browser(provider: Provider, person: Person) -> None:
    store = Store(provider, sign_in(provider, person))
    person.seen.clear()
    sign_in(provider, person)
    # Apps need consent every time.
    assert person.seen == ["Authorize"]
    person.seen.clear()
    with client_of(provider, store) as client:
        url = client.auth.end_session_url(SIGNED_OUT_URI)
        assert parse_qs(urlsplit(url).query) == {
            "id_token_hint": [store.saved[0]["id_token"]],
            "post_logout_redirect_uri": [SIGNED_OUT_URI],
        }
        assert person.visit(url, SIGNED_OUT_URI) == SIGNED_OUT_URI
        assert person.seen == ["Sign out"]
        # The client stays signed in.
        assert client.auth.userinfo()["sub"] == "ada"
    person.seen.clear()
    sign_in(provider, person)
    assert person.seen == ["Sign-in", "Authorize"]


@pytest.mark.parametrize("name", ["public", "confidential"])
def test_signing_out_revokes(provider: Provider, person: Person, name: str) -> None:
    store = Store(provider, sign_in(provider, person, name))
    with client_of(provider, store, name) as client:
        client.auth.userinfo()
        last = store.saved[-1]["refresh_token"]
        assert last
        assert client.auth.sign_out() is True
        with pytest.raises(AuthError, match="signed out"):
            client.auth.userinfo()
    assert provider.counts()["token/revocation"] == 1
    assert set(store.saved[-1].values()) == {None}
    credentials = {key: value for key, value in provider.settings(name).items() if key != "identity_url"}
    answer = provider.ask_for_tokens(grant_type="refresh_token", refresh_token=last, **credentials)
    assert answer["error"] == "invalid_grant"


def test_keys_that_change(provider: Provider, person: Person) -> None:
    sign_in(provider, person)
    assert provider.count(KEYS) == 1
    provider.rotate_keys()
    for _ in range(2):
        sign_in(provider, person)
        assert (provider.count(KEYS), provider.count(DISCOVERY)) == (2, 1)
    provider.rotate_keys()
    provider.fail(KEYS)
    error = refused(provider, person)
    assert error.code == "id_token_keys"
    assert provider.count(KEYS) == 3
    provider.fail()
    assert sign_in(provider, person)["id_token"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signatures_of_every_kind(provider: Provider, person: Person, algorithm: str) -> None:
    assert set(provider.about["algorithms"]) == set(ALGORITHMS)
    assert sign_in(provider, person, algorithm)["id_token"]
    assert provider.count(KEYS) == 1


def test_tokens_in_the_fragment(provider: Provider, person: Person) -> None:
    tokens = sign_in(provider, person, "implicit", response_type="id_token token")
    assert tokens["access_token"] and tokens["id_token"] and not tokens["refresh_token"]
    assert (provider.count(TOKEN), provider.count(KEYS)) == (0, 1)
    with BeProduct(
        company_domain="acme",
        access_token=tokens["access_token"],
        identity_url=provider.identity,
        ledger="memory",
    ) as client:
        assert client.auth.userinfo()["email"] == "ada@example.com"


@pytest.mark.parametrize(("member", "code"), [("access_token", "id_token_at_hash"), ("id_token", "id_token_signature")])
def test_tokens_in_the_fragment_that_were_changed(provider: Provider, person: Person, member: str, code: str) -> None:
    begun = session(provider, "implicit", response_type="id_token token")
    redirected = person.visit(begun.url, REDIRECT_URI)
    token = parse_qs(urlsplit(redirected).fragment)[member][0]
    # One letter in the middle of the token, or of its signature.
    place = len(token) - 20
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    with pytest.raises(AuthError) as caught:
        begun.finish(redirected.replace(token, changed))
    assert caught.value.code == code


def test_a_sign_in_under_asyncio(provider: Provider, person: Person) -> None:
    async def run() -> None:
        begun = session(provider)
        tokens = await begun.finish_async(await asyncio.to_thread(person.visit, begun.url, REDIRECT_URI))
        store = Store(provider, tokens)
        async with BeProductAsync(
            company_domain="acme", token_store=store, ledger="memory", **provider.settings()
        ) as client:
            assert (await client.auth.userinfo())["sub"] == "ada"
            assert (await client.auth.discovery())["issuer"] == provider.identity
            assert await client.auth.sign_out() is True

    asyncio.run(run())


def test_a_sign_in_that_waits_for_the_browser(provider: Provider, person: Person) -> None:
    def browse(url: str) -> tuple[int, str]:
        back_at = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        return person.read(person.visit(url, back_at))

    async def run() -> Tokens:
        shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        signing_in = asyncio.create_task(
            login_async(free_port=True, open_browser=False, show=shown.set_result, **provider.settings())
        )
        url = await asyncio.wait_for(shown, PATIENCE)
        status, page = await asyncio.to_thread(browse, url)
        assert (status, "You are signed in" in page) == (200, True)
        return await signing_in

    tokens = asyncio.run(run())
    assert tokens["id_token"] and tokens["refresh_token"]
