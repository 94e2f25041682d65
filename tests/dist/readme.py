"""The README's examples as programs. They take the folder and the numbers as arguments, and credentials from the environment."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from simulator import Simulator

Run = Callable[..., str]
"""Runs a command in the project and returns what it prints."""

REPOSITORY = Path(__file__).resolve().parents[2]
DIST = REPOSITORY / "target" / "dist"
NUMBERS = ("ST-000001", "NO-SUCH")


def built(pattern: str) -> Path:
    """The one file or folder of `make dist` with this name."""
    found = list(DIST.glob(pattern))
    assert len(found) == 1, f"{pattern} in {DIST}: {found}; make dist builds it"
    return found[0]


def example(language: str, replaced: Mapping[str, str]) -> str:
    """The README's first example in this language. What it names is replaced where the simulator differs: the addresses
    are not the service's, and it knows years of a season."""
    code = blocks(language)[0]
    for old, new in {**replaced, "Fall": "Fall 2026"}.items():
        assert code.count(old) == 1, f"{old} in the {language} example"
        code = code.replace(old, new)
    return code


def blocks(language: str) -> list[str]:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"the README has no {language} example"
    return found


def arguments(simulator: Simulator) -> tuple[str, ...]:
    return simulator.about["style_folder"], *NUMBERS


def check(printed: str, simulator: Simulator) -> None:
    """Whether this is what the example prints, and the requests that it counted are those that arrived."""
    *styles, found, left = printed.splitlines()
    assert styles
    assert all(re.fullmatch(r"[A-Z]{2}-\d{6}", style) for style in styles), printed
    assert re.fullmatch(r"1 found, +\W*NO-SUCH\W* missing", found), printed
    assert left == f"{2000 - simulator.count()} requests left today"
    assert simulator.count() > 1
