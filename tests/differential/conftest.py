"""The simulator's process is that of the Python tests. The official client is in an environment of its own."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))
pytest.register_assert_rewrite("methods", "official")

from simulator import REPOSITORY

OFFICIAL = "beproduct==0.6.34"
ENVIRONMENT = REPOSITORY / "target" / "official"


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """An interpreter that has the official client."""
    python = ENVIRONMENT / "bin" / "python"
    complete = ENVIRONMENT / OFFICIAL
    if not complete.exists():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", OFFICIAL]
        subprocess.run(command, check=True)
        complete.touch()
    return python
