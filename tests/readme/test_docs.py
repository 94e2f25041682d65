"""What the documentation and the code point to exists: files, headings, and the sections of docs/service."""

import os
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
OUTPUT = {"__pycache__", "dist", "node_modules", "target"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# A citation may go on in the next line, behind the comment's mark.
CITATION = re.compile(r"docs/service([\w/-]*)\.md(?:,\s+(?:(?://[/!]?|\#|\*)\s*)?([A-Z][^.;:)`|\"]*))?")


def files(*endings: str) -> list[Path]:
    """The files of the repository with these endings, except hidden, built and installed ones."""
    found = []
    for folder, folders, names in os.walk(REPOSITORY):
        folders[:] = sorted(name for name in folders if name not in OUTPUT and not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if name.endswith(endings)]
    return found


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def anchor(heading: str) -> str:
    """The name that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def missing(page: Path, link: str) -> bool:
    name, _, fragment = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return True
    return bool(fragment) and fragment not in map(anchor, headings(target))


@pytest.mark.parametrize("page", files(".md"), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and missing(page, link)] == []


def test_a_citation_of_the_service_names_a_page_and_a_section() -> None:
    found, wrong = 0, []
    for file in files(".md", ".rs", ".toml", ".json", ".py", ".ts", ".swift", ".kt"):
        if file == Path(__file__):
            continue
        for match in CITATION.finditer(file.read_text(encoding="utf-8")):
            found += 1
            page = REPOSITORY / f"docs/service{match[1]}.md"
            section = re.sub(r"\s+(?:(?://[/!]?|#|\*)\s*)?", " ", match[2] or "").strip()
            if not page.is_file() or (section and not section.startswith(tuple(headings(page)))):
                wrong.append(f"{file.relative_to(REPOSITORY)}: {match[0]}")
    assert found > 20
    assert wrong == []


def test_the_index_of_the_service_lists_every_page_and_section() -> None:
    folder = REPOSITORY / "docs/service"
    rows = dict(re.findall(r"^\| \[([\w-]+\.md)\]\(\1\) \| (.*) \|$", (folder / "README.md").read_text(), re.MULTILINE))
    pages = {page.name: ", ".join(headings(page)[1:]) for page in folder.glob("*.md") if page.name != "README.md"}
    assert rows == pages


def test_the_diffs_of_contributing_apply() -> None:
    diffs = re.findall(
        r"^```diff\n(.*?)^```", (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(diffs) == 2
    # The operation of the first is there. The method of the second is not: the diff would add it.
    for diff, direction in zip(diffs, (["--reverse"], []), strict=True):
        command = ["git", "apply", "--check", *direction, "-"]
        checked = subprocess.run(command, input=diff, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
