"""The main job, through the built wheel against the simulator over HTTPS: sign in, export, look up, rewrite, and meet
the end of the quota.

    demo.py --simulator PATH [--styles 5000] [--rows 10000]

All state lives in a temporary folder. Exits with 1 when the ledger and the simulator's own count differ.
"""

import argparse
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from beproduct_client import AuthorizationSession, BeProduct, Plan, QuotaExceededError

console = Console()


@contextmanager
def simulator(path, folder, styles, rows):
    command = [path, "--tls", "--styles", str(styles), "--table-rows", str(rows), "--edition", "business"]
    command += ["--licenses", "8", "--rotation", "strict", "--state-dir", folder, "--until-stdin-closes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def control(about, path, body=None):
    """What stands in for a person in a browser, and the simulator's own count."""
    request = urllib.request.Request(f"{about['control']}/{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    trust = ssl.create_default_context(cafile=about["ca"])
    with urllib.request.urlopen(request, context=trust) as answer:
        return json.load(answer)


def sign_in(about, settings):
    session = AuthorizationSession(
        client_id=about["client_id"],
        client_secret=about["client_secret"],
        redirect_uri=about["redirect_uri"],
        **settings,
    )
    console.print(f"[bold]Sign-in[/] at {session.url.split('?')[0]} by authorization code with PKCE")
    redirected = control(about, "authorize", {"url": session.url})["redirect"]
    return session.finish(redirected)


def bar(title, total):
    columns = TextColumn(f"[bold]{title}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    progress = Progress(*columns, console=console)
    return progress, progress.add_task(title, total=total)


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
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(arguments.simulator, folder, arguments.styles, arguments.rows) as about,
    ):
        work(about, pathlib.Path(folder))


def work(about, folder):
    connection = {
        "identity_url": about["identity"],
        "ca_certificates": pathlib.Path(about["ca"]).read_text(),
    }
    tokens = sign_in(about, connection)
    settings = {
        **connection,
        "company_domain": about["company"],
        "client_id": about["client_id"],
        "client_secret": about["client_secret"],
        "refresh_token": tokens["refresh_token"],
        "public_api_url": about["api"],
        "state_dir": folder / "state",
        "token_store": {"file": str(folder / "tokens.json")},
    }
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
