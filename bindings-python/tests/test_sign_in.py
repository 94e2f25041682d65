"""Signing in with the browser, profiles and the environment, who is signed in, acting for others, signing out."""

import asyncio
import json
import os
import signal
import socket
import stat
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from simulator import PATIENCE, Simulator

from beproduct_client import (
    AuthError,
    AuthorizationSession,
    BeProduct,
    BeProductAsync,
    BeProductError,
    CallTimeoutError,
    ConfigError,
    Tokens,
    login,
    login_async,
)


@pytest.fixture
def app(simulator: Simulator) -> dict[str, Any]:
    """Settings of a sign-in by the client without a secret."""
    about = simulator.about
    return {
        "company_domain": about["company"],
        "client_id": about["public_client_id"],
        "identity_url": about["identity"],
        "api_url": about["api"],
    }


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credentials file of this test, and no other variable."""
    for name in list(os.environ):
        if name.startswith("BEPRODUCT_") and name not in ("BEPRODUCT_SIMULATOR", "BEPRODUCT_SIMULATOR_SECRETS"):
            monkeypatch.delenv(name)
    path = tmp_path / "credentials.toml"
    monkeypatch.setenv("BEPRODUCT_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return path


class Browser:
    """Plays a person with a browser: signs in at the address that it is shown, and goes where it is sent."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.pages: list[tuple[int, str]] = []
        self._thread: threading.Thread | None = None

    def __call__(self, url: str) -> None:
        self._thread = threading.Thread(target=self._visit, args=[url])
        self._thread.start()

    def _visit(self, url: str) -> None:
        self.pages.append(get(self.simulator.sign_in(url)))

    def close(self) -> None:
        if self._thread:
            self._thread.join()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_one_sign_in_and_three_lines(simulator: Simulator, app: dict[str, Any], credentials: Path) -> None:
    browser = Browser(simulator)
    tokens = login(profile="default", free_port=True, open_browser=False, show=browser, **app)
    browser.close()
    assert tokens["refresh_token"]
    assert browser.pages[0][0] == 200 and "You are signed in" in browser.pages[0][1]
    assert {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in credentials.parent.iterdir() if path.is_file()
    } == {
        ".default.tokens.json.lock": 0o600,
        "credentials.toml": 0o600,
        "default.tokens.json": 0o600,
    }
    with BeProduct.from_environment(ledger="memory") as client:
        assert client.style.folders()
    with BeProduct(profile="default", ledger="memory") as client:
        assert client.style.folders()
    assert simulator.count("token") == 1


async def test_a_sign_in_from_an_event_loop(simulator: Simulator, app: dict[str, Any], credentials: Path) -> None:
    browser = Browser(simulator)
    tokens = await login_async(free_port=True, open_browser=False, show=browser, **app)
    browser.close()
    assert tokens["id_token"]
    assert not credentials.exists(), "without a profile nothing is kept"


async def test_cancelling_the_task_frees_the_port(app: dict[str, Any], credentials: Path) -> None:
    shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(login_async(free_port=True, open_browser=False, show=shown.set_result, **app))
    port = port_of(await shown)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    until_free(port)


def port_of(url: str) -> int:
    return int(url.split("127.0.0.1%3A")[1].split("%2F")[0])


def until_free(port: int) -> None:
    """The port is let go of by a thread of the client."""
    deadline = time.monotonic() + PATIENCE
    while not is_free(port):
        assert time.monotonic() < deadline, f"something listens at port {port} still"


