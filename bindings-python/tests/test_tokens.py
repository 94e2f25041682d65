"""Signing in: token stores of the host program, rotated tokens, the token file, the sign-in of a person."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from simulator import PATIENCE, Simulator

from beproduct_client import (
    AuthError,
    AuthorizationSession,
    BeProduct,
    BeProductAsync,
    CallbackError,
    ConfigError,
    Tokens,
)


class Store:
    """A token store that keeps everything it was given."""

    def __init__(self, *saved: Tokens) -> None:
        self.saved = list(saved)
        self.threads: set[str] = set()

    def load(self) -> Tokens | None:
        self.threads.add(threading.current_thread().name)
        return self.saved[-1] if self.saved else None

    def save(self, tokens: Tokens) -> None:
        self.saved.append(tokens)


def test_a_store_gets_the_tokens_before_they_are_used(settings: dict[str, Any], simulator: Simulator) -> None:
    class Looking(Store):
        def save(self, tokens: Tokens) -> None:
            assert simulator.count() == 0
            super().save(tokens)

    store = Looking()
    with BeProduct(**settings, token_store=store) as client:
        client.system.version()
    tokens = store.saved[0]
    assert simulator.log()[-1]["headers"]["authorization"] == f"Bearer {tokens['access_token']}"
    assert tokens["refresh_token"] == settings["refresh_token"]
    assert (tokens["lifetime"], set(tokens)) == (28_800, set(Tokens.__annotations__))


def test_stored_tokens_spare_the_sign_in(settings: dict[str, Any], simulator: Simulator) -> None:
    store = Store()
    for _ in range(2):
        with BeProduct(**settings, token_store=store) as client:
            client.system.version()
    assert simulator.count("token") == 1


def test_rotated_tokens_are_saved_and_used(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.reset(rotation="strict")
    store = Store()
    with BeProduct(**settings, token_store=store) as client:
        for _ in range(3):
            client.system.version()
            simulator.expire("access")
    refresh_tokens = [tokens["refresh_token"] for tokens in store.saved]
    assert len(set(refresh_tokens)) == 3
    # The configured refresh token is used up: only what was saved signs in.
    with BeProduct(**settings, token_store=Store(store.saved[-1])) as client:
        client.system.version()
    with BeProduct(**settings) as client, pytest.raises(AuthError, match="sign in again") as raised:
        client.system.version()
    assert raised.value.code == "invalid_grant"


class Failing(Store):
    def save(self, tokens: Tokens) -> None:
        raise OSError("the vault is locked")


def test_an_exception_of_the_store_is_the_cause(settings: dict[str, Any], simulator: Simulator) -> None:
    with BeProduct(**settings, token_store=Failing()) as client, pytest.raises(CallbackError) as raised:
        client.system.version()
    assert "the vault is locked" in raised.value.message
    assert isinstance(raised.value.__cause__, OSError)
    assert simulator.count() == 0


@pytest.mark.parametrize(
    ("loaded", "problem"),
    [
        ("token", "load has to give an object with tokens or nothing, not a text"),
        ([{"access_token": "x"}], "not a list"),
        ({"access_token": b"x"}, "load.access_token is bytes"),
    ],
)
def test_what_is_no_tokens_is_refused(
    settings: dict[str, Any], simulator: Simulator, loaded: Any, problem: str
) -> None:
    class Rotten(Store):
        def load(self) -> Tokens | None:
            return loaded

    with BeProduct(**settings, token_store=Rotten()) as client, pytest.raises(CallbackError) as raised:
        client.system.version()
    assert problem in raised.value.message
    assert (simulator.count(), simulator.count("identity")) == (0, 0)


async def test_an_exception_of_the_store_in_an_event_loop(settings: dict[str, Any]) -> None:
    async with BeProductAsync(**settings, token_store=Failing()) as client:
        with pytest.raises(CallbackError, match="the vault is locked"):
            await client.system.version()


def test_a_store_that_failed_once_is_asked_again(settings: dict[str, Any], simulator: Simulator) -> None:
    class FailingOnce(Store):
        failed = False

        def save(self, tokens: Tokens) -> None:
            if not self.failed:
                self.failed = True
                raise OSError("the vault is locked")
            super().save(tokens)

    simulator.reset(rotation="strict")
    store = FailingOnce()
    with BeProduct(**settings, token_store=store) as client:
        with pytest.raises(CallbackError):
            client.system.version()
        client.system.version()
    # The tokens of the one exchange were not lost.
    assert (len(store.saved), simulator.count("token")) == (1, 1)


def test_a_store_may_use_the_client_of_another_company(settings: dict[str, Any], client: BeProduct) -> None:
    class Remote(Store):
        def load(self) -> Tokens | None:
            client.system.version()
            return super().load()

    store = Remote()
    with BeProduct(**settings, token_store=store) as other:
        other.system.version()
    assert store.threads != {threading.current_thread().name}


class Shared(Store):
    """Of all who use it one at a time may renew."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.refused = threading.Event()
        self.unlocked = threading.Event()

    def try_lock(self) -> bool:
        locked = self.lock.acquire(blocking=False)
        if not locked:
            self.refused.set()
        return locked

    def unlock(self) -> None:
        self.lock.release()
        self.unlocked.set()


