"""The main job, through the built wheel against the simulator over HTTPS: sign in, export, look up, rewrite, meet the end of the
quota, and carry out a set of changes whose process is killed in the middle.

    demo.py --simulator PATH [--styles 5000] [--rows 10000] [--edits 2000]

All state lives in a temporary folder. Exits with 1 when the ledger and the simulator's own count differ, or when what a set of changes
reports is not what is stored.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import sets
from rich.table import Table
from stage import bar, console, control, settings_of, simulator

from beproduct_client import BeProduct, Plan, QuotaExceededError


def export(client, path):
    """All styles to NDJSON. Returns their numbers."""
    numbers = []
    styles = client.style.list(label="export")
    progress, task = bar("Export of styles  ", None)
    with progress, path.open("w") as out:
        for style in styles:
            out.write(json.dumps(style) + "\n")
            numbers.append(style["headerNumber"])
            progress.update(task, advance=1, total=styles.total)
    return numbers


def look_up(client, numbers):
    found = client.style.get_many_by_number(numbers, label="lookup")
    ambiguous = sum(len(one["records"]) for one in found["ambiguous"])
    console.print(
        f"[bold]Lookup by number  [/] {len(numbers)} asked, {len(found['found'])} found, "
        f"{ambiguous} ambiguous, {len(found['missing'])} missing"
    )


def rewrite(client, table):
    rows = client.data_tables.data(table, label="rows").collect()
    changes = [{"rowId": row["id"], "rowFields": {"label": f"Rewritten {index}"}} for index, row in enumerate(rows)]
    done = client.data_tables.update(table, changes, label="rows")
    console.print(f"[bold]Rows of a table   [/] {done['applied']} rewritten in {done['requests']} requests")
    return len(rows)


def meet_the_limit(settings, used):
    """The same ledger under a smaller plan."""
    with BeProduct(**settings, plan=Plan.requests_per_day(used + 2)) as client:
        try:
            for _ in range(10):
                client.style.folders(label="limit")
        except QuotaExceededError as error:
            console.print(f"[bold]At the limit      [/] {type(error).__name__}: {error.message}")
            console.print(f"                   outcome {error.outcome}, retry_after {error.retry_after:.0f} s")


def report(status, sent, alone):
    table = Table(title="Quota")
    for column in ("operation", "label", "requests"):
        table.add_column(column, justify="right" if column == "requests" else "left")
    for usage in status["usage"]:
        table.add_row(usage["operation"], usage["label"], str(usage["requests"]))
    console.print(table)
    console.print(f"requests sent: {sent}; a client that sends one a record: {alone}")
    console.print(f"used today: {status['used']} of {status['limit']}; left: {status['remaining']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--styles", type=int, default=5000)
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--edits", type=int, default=2000)
    arguments = parser.parse_args()
    sizes = ["--styles", str(arguments.styles), "--table-rows", str(arguments.rows)]
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(arguments.simulator, folder, *sizes, "--edition", "business", "--licenses", "8") as about,
    ):
        work(about, pathlib.Path(folder))
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(
            arguments.simulator, folder, "--styles", str(2 * arguments.edits), "--edition", "enterprise"
        ) as about,
    ):
        sets.show(about, pathlib.Path(folder), arguments.edits)


def work(about, folder):
    settings = settings_of(about, folder)
    with BeProduct(**settings, plan=Plan.business_max(licenses=8)) as client:
        numbers = export(client, folder / "styles.ndjson")
        look_up(client, numbers)
        rows = rewrite(client, about["data_table"])
        meet_the_limit(settings, client.quota.status()["used"])
        status = client.quota.status()
    report(status, status["used"], alone=2 * len(numbers) + rows)
    counted = control(about, "counts")["api"]
    console.print(f"the simulator counted {counted} requests")
    if counted != status["used"]:
        sys.exit("the ledger and the simulator differ")


if __name__ == "__main__":
    main()
