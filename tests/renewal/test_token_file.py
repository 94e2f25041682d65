"""A token file that cannot be used: what is told, and that no sign-in is lost by it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from after_death import expire_in_file
from machine import cannot_run
from renewing import renewing
from simulator import Simulator
from system_calls import Trace, failing

from beproduct_client import BeProduct, ConfigError


def sign_in(settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        client.style.folders()


def mount(folder: Path, *options: str | Path) -> None:
    done = subprocess.run(["mount", *options, folder], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        cannot_run(f"a small disk needs the right to mount one: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with little room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    with (disk / "rest").open("wb", buffering=0) as rest, pytest.raises(OSError, match="No space left"):
        while True:
            rest.write(bytes(4096))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_rotated_tokens_wait_for_room(simulator: Simulator, settings: dict[str, Any], disk: Path) -> None:
    file = disk / "tokens.json"
    settings["token_store"] = {"file": str(file)}
    with BeProduct(**settings) as client:
        client.style.folders()
        before, asked, calls = file.read_bytes(), simulator.count("token"), simulator.count()
        fill(disk)
        simulator.expire("access")
        # The first call has learned from the service that its token has expired.
        for outcome in ("refused", "not_sent"):
            with pytest.raises(ConfigError, match=f"the token file {file} cannot be written: No space left") as raised:
                client.style.folders()
            assert raised.value.outcome == outcome
        # The old file is whole, and nothing is beside it. The new tokens are not used as long as they are not saved, and
        # no second token request is made, which would end the sign-in.
        assert file.read_bytes() == before
        assert names(disk) == {"tokens.json", ".tokens.json.lock", "rest"}
        assert (simulator.count("token"), simulator.count()) == (asked + 1, calls + 1)

        (disk / "rest").unlink()
        assert client.style.folders()
    assert json.loads(file.read_text())["refresh_token"] != json.loads(before)["refresh_token"]
    with BeProduct(**settings) as client:
        assert client.style.folders()
    assert simulator.count("token") == asked + 1


def test_a_disk_that_fails_leaves_the_file_whole(
    simulator: Simulator, settings: dict[str, Any], token_file: Path
) -> None:
    simulator.reset(rotation="reuse")
    sign_in(settings)
    expire_in_file(token_file)
    before = token_file.read_bytes()
    with renewing(settings) as process:
        trace = Trace(process, *failing("fsync", "EIO"))
        process.go()
        assert process.result().startswith(f"the token file {token_file} cannot be written: Input/output error")
        trace.end()
    assert token_file.read_bytes() == before
    assert names(token_file.parent) == {"tokens.json", ".tokens.json.lock"}
    sign_in(settings)


def check_refused(simulator: Simulator, settings: dict[str, Any], problem: str) -> None:
    """Nothing is asked of anybody, so that the refresh token is as good as before."""
    asked = simulator.count("identity"), simulator.count()
    with BeProduct(**settings) as client, pytest.raises(ConfigError, match=problem) as raised:
        client.style.folders()
    assert raised.value.outcome == "not_sent"
    assert (simulator.count("identity"), simulator.count()) == asked


def test_a_folder_that_is_not_there(simulator: Simulator, settings: dict[str, Any], tmp_path: Path) -> None:
    settings["token_store"] = {"file": str(tmp_path / "missing" / "tokens.json")}
    check_refused(simulator, settings, "missing/tokens.json cannot be locked: No such file or directory")
    assert names(tmp_path) == set()


def test_a_folder_that_is_read_only(simulator: Simulator, settings: dict[str, Any], disk: Path, tmp_path: Path) -> None:
    read_only = tmp_path / "read-only"
    read_only.mkdir()
    mount(read_only, "--bind", disk)
    try:
        mount(read_only, "-o", "remount,bind,ro")
        on = {
            folder: {**settings, "token_store": {"file": str(folder / "tokens.json")}} for folder in (disk, read_only)
        }
        # Not even the first token request is made: its answer could not be kept.
        check_refused(simulator, on[read_only], "cannot be locked: Read-only file system")
        sign_in(on[disk])
        # Reading is enough as long as the tokens are good.
        sign_in(on[read_only])
        expire_in_file(disk / "tokens.json")
        check_refused(simulator, on[read_only], "cannot be locked: Read-only file system")
    finally:
        subprocess.run(["umount", "--lazy", read_only], check=True)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_may_read(
    simulator: Simulator, settings: dict[str, Any], token_file: Path, mode: int
) -> None:
    sign_in(settings)
    token_file.chmod(mode)
    check_refused(simulator, settings, f"others may read the token file {token_file} .mode {mode:o}.; chmod 600")


@pytest.mark.parametrize("text", ["", "[]", '{"access_token": "half of it'])
def test_a_file_that_holds_no_tokens(
    simulator: Simulator, settings: dict[str, Any], token_file: Path, text: str
) -> None:
    token_file.write_text(text)
    token_file.chmod(0o600)
    check_refused(simulator, settings, f"the token file {token_file} does not hold tokens; remove it and sign in again")
    assert token_file.read_text() == text
