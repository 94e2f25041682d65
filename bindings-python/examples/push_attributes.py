"""Sets attributes of styles from a CSV file, and reports what became of each row.

    push_attributes.py changes.csv report.csv

The first column is `header_number`, each other one a field id: `header_number,season,target_price`.
Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.
"""

import argparse
import csv
import sys
from pathlib import Path

from beproduct_client import BeProduct, BeProductError, QuotaExceededError


def push(client: BeProduct, changes: Path, report: Path) -> int:
    """Writes number, outcome and error of each row to the report. Returns how many rows were not applied."""
    with changes.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # One request for 200 numbers, in place of one for each.
    found = client.style.get_many_by_number(row["header_number"] for row in rows)
    ids = {style["headerNumber"]: style["id"] for style in found["found"]}
    failed = 0
    with report.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["header_number", "outcome", "error"])
        for row in rows:
            number = row.pop("header_number")
            outcome, problem = update(client, ids.get(number), row)
            failed += outcome != "applied"
            lines.writerow([number, outcome, problem])
    return failed


def update(client: BeProduct, header_id: str | None, fields: dict[str, str]) -> tuple[str, str]:
    """What became of one row: `applied`, `refused`, `not_sent`, or `unknown` when the answer was lost."""
    if header_id is None:
        return "not_sent", "no style, or several, have this number"
    try:
        client.style.update(header_id, fields, label="attributes from CSV")
    except QuotaExceededError as error:
        return "not_sent", f"tomorrow: {error.message}"
    except BeProductError as error:
        return error.outcome, error.message
    return "applied", ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("changes", type=Path)
    parser.add_argument("report", type=Path)
    arguments = parser.parse_args()
    with BeProduct.from_environment() as client:
        failed = push(client, arguments.changes, arguments.report)
    if failed:
        sys.exit(f"{failed} rows were not applied: see {arguments.report}")


if __name__ == "__main__":
    main()
