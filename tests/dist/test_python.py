"""The wheel in a fresh environment."""

import sys
from pathlib import Path

import pytest
from readme import Run, arguments, blocks, built, check, example
from simulator import Simulator

PROGRAM = """\
import os
import sys

folder, *numbers = sys.argv[1:]
client_id, client_secret, refresh_token, api, identity = (
    os.environ[f"BEPRODUCT_{name}"] for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "API_URL", "IDENTITY_URL")
)
"""
ADDRESSES = 'company_domain="acme", public_api_url=api, identity_url=identity'


@pytest.fixture
def python(run: Run, project: Path) -> Path:
    run(sys.executable, "-m", "venv", "environment")
    python = project / "environment" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built("*.whl"))
    return python


def test_the_examples_and_the_command(python: Path, run: Run, project: Path, simulator: Simulator) -> None:
    program = project / "example.py"
    program.write_text(PROGRAM + example("python", {'company_domain="acme"': ADDRESSES}))
    check(run(python, program, *arguments(simulator)), simulator)

    (project / "three_lines.py").write_text(blocks("python")[1])
    assert simulator.about["style_folder"] in run(python, "three_lines.py")

    assert "2000" in run(python.parent / "beproduct", "quota", "--requests-per-day", "2000")