def is_free(port: int) -> bool:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_ctrl_c_ends_a_sign_in(app: dict[str, Any], credentials: Path) -> None:
    urls: list[str] = []

    def interrupt(url: str) -> None:
        urls.append(url)
        os.kill(os.getpid(), signal.SIGINT)

    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            login(free_port=True, open_browser=False, show=interrupt, **app)
    finally:
        signal.signal(signal.SIGINT, usual)
    until_free(port_of(urls[0]))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"client_id": None}, "client_id is missing"),
        ({"free_port": False}, "give the one that is registered"),
        ({"clientid": "x"}, 'no setting "clientid"; did you mean "client_id"'),
        ({"profile": "a/b"}, "letters, digits"),
        ({"profile": "x", "company_domain": None}, "company_domain is missing"),
        ({"redirect_uri": "https://app.example/back"}, "http address of this machine"),
        ({"free_port": False, "redirect_uri": "https://app.example/back"}, "paste the address"),
        ({"response_type": "token"}, "id_token token"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_sign_in_checks_its_settings(
    app: dict[str, Any], credentials: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        login(**{**app, "free_port": True, "open_browser": False, **changes})
    assert problem in raised.value.message
    assert not credentials.exists()


def test_a_browser_that_is_not_there(app: dict[str, Any], credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "/nonexistent/browser")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigError, match="no browser could be opened"):
        login(free_port=True, **app)


def test_nobody_signs_in(app: dict[str, Any], credentials: Path) -> None:
    # The shortest time: whether it has passed is all that the sign-in waits for.
    with pytest.raises(CallTimeoutError, match="nobody has signed in"):
        login(free_port=True, open_browser=False, timeout=1e-9, **app)


def test_the_environment(
    simulator: Simulator, settings: dict[str, Any], credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match='there is no profile "default"'):
        BeProduct.from_environment()
    about = simulator.about
    for name, value in {
        "COMPANY_DOMAIN": about["company"],
        "CLIENT_ID": about["client_id"],
        "CLIENT_SECRET": about["client_secret"],
        "REFRESH_TOKEN": about["refresh_token"],
        "API_URL": about["api"],
        "IDENTITY_URL": about["identity"],
    }.items():
        monkeypatch.setenv(f"BEPRODUCT_{name}", value)
    with BeProduct.from_environment(ledger="memory") as client:
        client.system.version()
    # What the program says wins.
    client = BeProduct.from_environment(ledger="memory", company_domain="nobody")
    with client, pytest.raises(BeProductError, match="nobody"):
        client.system.version()
    monkeypatch.setenv("BEPRODUCT_PROFILE", "other")
    with pytest.raises(ConfigError, match='there is no profile "other"'):
        BeProduct.from_environment()
    credentials.write_text('[other]\nattempts = 1\nplan = {requests_per_day = 1}\nconpany = "x"\n')
    credentials.chmod(0o600)
    with pytest.raises(ConfigError, match='no setting "conpany"'):
        BeProduct.from_environment()
    credentials.write_text("[other]\nplan = {requests_per_day = 1}\n")
    with BeProduct.from_environment(ledger="memory") as client:
        assert client.quota.status()["limit"] == 1
    credentials.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        BeProduct.from_environment()


def test_who_is_signed_in(client: BeProduct, simulator: Simulator) -> None:
    user = client.auth.userinfo()
    assert (user["preferred_username"], user["email_verified"]) == (simulator.about["username"], True)
    assert client.auth.discovery()["issuer"] == simulator.about["identity"]
    assert client.auth.end_session_url("http://127.0.0.1:9/signed-out").endswith(
        "/connect/endsession?post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fsigned-out"
    )
    assert client.quota.status()["used"] == 0


async def test_who_is_signed_in_from_an_event_loop(async_client: BeProductAsync, simulator: Simulator) -> None:
    assert (await async_client.auth.userinfo())["sub"] == simulator.about["administrator_id"]
    assert (await async_client.auth.discovery())["issuer"] == simulator.about["identity"]
    assert "/connect/endsession" in await async_client.auth.end_session_url()
    assert await async_client.auth.sign_out() is True
    with pytest.raises(AuthError, match="signed out"):
        await async_client.system.version()


def test_signing_out_empties_the_store(settings: dict[str, Any], simulator: Simulator) -> None:
    class Store:
        saved: Tokens | None = None

        def load(self) -> Tokens | None:
            return self.saved

        def save(self, tokens: Tokens) -> None:
            self.saved = tokens

    store = Store()
    with BeProduct(**settings, token_store=store) as client:
        client.system.version()
        assert store.saved and store.saved["refresh_token"]
        assert client.auth.sign_out() is True
        assert set(store.saved.values()) == {None}
        with pytest.raises(AuthError, match="signed out"):
            client.system.version()
    del settings["refresh_token"]
    with BeProduct(**settings, token_store=store) as client, pytest.raises(AuthError, match="nobody is signed in"):
        client.system.version()


def users(simulator: Simulator) -> list[str | None]:
    return [entry["user"] for entry in simulator.log()]


def acting(client: Any, simulator: Simulator, user: str = "user_id") -> Any:
    about = simulator.about
    return client.acting_as(
        about[user],
        client_id=about["impersonation_client_id"],
        client_secret=about["impersonation_client_secret"],
    )


def test_acting_for_another_user(client: BeProduct, simulator: Simulator) -> None:
    with acting(client, simulator) as other:
        assert type(other) is BeProduct and repr(other) == repr(client)
        other.system.version()
        client.system.version()
        assert other.auth.userinfo()["sub"] == simulator.about["user_id"]
    assert users(simulator) == ["sample.manager", simulator.about["username"]]
    # Both count in one ledger, and the end of one is not that of the other.
    assert client.quota.status()["used"] == 2
    with pytest.raises(ConfigError, match="user_id is empty"):
        client.acting_as("", client_id="x", client_secret="y")


@pytest.mark.parametrize("status", [400, 401, 503])
def test_nothing_is_done_as_the_administrator(client: BeProduct, simulator: Simulator, status: int) -> None:
    client.auth.userinfo()
    failing = {"status": status, "body": {"error": "invalid_grant"}}
    simulator.faults({"path": "connect/token", "times": 0, "action": failing})
    other = acting(client, simulator)
    threads = [threading.Thread(target=attempt(other.style.folders)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulator.count() == 0


def attempt(call: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with pytest.raises(BeProductError):
            call()

    return run


async def test_acting_for_another_user_in_an_event_loop(async_client: BeProductAsync, simulator: Simulator) -> None:
    async with acting(async_client, simulator) as other:
        await other.system.version()
    assert users(simulator) == ["sample.manager"]


def test_acting_goes_on_after_a_fork(client: BeProduct, simulator: Simulator) -> None:
    other = acting(client, simulator)
    other.system.version()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            other.system.version()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    other.system.version()
    assert users(simulator) == ["sample.manager"] * 3


def test_the_application_itself(settings: dict[str, Any], simulator: Simulator) -> None:
    del settings["refresh_token"]
    with BeProduct(**settings, client_credentials=True) as client:
        client.system.version()
    assert users(simulator) == [simulator.about["client_id"]]


def test_nothing_shows_secrets(client: BeProduct, simulator: Simulator) -> None:
    other = acting(client, simulator)
    shown = "".join(map(repr, [client, other, client.auth, other.auth]))
    for name in ("client_secret", "refresh_token", "impersonation_client_secret"):
        assert simulator.about[name] not in shown


def signed_in(simulator: Simulator, app: dict[str, Any], **changes: Any) -> Tokens:
    browser = Browser(simulator)
    tokens = login(**{"free_port": True, "open_browser": False, "show": browser, **app, **changes})
    browser.close()
    return tokens


def test_a_sign_in_is_not_overwritten_by_a_renewal_in_flight(
    simulator: Simulator, app: dict[str, Any], credentials: Path
) -> None:
    simulator.reset(rotation="strict")
    signed_in(simulator, app, profile="default")
    simulator.expire("access")
    simulator.hold("connect/token", base="identity")
    with BeProduct(profile="default", ledger="memory") as client, ThreadPoolExecutor(2) as pool:
        before = simulator.count("token")
        renewing = pool.submit(client.style.folders)
        simulator.until(lambda: simulator.count("token") == before + 1)
        signing_in = pool.submit(signed_in, simulator, app, profile="default")
        # Its tokens are there, and have to wait for those of the renewal.
        exchange = "grant_type=authorization_code"
        simulator.until(
            lambda: (
                sum(exchange in entry["body"] and entry["status"] == 200 for entry in simulator.log("identity")) == 2
            )
        )
        stored = json.loads((credentials.parent / "default.tokens.json").read_text())
        simulator.release()
        renewing.result()
        tokens = signing_in.result()
    kept = json.loads((credentials.parent / "default.tokens.json").read_text())
    assert kept["refresh_token"] == tokens["refresh_token"] != stored["refresh_token"]


def test_the_browser_that_the_environment_names(
    simulator: Simulator, app: dict[str, Any], credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = credentials.with_name("browser")
    browser.write_text(f"""#!{sys.executable}
import json, sys, urllib.request
request = urllib.request.Request({simulator.about["control"] + "/authorize"!r})
request.data = json.dumps({{"url": sys.argv[1]}}).encode()
request.add_header("Content-Type", "application/json")
redirect = json.load(urllib.request.urlopen(request))["redirect"]
urllib.request.urlopen(redirect).read()
""")
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    assert login(free_port=True, **app)["refresh_token"]


def test_another_process_signs_out(simulator: Simulator, app: dict[str, Any], credentials: Path) -> None:
    simulator.reset(revocation=False)
    signed_in(simulator, app, profile="default")
    with BeProduct(profile="default", ledger="memory") as client:
        client.style.folders()
        with BeProduct(profile="default", ledger="memory") as other:
            other.auth.sign_out()
        simulator.expire("access")
        with pytest.raises(AuthError, match="nobody is signed in"):
            client.style.folders()
    assert not (credentials.parent / "default.tokens.json").exists()


def test_the_tokens_move_with_the_store(
    simulator: Simulator, app: dict[str, Any], credentials: Path, tmp_path: Path
) -> None:
    signed_in(simulator, app, profile="default")
    moved = tmp_path / "elsewhere.json"
    signed_in(simulator, app, profile="default", token_store={"file": str(moved)})
    assert moved.exists() and not (credentials.parent / "default.tokens.json").exists()
    # Another application of the same profile keeps its tokens in the same place.
    signed_in(simulator, {**app, "client_id": simulator.about["legacy_client_id"]}, profile="default")
    assert json.loads(moved.read_text())["access_token"]
    assert not (credentials.parent / "default.tokens.json").exists()


def test_a_sign_in_without_a_profile_is_kept_in_its_store(
    simulator: Simulator, app: dict[str, Any], credentials: Path, tmp_path: Path
) -> None:
    tokens = signed_in(simulator, app, token_store={"file": str(tmp_path / "own.json")})
    assert json.loads((tmp_path / "own.json").read_text()) == tokens
    assert not credentials.exists()


def test_what_cannot_be_kept_is_told_before_anyone_signs_in(
    app: dict[str, Any], credentials: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="cannot be"):
        login(**app, profile="default", free_port=True, token_store={"file": str(tmp_path / "missing" / "t.json")})
    assert not credentials.exists()
    credentials.write_text("[app]\nclient_credentials = true\n")
    credentials.chmod(0o600)
    with pytest.raises(ConfigError, match="signs in as itself"):
        login(**app, profile="app", free_port=True)


def test_a_given_access_token_counts_more_than_a_stored_one(
    settings: dict[str, Any], simulator: Simulator, tmp_path: Path
) -> None:
    store = {"file": str(tmp_path / "tokens.json")}
    with BeProduct(**settings, token_store=store) as client:
        own = client.acting_as(
            simulator.about["user_id"],
            client_id=simulator.about["impersonation_client_id"],
            client_secret=simulator.about["impersonation_client_secret"],
        )
        own.system.version()
        client.system.version()
    token = simulator.log()[0]["headers"]["authorization"].removeprefix("Bearer ")
    given = {**settings, "refresh_token": None, "access_token": token}
    with BeProduct(**given, token_store=store) as client:
        client.system.version()
    assert users(simulator)[-1] == "sample.manager"


def test_settings_of_a_client_are_no_settings_of_a_sign_in(simulator: Simulator) -> None:
    app = {"client_id": "x", "redirect_uri": "http://127.0.0.1:9/callback"}
    for setting in ({"refresh_token": "x"}, {"access_token": "x"}, {"client_credentials": True}):
        with pytest.raises(ConfigError, match="a sign-in has no use for it"):
            AuthorizationSession(**app, **setting)
    for setting in ({"response_type": "nonsense"}, {"redirect_uri": "nonsense"}):
        with pytest.raises(ConfigError, match="nonsense"):
            BeProduct(**{**simulator.settings(), **setting})


def test_a_machine_without_a_home(simulator: Simulator, credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "BEPRODUCT_CREDENTIALS_FILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BEPRODUCT_PROFILE", "")
    monkeypatch.setenv("BEPRODUCT_COMPANY_DOMAIN", simulator.about["company"])
    monkeypatch.setenv("BEPRODUCT_ACCESS_TOKEN", "x")
    BeProduct.from_environment(ledger="memory").close()
