"""Tokens in the keyring of the operating system: a real Secret Service, and processes that share an entry of it."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from many_processes import Started, check_that_one_renews
from processes import Child, in_fork
from secret_service import SecretService
from simulator import Simulator

from beproduct_client import AuthorizationSession, BeProduct, BeProductError

ANSWERED = "answered"


def in_child(settings: dict[str, Any], *names: str) -> list[str]:
    """What comes of these acts, one after the other, in a process of its own."""
    child = Child(_act, settings, names)
    done = child.receive()
    child.end()
    return done


def _act(pipe: Connection, settings: dict[str, Any], names: tuple[str, ...]) -> None:
    with BeProduct(**settings) as client:
        pipe.send([_outcome(client, name) for name in names])


def _outcome(client: BeProduct, act: str) -> str:
    try:
        if act == "sign out":
            return f"revoked: {client.auth.sign_out()}"
        client.style.folders()
    except BeProductError as error:
        return f"{type(error).__name__}: {error.message}"
    return ANSWERED


def later(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a process after the sign-in, whose tokens it finds in the keyring."""
    return {name: value for name, value in settings.items() if name != "refresh_token"}


def bearers(simulator: Simulator) -> list[str]:
    """The access token of each request to the API."""
    return [request["headers"]["authorization"] for request in simulator.log()]


def test_a_sign_in_lasts(secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]) -> None:
    assert in_child(settings, "call") == [ANSWERED]
    assert in_child(later(settings), "call") == [ANSWERED]
    assert simulator.count("token") == 1
    assert len(set(bearers(simulator))) == 1
    # With refresh tokens that work once, each renewal needs what the one before it has saved.
    for renewals in (2, 3):
        simulator.expire("access")
        assert in_child(later(settings), "call", "call") == [ANSWERED, ANSWERED]
        assert in_child(later(settings), "call") == [ANSWERED]
        assert simulator.count("token") == renewals
    assert len(set(bearers(simulator))) == 3
    assert secret_service.entries("shared") == 1


def test_names_do_not_mix(secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]) -> None:
    session = AuthorizationSession(
        client_id=simulator.about["public_client_id"],
        redirect_uri=simulator.about["redirect_uri"],
        identity_url=simulator.about["identity"],
    )
    refresh_token = session.finish(simulator.sign_in(session.url))["refresh_token"]
    person = {
        **later(settings),
        "client_id": simulator.about["public_client_id"],
        "client_secret": None,
        "token_store": {"keyring": "person"},
    }
    (outcome,) = in_child(person, "call")
    assert outcome.startswith("AuthError: nobody is signed in: the token store is empty")
    assert in_child(settings, "call") == [ANSWERED]
    assert in_child({**person, "refresh_token": refresh_token}, "call") == [ANSWERED]
    one, other = bearers(simulator)
    assert one != other
    assert in_child(later(settings), "call") == in_child(person, "call") == [ANSWERED]
    assert bearers(simulator)[2:] == [one, other]

    assert in_child(later(settings), "sign out") == ["revoked: True"]
    assert (secret_service.entries("shared"), secret_service.entries("person")) == (0, 1)
    assert in_child(person, "call") == [ANSWERED]


def test_signing_out_removes_the_entry(
    secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]
) -> None:
    assert in_child(settings, "call") == [ANSWERED]
    assert secret_service.entries("shared") == 1
    revoked, call = in_child(later(settings), "sign out", "call")
    assert (revoked, call.startswith("AuthError: this client has signed out")) == ("revoked: True", True)
    assert secret_service.entries("shared") == 0
    requests = simulator.count("token"), simulator.count()
    (outcome,) = in_child(later(settings), "call")
    assert outcome.startswith("AuthError: nobody is signed in: the token store is empty")
    assert (simulator.count("token"), simulator.count()) == requests


def test_one_of_many_processes_renews(
    secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]
) -> None:
    assert in_child(settings, "call") == [ANSWERED]
    children = Started(later(settings))
    simulator.expire("access")
    check_that_one_renews(simulator, children, "in the keyring")
    assert in_child(later(settings), "call") == [ANSWERED]
    assert (simulator.count("token"), secret_service.entries("shared")) == (2, 1)


def call_on_both_sides(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    for _ in range(2):
        pipe.recv()
        pipe.send([in_fork(lambda: _outcome(client, "call")), _outcome(client, "call")])


def test_both_sides_of_a_fork_share_the_entry(
    secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]
) -> None:
    child = Child(call_on_both_sides, settings)
    for renewals in (1, 2):
        child.send("go")
        assert child.receive() == [ANSWERED, ANSWERED]
        # What the forked child has renewed, its parent has found.
        assert simulator.count("token") == renewals
        simulator.expire("access")
    child.end()


