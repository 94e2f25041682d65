"""What this machine can and cannot run."""

import os
from typing import NoReturn

import pytest


def cannot_run(reason: str) -> NoReturn:
    """For a test that this machine cannot run: a failure where all tests have to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
