"""The official Python client, unchanged, calls every method that it has, and is answered in the form that its documents show."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from methods import FUNCTIONS, Call, World, called, company, data, headers, pages, plans, style_pages
from methods.forms import BROKEN, FORMS
from official import Official
from simulator import Simulator

AREAS = (company, data, headers, pages, plans, style_pages)
"""The modules whose functions call: importing them fills `FUNCTIONS`."""

METHODS = 420
"""What version 0.6.34 has."""

EACH = [(function, resource) for function, resources in FUNCTIONS.items() for resource in resources]


@pytest.fixture(scope="session")
def official(interpreter: Path) -> Iterator[Official]:
    simulator = Simulator()
    official = Official(simulator, interpreter)
    yield official
    official.stop()
    simulator.stop()


@pytest.fixture
def world(official: Official, tmp_path: Path) -> World:
    official.reset()
    return World(official, tmp_path)


@pytest.mark.parametrize(("call", "resource"), EACH, ids=lambda value: getattr(value, "__name__", value))
def test_the_official_client_is_answered_in_the_documented_form(world: World, call: Call, resource: str) -> None:
    call(world, resource)
    assert FUNCTIONS[call][resource] - world.called == set()


@pytest.mark.parametrize("method", BROKEN)
def test_a_broken_method_sends_nothing(world: World, method: str) -> None:
    folder = world.folder(method.split("_")[1])
    assert world.official.outcome(method, folder)["error"].startswith(f"{BROKEN[method]}: ")
    assert world.simulator.log() == []


def test_every_method_is_called(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    methods = world.official.methods()
    assert len(methods) == METHODS
    assert sorted(FORMS.keys() | BROKEN.keys()) == sorted(methods)
    assert called() == FORMS.keys()
    with capsys.disabled():
        print(f"\nofficial client: {len(called())} of {METHODS} methods are answered, {len(BROKEN)} are broken in it")
