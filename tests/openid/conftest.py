"""The limit of patience is that of the Python tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))

from person import Person
from provider import Provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    """One for each test: a process keeps what it knows of an identity server, by its address."""
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def person() -> Person:
    return Person("ada")
