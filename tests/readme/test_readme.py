"""The README's examples are those that each language's suite compiles."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COMPILED = {
    "python": "bindings-python/tests/readme_example.py",
    "ts": "bindings-node/tests/readme.test-d.ts",
    "swift": "bindings-swift/swift/Tests/BeProductClientTests/ReadmeExample.swift",
    "kotlin": "bindings-swift/kotlin/src/test/kotlin/beproduct/client/ReadmeExample.kt",
    "rust": "core/tests/readme.rs",
}


def lines(text: str) -> list[str]:
    """Without indentation, comments and blank lines."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith(("#", "//"))]


def is_import(line: str) -> bool:
    return line.startswith(("import ", "from ", "use "))


@pytest.mark.parametrize("language", COMPILED)
def test_the_example_is_the_one_that_compiles(language: str) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    blocks = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    assert blocks, f"the README has no {language} example"
    compiled = lines((REPOSITORY / COMPILED[language]).read_text())
    code = [line for line in compiled if not is_import(line)]
    for block in blocks:
        shown = lines(block)
        # Imports stand where the language wants them.
        imports = [line for line in shown if is_import(line)]
        assert all(any(line.startswith(one) for line in compiled) for one in imports), imports
        body = [line for line in shown if not is_import(line)]
        assert any(code[start : start + len(body)] == body for start in range(len(code))), body