MISSING = {
    "no bus": "set your DBUS_SESSION_BUS_ADDRESS",
    "the bus has gone": "Failed to connect to socket",
    "no daemon": "The name org.freedesktop.secrets was not provided",
    "a locked keyring": "unlock prompt was dismissed",
}


@pytest.mark.parametrize("missing", MISSING)
def test_without_a_keyring_nothing_takes_its_place(
    secret_service: SecretService,
    simulator: Simulator,
    settings: dict[str, Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
) -> None:
    assert in_child(settings, "call") == [ANSWERED]
    secret_service.stop_daemon()
    if missing == "no bus":
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    elif missing == "the bus has gone":
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={home}/gone")
    elif missing == "a locked keyring":
        secret_service.start_daemon(locked=True)
    files = contents(home)
    requests = simulator.count("identity"), simulator.count()
    for given in (settings, later(settings)):
        for outcome in in_child(given, "call", "call"):
            assert outcome.startswith('ConfigError: the keyring entry "shared" cannot be read: ')
            assert MISSING[missing] in outcome
            assert "It needs a session bus, a Secret Service on it (such as gnome-keyring)" in outcome
    assert (simulator.count("identity"), simulator.count()) == requests
    assert contents(home) == files


def contents(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def call_when_told(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    while pipe.recv() == "call":
        pipe.send(_outcome(client, "call"))


def test_rotated_tokens_wait_for_the_keyring(
    secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]
) -> None:
    assert in_child(settings, "call") == [ANSWERED]
    simulator.expire("access")
    simulator.hold("connect/token", base="identity")
    arrived = simulator.count("identity") + 1
    child = Child(call_when_told, later(settings))
    child.send("call")
    simulator.wait(arrived, "identity")
    secret_service.stop_daemon()
    simulator.release()
    problem = 'ConfigError: the keyring entry "shared" cannot be '
    assert child.receive().startswith(f"{problem}written")
    asked, calls = simulator.count("token"), simulator.count()
    child.send("call")
    assert child.receive().startswith(problem)
    # Its tokens are not used as long as they are not saved.
    assert (simulator.count("token"), simulator.count()) == (asked, calls)

    secret_service.start_daemon()
    child.send("call")
    assert child.receive() == ANSWERED
    child.send("end")
    child.end()
    assert in_child(later(settings), "call") == [ANSWERED]
    assert simulator.count("token") == asked


def test_a_keyring_that_opens_late(
    secret_service: SecretService, simulator: Simulator, settings: dict[str, Any]
) -> None:
    secret_service.stop_daemon()
    secret_service.start_daemon(locked=True)
    child = Child(call_when_told, settings)
    for _ in range(2):
        child.send("call")
        assert child.receive().startswith('ConfigError: the keyring entry "shared" cannot be ')
    assert simulator.count() == 0
    secret_service.stop_daemon()
    secret_service.start_daemon()
    child.send("call")
    assert child.receive() == ANSWERED
    child.send("end")
    child.end()
    assert in_child(later(settings), "call") == [ANSWERED]
    assert simulator.count("token") == 1


def secrets_in(folder: Path, secrets_file: Path) -> set[tuple[str, str]]:
    """Where a secret of the simulator stands in clear, and its first letters."""
    secrets = secrets_file.read_bytes().splitlines()
    assert len(secrets) > 5
    return {
        (path, secret.decode()[:12])
        for path, content in contents(folder).items()
        for secret in secrets
        if secret in content
    }


def test_no_token_is_in_a_file(
    secret_service: SecretService, simulator: Simulator, settings: dict[str, Any], home: Path, secrets_file: Path
) -> None:
    assert in_child(settings, "call") == [ANSWERED]
    simulator.expire("access")
    assert in_child(later(settings), "call") == [ANSWERED]
    # The daemon has written them, encrypted.
    assert (home / ".local" / "share" / "keyrings" / "login.keyring").stat().st_size > 1000
    assert secrets_in(home, secrets_file) == set()
    # In a token file they would have been found.
    in_file = {**settings, "token_store": {"file": str(home / "tokens.json")}}
    simulator.reset()
    assert in_child(in_file, "call") == [ANSWERED]
    assert {path for path, _ in secrets_in(home, secrets_file)} == {"tokens.json"}
