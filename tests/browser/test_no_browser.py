"""Signing in where no browser can be opened, or where nobody comes."""

from __future__ import annotations

import signal
import socket
import stat
from urllib.parse import urlsplit

import pytest
from command import COMMAND, Home, Login, Running
from simulator import Simulator


def address(command: Running) -> str:
    """The address to sign in at, as the command shows it."""
    return command.line("http").strip()


@pytest.mark.parametrize(
    ("client", "arguments"),
    [("public_client_id", []), ("legacy_client_id", ["--response-type", "id-token-token"])],
    ids=["code", "id_token token"],
)
def test_an_address_that_is_pasted(
    simulator: Simulator, home: Home, login: Login, client: str, arguments: list[str]
) -> None:
    command = login(client, "--free-port", "--no-browser", *arguments)
    redirected = simulator.sign_in(address(command))
    command.line("paste its address here")
    command.paste("this is no address")
    command.line("not the redirect URL")
    command.paste(redirected.replace("state=", "state=x"))
    command.line("belongs to another sign-in")
    command.paste(f"  {redirected}  ")
    status, out, _ = command.end()
    assert (status, 'Signed in as profile "default"' in out) == (0, True)
    # Only its owner may read what keeps the sign-in.
    for file in (home.credentials, home.credentials.with_name("default.tokens.json")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = home.run(COMMAND, "whoami")
    assert simulator.about["username"] in shown.stdout.split()


def test_a_browser_that_cannot_be_opened(simulator: Simulator, home: Home, login: Login) -> None:
    # Neither that one nor any other.
    home.environment.update(BROWSER="/missing", PATH="/missing")
    command = login("public_client_id", "--free-port")
    url = address(command)
    command.line("no browser could be opened")
    command.paste(simulator.sign_in(url))
    assert command.end()[0] == 0


def test_a_sign_in_that_is_given_up(login: Login, home: Home) -> None:
    command = login("public_client_id", "--free-port", "--no-browser")
    command.line("You come back to")
    back_at = urlsplit(command.told[-1].split()[4])
    assert back_at.hostname and back_at.port
    # Somebody listens there, also while a connection says nothing.
    with socket.create_connection((back_at.hostname, back_at.port)):
        command.interrupt()
        status, out, told = command.end()
    assert (status, out) == (-signal.SIGINT, "")
    assert "Traceback" not in told
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((back_at.hostname, back_at.port))
    assert not home.credentials.exists()
