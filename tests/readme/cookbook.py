"""The programs of docs/cookbook.md, and how they are run: each in a process, with what a user would have set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from simulator import PATIENCE, REPOSITORY, Simulator

COOKBOOK = REPOSITORY / "docs" / "cookbook.md"

START = 1_795_600_800
"""When every program begins: 10:00 UTC on 25 November 2026."""

# Pauses return at once, and pictures may come from this machine.
PROFILE = f"""\
[default]
testing = {{ clock = "recorded", start = {START}, fixed_chance = true }}
allow_private_sources = true
"""


def programs(language: str) -> dict[str, list[str]]:
    """The programs of each job, by its heading."""
    _, *jobs = re.split(r"^## ", COOKBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    block = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return {job.partition("\n")[0]: block.findall(job) for job in jobs}


def variables(simulator: Simulator) -> dict[str, str]:
    """The sign-in of a user."""
    about = simulator.about
    return {
        "BEPRODUCT_COMPANY_DOMAIN": about["company"],
        "BEPRODUCT_CLIENT_ID": about["client_id"],
        "BEPRODUCT_CLIENT_SECRET": about["client_secret"],
        "BEPRODUCT_REFRESH_TOKEN": about["refresh_token"],
        "BEPRODUCT_API_URL": about["api"],
        "BEPRODUCT_AUTOMATION_URL": about["automation"],
        "BEPRODUCT_IDENTITY_URL": about["identity"],
    }


class Workspace:
    """A folder with the input of a program, and its environment."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._simulator = simulator
        self._counted = 0
        self.folder = folder / "work"
        self.folder.mkdir()
        self.state = folder / "state"
        credentials = folder / "credentials.toml"
        self.profiles(credentials, PROFILE)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BEPRODUCT_")}
        self.environment = {
            **inherited,
            **variables(simulator),
            "BEPRODUCT_CREDENTIALS_FILE": str(credentials),
            "XDG_STATE_HOME": str(self.state),
        }

    @staticmethod
    def profiles(file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)

    def write(self, name: str, *lines: str) -> None:
        """An input file."""
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def read(self, name: str) -> list[str]:
        return (self.folder / name).read_text(encoding="utf-8").splitlines()

    def program(self, job: str) -> Path:
        """The one program of a job, as a file."""
        (code,) = programs("python")[job]
        file = self.folder / "program.py"
        file.write_text(code, encoding="utf-8")
        return file

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, job: str) -> list[str]:
        """Runs a program to its end. Returns the lines that it prints."""
        printed, errors, code = self.attempt(job)
        assert code == 0, errors
        assert errors == "", errors
        return printed.splitlines()

    def attempt(self, job: str) -> tuple[str, str, int]:
        """The same for a program that may fail: what it prints, its errors, and its exit code."""
        with self.start(self.program(job)) as process:
            printed, errors = process.communicate(timeout=PATIENCE)
        return printed, errors, process.returncode

    def count(self) -> int:
        """Requests that the service counted since it was last asked."""
        count = self._simulator.count()
        spent, self._counted = count - self._counted, count
        return spent
