"""`beproduct login --keyring`, and what uses the sign-in after it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from secret_service import SecretService
from simulator import PATIENCE, Simulator
from test_keyring import secrets_in

COMMAND = Path(sysconfig.get_path("scripts")) / "beproduct"

PROGRAM = """\
from beproduct_client import BeProduct
with BeProduct(profile="office") as client:
    print(client.auth.userinfo()["preferred_username"], len(client.style.folders()) > 0)
"""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)


def login_command(simulator: Simulator) -> list[str | Path]:
    about = simulator.about
    return [
        *[COMMAND, "login", "--profile", "office", "--company-domain", about["company"], "--no-browser", "--free-port"],
        *["--client-id", about["public_client_id"], "--identity-url", about["identity"], "--api-url", about["api"]],
        "--keyring",
    ]


def login(simulator: Simulator) -> tuple[int, str, str]:
    """Pastes the address that a person who signs in is sent back to. Returns the exit status, and what was printed."""
    process = subprocess.Popen(
        login_command(simulator),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin and process.stdout and process.stderr
        shown = iter(process.stderr.readline, "")
        url = next(found[1] for line in shown if (found := re.match(r"\s+(http\S+)$", line)))
        process.stdin.write(simulator.sign_in(url) + "\n")
        process.stdin.flush()
        status = process.wait(timeout=PATIENCE)
        return status, process.stdout.read(), process.stderr.read()


def test_a_sign_in_from_the_shell(
    secret_service: SecretService, simulator: Simulator, home: Path, secrets_file: Path
) -> None:
    status, out, errors = login(simulator)
    lines = ['Signed in as profile "office", renewed by itself.', 'The tokens are in the keyring, as "office".']
    assert (status, out.splitlines()) == (0, lines), errors
    assert secret_service.entries("office") == 1
    profile = (home / ".config" / "beproduct-client" / "credentials.toml").read_text()
    assert 'token_store = { keyring = "office" }' in profile

    shown = run(COMMAND, "whoami", "--profile", "office", "--json")
    assert shown.returncode == 0, shown.stderr
    who = json.loads(shown.stdout)
    assert (who["company"], who["username"]) == (simulator.about["company"], simulator.about["username"])
    simulator.expire("access")
    called = run(sys.executable, "-c", PROGRAM)
    assert called.stdout == f"{simulator.about['username']} True\n", called.stderr
    # The code's and one renewal.
    assert simulator.count("token") == 2
    assert secrets_in(home, secrets_file) == set()

    left = run(COMMAND, "logout", "--profile", "office")
    assert left.stdout == 'Signed out of profile "office"; the refresh token is revoked.\n', left.stderr
    assert secret_service.entries("office") == 0
    asked = simulator.count("token"), simulator.count("identity")
    shown = run(COMMAND, "whoami", "--profile", "office")
    assert (shown.returncode, "nobody is signed in" in shown.stderr) == (1, True)
    assert (simulator.count("token"), simulator.count("identity")) == asked


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        (
            "no daemon",
            "cannot be read: Platform failure: DBus error: The name org.freedesktop.secrets was not provided",
        ),
        ("a locked keyring", "cannot be written: "),
    ],
)
def test_without_a_keyring_nobody_is_sent_to_sign_in(
    secret_service: SecretService, simulator: Simulator, home: Path, missing: str, problem: str
) -> None:
    secret_service.stop_daemon()
    if missing == "a locked keyring":
        secret_service.start_daemon(locked=True)
    shown = run(*login_command(simulator))
    assert (shown.returncode, shown.stdout) == (1, "")
    assert f'beproduct: the keyring entry "office" {problem}' in shown.stderr
    assert "It needs a session bus, a Secret Service on it" in shown.stderr
    assert "Sign in at" not in shown.stderr
    assert simulator.count("identity") == 0
    # Nor is a profile left of it.
    assert not (home / ".config" / "beproduct-client" / "credentials.toml").exists()
