"""The examples of each language show every resource of the client: one that the catalogue gains has to be shown too."""

import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).resolve().parents[2]
CATALOGUE = REPOSITORY / "core" / "catalog"
EXAMPLES = {
    "python": ("bindings-python/examples", "*.py"),
    "node": ("bindings-node/examples", "*.ts"),
    "rust": ("core/examples", "*.rs"),
    "kotlin": ("bindings-swift/kotlin/examples", "*.kt"),
    "swift": ("bindings-swift/swift/Examples", "*.swift"),
}


def resources() -> list[str]:
    """Names of the groups of operations, and of the client's own methods."""
    groups = tomllib.loads((CATALOGUE / "resources.toml").read_text(encoding="utf-8"))["resource"]
    methods = (CATALOGUE / "client" / "methods").glob("*.toml")
    own = [tomllib.loads(file.read_text(encoding="utf-8"))["name"] for file in methods]
    return sorted([group["name"] for group in groups] + own)


def use_of(resource: str, language: str) -> str:
    """What a call of one of its methods looks like."""
    if language == "rust":
        # The client itself has the methods of some groups: `client.quota_status()`.
        return rf"\.{resource}(?:\(\)\.|_\w+\()"
    words = resource.split("_")
    name = resource if language == "python" else words[0] + "".join(word.title() for word in words[1:])
    return rf"\.{name}\.\w+\("


@pytest.mark.parametrize("language", EXAMPLES)
def test_the_examples_show_every_resource(language: str) -> None:
    folder, files = EXAMPLES[language]
    code = "\n".join(file.read_text(encoding="utf-8") for file in sorted((REPOSITORY / folder).rglob(files)))
    assert [name for name in resources() if not re.search(use_of(name, language), code)] == []
