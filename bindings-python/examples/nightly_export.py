"""Exports all styles that changed since the last run to a file of JSON lines.

    nightly_export.py styles.ndjson [--since 2026-01-15T00:00:00Z]

Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.
"""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from beproduct_client import BeProduct, Plan
from beproduct_client.types import FilterMap


def export(client: BeProduct, target: Path, since: datetime | None = None) -> int:
    """Writes the styles to the file, which appears when all of them are there. Returns how many there are."""
    filters: FilterMap = {"FolderModifiedAt": {"Gt": since}} if since else {}
    unfinished = target.with_suffix(".part")
    written = 0
    with unfinished.open("w", encoding="utf-8") as lines:
        for page in client.style.list(filters=filters, label="nightly export", priority="bulk").pages():
            for style in page.records:
                lines.write(json.dumps(style, ensure_ascii=False) + "\n")
            written += len(page.records)
            print(f"{written} of {page.total or '?'} styles", file=sys.stderr)
    unfinished.replace(target)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--since", type=datetime.fromisoformat)
    arguments = parser.parse_args()
    with BeProduct.from_environment(plan=Plan.business_max(licenses=8), quota_floor=100) as client:
        count = export(client, arguments.target, arguments.since)
        print(f"{count} styles, {client.quota.status()['remaining']} requests left today", file=sys.stderr)


if __name__ == "__main__":
    main()
