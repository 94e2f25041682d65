"""The examples of the reference are those that each language's suite compiles."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted((REPOSITORY / "docs" / "reference").glob("*.md"))
COMPILED = {
    "python": "bindings-python/tests/reference_examples.py",
    "ts": "bindings-node/tests/reference.test-d.ts",
    "kotlin": "bindings-swift/kotlin/src/test/kotlin/beproduct/client/ReferenceExamples.kt",
    "swift": "bindings-swift/swift/Tests/BeProductClientTests/ReferenceExamples.swift",
    "rust": "tests/drivers/rust/src/generated/reference.rs",
}


def lines(text: str) -> list[str]:
    """Without indentation."""
    return [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize("language", COMPILED)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_of_a_page_compiles(page: Path, language: str) -> None:
    examples = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(examples) == 1
    compiled, shown = lines((REPOSITORY / COMPILED[language]).read_text(encoding="utf-8")), lines(examples[0])
    assert any(compiled[start : start + len(shown)] == shown for start in range(len(compiled)))


def test_each_resource_has_a_page() -> None:
    resources = re.findall(
        r'^\[\[resource\]\]\nname = "(.*)"', (REPOSITORY / "core/catalog/resources.toml").read_text(), re.MULTILINE
    )
    assert sorted(resources) == [page.stem for page in PAGES]