def test_of_all_who_share_a_store_one_renews(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.reset(rotation="strict")
    store = Shared()
    with BeProduct(**settings, token_store=store) as one, BeProduct(**settings, token_store=store) as other:
        simulator.hold("connect/token", base="identity")
        first = threading.Thread(target=one.system.version)
        first.start()
        simulator.wait(1, "identity")
        second = threading.Thread(target=other.system.version)
        second.start()
        assert store.refused.wait(PATIENCE)
        simulator.release()
        first.join()
        second.join()
    assert (simulator.count("token"), simulator.count()) == (1, 2)
    assert store.unlocked.is_set() and not store.lock.locked()


def test_a_lock_that_fails_or_cannot_be_given_back(settings: dict[str, Any], simulator: Simulator) -> None:
    class Broken(Shared):
        def try_lock(self) -> bool:
            raise OSError("the database is away")

    with (
        BeProduct(**settings, token_store=Broken()) as client,
        pytest.raises(CallbackError, match="the database is away"),
    ):
        client.system.version()
    assert simulator.count("token") == 0

    class Half(Store):
        def try_lock(self) -> bool:
            return True

    with pytest.raises(ConfigError, match="both try_lock and unlock"):
        BeProduct(**settings, token_store=Half())


def test_the_token_file_is_private(settings: dict[str, Any], simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    for _ in range(2):
        with BeProduct(**settings, token_store={"file": str(path)}) as client:
            client.system.version()
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["refresh_token"] == settings["refresh_token"]
    assert simulator.count("token") == 1

    path.chmod(0o644)
    client = BeProduct(**settings, token_store={"file": str(path)})
    with client, pytest.raises(ConfigError, match="chmod 600"):
        client.system.version()


def sign_in(simulator: Simulator) -> AuthorizationSession:
    about = simulator.about
    return AuthorizationSession(
        client_id=about["public_client_id"],
        redirect_uri=about["redirect_uri"],
        identity_url=about["identity"],
    )


def test_a_person_signs_in(settings: dict[str, Any], simulator: Simulator) -> None:
    about = simulator.about
    session = sign_in(simulator)
    assert "code_challenge" in session.url
    assert repr(session) == "AuthorizationSession()"
    tokens = session.finish(simulator.sign_in(session.url))
    assert tokens["refresh_token"]
    own = {"client_id": about["public_client_id"], "client_secret": None, "refresh_token": tokens["refresh_token"]}
    with BeProduct(**{**settings, **own}) as client:
        assert client.system.version()["version"] == "simulator"
    with pytest.raises(AuthError, match="begin again"):
        session.finish(f"{about['redirect_uri']}?code=x&state=other")


async def test_a_person_signs_in_from_an_event_loop(settings: dict[str, Any], simulator: Simulator) -> None:
    session = sign_in(simulator)
    tokens = await session.finish_async(simulator.sign_in(session.url))
    own = {"client_id": None, "client_secret": None, "refresh_token": None, "access_token": tokens["access_token"]}
    async with BeProductAsync(**{**settings, **own}) as client:
        assert (await client.system.version())["version"] == "simulator"
    with pytest.raises(AuthError, match="begin again"):
        await session.finish_async(f"{simulator.about['redirect_uri']}?code=x&state=other")


async def test_cancelling_the_task_of_a_sign_in_closes_its_request(simulator: Simulator) -> None:
    session = sign_in(simulator)
    redirected = simulator.sign_in(session.url)
    simulator.hold("token", base="identity")
    task = asyncio.create_task(session.finish_async(redirected))
    await asyncio.to_thread(simulator.wait, 1, "identity")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    simulator.until(lambda: simulator.log("identity")[-1]["closed_by_client"])
