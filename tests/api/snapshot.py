"""Compares the public API of languages with the snapshots in `docs/api`, so that a change of it shows in review.

    python tests/api/snapshot.py [--renew] LANGUAGE...

A line of a snapshot is a public name with its signature. Exits with 1 and shows the lines that differ; `--renew`
writes the snapshots instead. Kotlin's is compared by `PublicApiTest`.
"""

import argparse
import difflib
import sys
from pathlib import Path

import node
import python
import rust
import swift

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"node": node, "python": python, "rust": rust, "swift": swift}


def compare(language: str, *, renew: bool) -> bool:
    """Whether the snapshot is what the language has now."""
    path = ROOT / "docs/api" / f"{language}.txt"
    lines = LANGUAGES[language].public_api(ROOT)
    if not lines:
        sys.exit(f"{language}: no public API was found")
    if renew:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        return True
    kept = path.read_text().splitlines() if path.exists() else []
    name = path.relative_to(ROOT)
    difference = list(difflib.unified_diff(kept, lines, str(name), f"{language} now", n=0, lineterm=""))
    if difference:
        print(*difference, sep="\n")
        print(f"{name}: the public API differs; if that is meant, run `make public-api-{language}`", file=sys.stderr)
    return not difference


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the public API of languages with their snapshots.")
    parser.add_argument("--renew", action="store_true", help="write the snapshots")
    parser.add_argument("languages", nargs="+", choices=sorted(LANGUAGES))
    given = parser.parse_args()
    same = [compare(language, renew=given.renew) for language in given.languages]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
