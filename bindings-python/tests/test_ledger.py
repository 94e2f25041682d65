"""Where requests are counted, and what happens when that place cannot be used."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from log_lines import Lines
from machine import cannot_run
from simulator import Simulator

from beproduct_client import BeProduct, ConfigError


def without_ledger(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "ledger"}


def test_the_default_is_a_file_in_the_state_folder(settings: dict[str, Any], simulator: Simulator) -> None:
    for _ in range(2):
        with BeProduct(**without_ledger(settings)) as client:
            client.system.version()
    status = client.quota.status()
    assert (status["store"], status["used"]) == ("sqlite", 2)
    assert (Path(settings["state_dir"]) / "quota.sqlite").exists()


def test_companies_are_counted_apart(settings: dict[str, Any]) -> None:
    with BeProduct(**without_ledger(settings)) as client:
        client.system.version()
    with BeProduct(**{**without_ledger(settings), "company_domain": "other"}) as other:
        assert other.quota.status()["used"] == 0


def test_a_state_folder_that_cannot_be_used(settings: dict[str, Any], tmp_path: Path, lines: Lines) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with BeProduct(**{**without_ledger(settings), "state_dir": str(in_the_way)}) as client:
        client.system.version()
        client.style.folders()
        status = client.quota.status()
    assert (status["store"], status["used"]) == ("memory", 2)
    warnings = [record.getMessage() for record in lines.until("Style/Folders") if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("requests are counted in memory only, until the file works: the quota ledger")


def test_a_chosen_ledger_that_cannot_be_used_is_an_error(settings: dict[str, Any], tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(ConfigError, match="its folder cannot be created"):
        BeProduct(**{**settings, "ledger": {"sqlite": str(in_the_way / "quota.sqlite")}})
    damaged = tmp_path / "quota.sqlite"
    damaged.write_text("no database " * 20)
    with pytest.raises(ConfigError, match=r"it is damaged .*\. Move it away to start a new count"):
        BeProduct(**{**settings, "ledger": {"sqlite": str(damaged)}})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        cannot_run(f"a small disk needs the right to mount one: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_before_sending(settings: dict[str, Any], simulator: Simulator, small_disk: Path) -> None:
    with BeProduct(**{**settings, "ledger": {"sqlite": str(small_disk / "quota.sqlite")}}) as client:
        client.system.version()
        with (small_disk / "rest").open("wb", buffering=0) as rest, pytest.raises(OSError):
            while True:
                rest.write(bytes(4096))
        with pytest.raises(ConfigError, match="quota ledger .* cannot be used: the disk is full") as raised:
            client.system.version()
        assert raised.value.outcome == "not_sent"
        assert simulator.count() == 1
        (small_disk / "rest").unlink()
        client.system.version()
        assert client.quota.status()["used"] == simulator.count() == 2
