"""The examples of the package, and that its types hold."""

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from checkers import CHECKERS, Checker
from simulator import PATIENCE, REPOSITORY, Simulator

from beproduct_client import BeProduct, BeProductAsync, ConfigError, NotFoundError, ValidationError, values_of

EXAMPLES = REPOSITORY / "bindings-python" / "examples"
PACKAGE = REPOSITORY / "bindings-python" / "python"
KIT = REPOSITORY / "tests" / "examples"
README = REPOSITORY / "bindings-python" / "README.md"
README_EXAMPLE = REPOSITORY / "bindings-python" / "tests" / "readme_example.py"
REFERENCE = REPOSITORY / "bindings-python" / "tests" / "reference_examples.py"


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nightly_export(client: BeProduct, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "styles.ndjson"
    assert example("nightly_export").export(client, target) == 60
    styles = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len({style["id"] for style in styles}) == 60
    assert capsys.readouterr().err == "60 of 60 styles\n"
    newest = max(style["modifiedAt"] for style in styles)
    since = datetime.fromisoformat(newest.replace("Z", "+00:00"))
    assert example("nightly_export").export(client, target, since) == 0


def test_push_attributes(client: BeProduct, simulator: Simulator, tmp_path: Path) -> None:
    changes, report = tmp_path / "changes.csv", tmp_path / "report.csv"
    changes.write_text("header_number,season\nST-000001,Fall 2026\nNO-SUCH,Fall 2026\nST-000002,Fall 2026\n")
    simulator.faults({"path": "Update", "skip": 1, "action": {"status": 503, "apply": True}})
    assert example("push_attributes").push(client, changes, report) == 2
    with report.open(newline="") as file:
        rows = [(row["header_number"], row["outcome"]) for row in csv.DictReader(file)]
    assert rows == [("ST-000001", "applied"), ("NO-SUCH", "not_sent"), ("ST-000002", "unknown")]
    assert simulator.count() == 3


async def test_async_lookup(async_client: BeProductAsync) -> None:
    names = await example("async_lookup").look_up(async_client, ["ST-000001", "MT-000001", "NO-SUCH"])
    assert list(names) == ["ST-000001", "MT-000001"]


async def test_call_report(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.faults({"path": "Headers", "action": {"status": 503, "headers": {"Retry-After": "0"}}})
    lines = await example("call_report").report(async_client, ["ST-000001", "ST-000002"])
    assert [line.split(":")[0] for line in lines] == ["ST-000001", "ST-000002"]
    assert sorted(line.split(", ")[1] for line in lines) == ["1 attempts", "2 attempts"]


PICTURE = b"a picture"


def offer_palette(simulator: Simulator) -> None:
    """The palette of the kit, with both spellings of the members that have two."""
    swatches = simulator.make_file("palette.ase", 300)["link"]
    palette = (KIT / "palette.json").read_text(encoding="utf-8").replace("SWATCHES", swatches)
    answer = {"status": 200, "body": [json.loads(palette)]}
    simulator.faults({"path": "Color/Headers", "times": 0, "action": answer})


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Pauses between the looks at an upload return at once."""
    return {**settings, "testing": {"clock": "recorded", "fixed_chance": True}}


def prepare(client: BeProduct, place: Path, **changes: Any) -> list[str]:
    """What the example says of the kit. Two of its three styles have a picture."""
    pictures, module = place / "pictures", example("season_kit")
    pictures.mkdir(exist_ok=True)
    for number in ["KIT-1", "ST-000004"]:
        (pictures / f"{number}.png").write_bytes(PICTURE)
    kit = json.loads((KIT / "kit.json").read_text(encoding="utf-8")) | changes
    lines = module.prepare(client, module.Kit(**kit), pictures, place / "handover")
    return [line.replace(str(place), "FOLDER") for line in lines]


def test_season_kit(client: BeProduct, simulator: Simulator, tmp_path: Path) -> None:
    offer_palette(simulator)
    lines = prepare(client, tmp_path)
    assert lines == (KIT / "lines.txt").read_text(encoding="utf-8").splitlines()
    found = client.style.get_many_by_number(["KIT-1", "KIT-2", "ST-000004"])["found"]
    for style in found:
        values = values_of(style)
        assert (values["season"], values["vendor"]["value"]) == ("Fall 2026", "Douro Mills")
        assert values["content"] and values["cost"]
        assert client.style.header_tag_list(style["id"])[-1].get("name") == "Fall 2026 exm00042"
        (shared,) = client.style.shared_with(style["id"])
        assert shared.get("partner", {}).get("name") == "Douro Mills"
        (comment,) = client.style.comment_list(style["id"])
        assert comment["Body"] == "Fall 2026 exm00042, prepared by Sample Designer"
    colorways = [(one.get("colorNumber"), one.get("colorSourceId")) for one in found[0].get("colorways") or []]
    assert colorways == [
        ("C-01", "c2d6a3a8-1f0e-4a57-8f3b-53a1c4b90e21"),
        ("C-02", "9d1f5f5a-0d35-47e4-8a61-6bb0f5b7a902"),
    ]
    handover = {file.name: file.read_bytes() for file in (tmp_path / "handover").iterdir()}
    assert len(handover.pop("palette.ase")) == 300
    assert handover == {"KIT-1.png": PICTURE, "ST-000004.png": PICTURE}

    # Once more: nothing is made or sent a second time.
    simulator.faults({"path": "Style/Header/Create", "times": 0, "action": {"status": 500}})
    again = prepare(client, tmp_path)
    assert [line for line in again if "is new" in line] == []
    assert [len(client.style.comment_list(style["id"])) for style in found] == [1, 1, 1]


def test_season_kit_looks_for_a_style_whose_answer_was_lost(
    client: BeProduct, simulator: Simulator, tmp_path: Path
) -> None:
    offer_palette(simulator)
    simulator.faults({"path": "Style/Header/Create", "action": {"status": 503, "apply": True}})
    # The last line counts the requests, of which there are more.
    assert prepare(client, tmp_path)[:-1] == (KIT / "lines.txt").read_text(encoding="utf-8").splitlines()[:-1]


def test_season_kit_makes_nothing_of_a_mistake(client: BeProduct, simulator: Simulator, tmp_path: Path) -> None:
    offer_palette(simulator)
    mistakes: list[tuple[dict[str, str], type[Exception], str]] = [
        ({"season": "Fal 2026"}, ConfigError, "Fall 2026"),
        ({"fabric": "MT-NONE"}, NotFoundError, "MT-NONE"),
        ({"reviewer": "nobody@example.com"}, ValidationError, "User not found"),
        ({"trims": "C99999"}, LookupError, "has no C99999"),
        ({"folder": "Outerwaer"}, LookupError, "no folder Outerwaer"),
    ]
    for change, kind, says in mistakes:
        with pytest.raises(kind, match=says):
            prepare(client, tmp_path, **change)
    assert client.style.get_many_by_number(["KIT-1", "KIT-2"])["found"] == []
    simulator.reset(limit_per_day=20)
    offer_palette(simulator)
    with pytest.raises(LookupError, match="are left today"):
        prepare(client, tmp_path)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("async_lookup", ["ST-000001"]),
        ("call_report", ["ST-000001"]),
        ("nightly_export", ["styles.ndjson"]),
        ("push_attributes", ["changes.csv", "report.csv"]),
        ("season_kit", ["kit.json", ".", "handover"]),
    ],
)
def test_settings_come_from_the_environment(
    name: str, arguments: list[str], simulator: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "changes.csv").write_text("header_number,season\nST-000001,Fall 2026\n")
    shutil.copy(KIT / "kit.json", tmp_path)
    offer_palette(simulator)
    about = simulator.about
    variables = {
        "COMPANY_DOMAIN": about["company"],
        "CLIENT_ID": about["client_id"],
        "CLIENT_SECRET": about["client_secret"],
        "REFRESH_TOKEN": about["refresh_token"],
        "API_URL": about["api"],
        "AUTOMATION_URL": about["automation"],
        "IDENTITY_URL": about["identity"],
        "CREDENTIALS_FILE": str(tmp_path / "credentials.toml"),
    }
    environment = {
        **{variable: value for variable, value in os.environ.items() if not variable.startswith("BEPRODUCT_")},
        **{f"BEPRODUCT_{variable}": value for variable, value in variables.items()},
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, timeout=PATIENCE, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert simulator.count() > 0


# What the examples of the package's README take as given.
GIVEN = "client_id: str, client_secret: str, refresh_token: str, folder: str, style_id: str, user_id: str, numbers: list[str]"


@pytest.fixture(scope="module")
def readme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of the package's README, as a module."""
    text = README.read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert examples
    path = tmp_path_factory.mktemp("readme") / "readme.py"
    with path.open("w", encoding="utf-8") as module:
        for number, code in enumerate(examples):
            module.write(f"async def example_{number}({GIVEN}) -> None:\n{textwrap.indent(code, '    ')}\n")
    return path


@pytest.mark.parametrize("check", CHECKERS)
def test_type_checkers_find_nothing(check: Checker, readme: Path) -> None:
    assert check(EXAMPLES, README_EXAMPLE, REFERENCE) == []
    # Its examples end where what they have would be used.
    assert check(readme, reportUnusedVariable=False) == []


@pytest.mark.parametrize("check", CHECKERS)
def test_type_checkers_find_nothing_in_the_package(check: Checker) -> None:
    # The rule is for users: modules of one package may know each other.
    assert check(PACKAGE, reportPrivateUsage=False) == []
