"""A set of changes from a CSV file: previewed, carried out by a process that is killed in the middle, resumed, and compared with what is
stored. The simulator does not store one of a hundred values that it accepts.
"""

import csv
import json
import subprocess
import sys

from stage import bar, console, control, settings_of

from beproduct_client import BeProduct, Plan

NOT_STORED = 0.01

APPLY = """
import json, sys
from beproduct_client import BeProduct, Plan
settings, preview, journal = json.load(sys.stdin)
with BeProduct(**settings, plan=Plan.enterprise(licenses=50)) as client:
    client.changes.apply(preview, journal=journal)
"""


def show(about, folder, count):
    control(about, "reset", {"not_stored": NOT_STORED})
    settings = settings_of(about, folder)
    with BeProduct(**settings, plan=Plan.enterprise(licenses=50)) as client:
        wanted = write_file(client, folder / "styles.csv", count)
        preview = client.changes.preview(file=str(folder / "styles.csv"), to="style", key="header_number")
    console.print(f"[bold]Changes of a file  [/] {preview['counts']}")
    print(*preview["table"].splitlines()[:4], "  ...", preview["table"].splitlines()[-1], sep="\n")
    journal = str(folder / "styles.journal")
    begin_and_kill(about, settings, preview, journal, count // 2)
    results = folder / "results.csv"
    with BeProduct(**settings, plan=Plan.enterprise(licenses=50)) as client:
        report = resume(client, journal, results, count)
        stored = {style["headerNumber"]: fields_of(style) for style in client.style.list()}
        used = client.quota.status()["used"]
    console.print(f"[bold]Reported           [/] {report['counts']}")
    check(wanted, stored, results)
    updates = sum("/Update" in entry["target"] for entry in control(about, "log?base=api"))
    counted = control(about, "counts")["api"]
    console.print(f"updates sent: {updates} of {count} styles, in {counted} requests")
    ahead = used - counted
    if ahead > 0:
        console.print(f"the ledger counted {ahead} more, which the killed process had written down and not sent")
    elif ahead < 0:
        sys.exit("the simulator has counted more than the ledger")


def fields_of(style):
    return {field["id"]: field["value"] for field in style["headerData"]["fields"]}


def write_file(client, path, count):
    numbers = [style["headerNumber"] for style in client.style.list()][:count]
    wanted = {number: {"header_name": f"Name {index}", "active": "No"} for index, number in enumerate(numbers)}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["header_number", "header_name", "active"])
        writer.writeheader()
        writer.writerows({"header_number": number, **values} for number, values in wanted.items())
    return wanted


def begin_and_kill(about, settings, preview, journal, updates):
    """Another process carries the preview out, and is killed after so many updates."""
    process = subprocess.Popen([sys.executable, "-c", APPLY], stdin=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps([settings, preview, journal]))
    process.stdin.close()
    control(about, f"wait?base=api&requests={control(about, 'counts')['api'] + updates}")
    process.kill()
    process.wait()
    console.print(f"[bold]Its process        [/] killed after about {updates} requests")


def resume(client, journal, results, count):
    progress, task = bar("Resumed            ", count)

    def on_progress(step):
        progress.update(task, completed=step["done"])

    with progress:
        return client.changes.resume(journal, results=str(results), progress=on_progress)


def check(wanted, stored, results):
    """What is reported is what is stored, of every style."""
    with results.open(newline="") as file:
        outcomes = {row["number"]: row for row in csv.DictReader(file)}
    lost = [number for number, values in wanted.items() if any(stored[number][id] != values[id] for id in values)]
    said = [number for number, row in outcomes.items() if row["outcome"] == "not_stored"]
    for number in said[:5]:
        console.print(f"  {outcomes[number]['origin']}: style {number} {outcomes[number]['outcome']}")
    console.print(f"  {len(said)} not stored, in {results.name}; read back in full, {len(lost)} are not as planned")
    done = [number for number, row in outcomes.items() if row["outcome"] == "done"]
    if sorted(said) != sorted(lost) or len(done) + len(said) != len(wanted):
        sys.exit("the report differs from what is stored")
