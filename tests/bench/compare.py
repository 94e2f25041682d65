"""What our clients cost beside others, in one run on this machine.

    compare.py --server PATH [--quick] [--without PART] [PART ...]

Server and clients are processes of their own, on real sockets with HTTPS. All get the same bytes, which are not compressed.
The server waits 20 ms with each answer where nothing else is said. Our client speaks HTTP/2, but for files; its rivals
speak HTTP/1.1 over connections that they keep. Both have the same bound on requests at a time. Time and CPU begin before
the client is made and end with the last answer; CPU is what all threads of the client's process take.

Each figure is the median of five runs after one to warm up, in turns with the rival; images, bursts and lists that are
left run once. With `--quick` there is one run, which shows that the bench works and not much else; a file has 64 MB then
in place of 1 GB.

Memory is what a transfer adds to the client's process at most. The file of an upload is on the disk of this machine, and
so is where a download goes to; the client's connection is there when the time begins.
"""

import argparse
import json
import tempfile
from pathlib import Path

import quota
import transfers
from reporting import Report, megabytes, microseconds, seconds
from running import Runs

GETS = 1000
ONE_BY_ONE = 200
RECORDS = 40_000
PAGE = 200
BURST = 2500


def gets_python(runs, report):
    for bound, aim in (10, 1.05), (50, 1.15):
        ours, rival, with_orjson = runs.alternate(
            ("gets.py", "ours_async", GETS, bound),
            ("gets.py", "aiohttp_session", GETS, bound),
            ("gets.py", "aiohttp_orjson", GETS, bound),
        )
        report.against(f"time, bound {bound}: aiohttp", ours["seconds"], rival["seconds"], seconds, aim)
        report.against(f"CPU, bound {bound}: aiohttp", ours["cpu"], rival["cpu"], seconds, 1.0)
        report.against(f"CPU, bound {bound}: aiohttp with orjson", ours["cpu"], with_orjson["cpu"], seconds, None)


def gets_node(runs, report):
    for bound, aim in (10, 1.05), (50, 1.15):
        ours, rival = runs.alternate(("gets.mjs", "ours", GETS, bound), ("gets.mjs", "fetch", GETS, bound))
        report.against(f"time, bound {bound}: fetch", ours["seconds"], rival["seconds"], seconds, aim)
        report.against(f"CPU, bound {bound}: fetch", ours["cpu"], rival["cpu"], seconds, 0.4)


def one_by_one(runs, report):
    ours, requests, official = runs.alternate(
        ("gets.py", "ours_sync", ONE_BY_ONE),
        ("gets.py", "requests_session", ONE_BY_ONE),
        ("gets.py", "official", ONE_BY_ONE),
    )
    report.against("CPU: requests.Session", ours["cpu"], requests["cpu"], seconds, 0.5)
    report.against("CPU: official client", ours["cpu"], official["cpu"], seconds, 1 / 30)


def lists(runs, report):
    for kind, aim in ("iterating", 1.2), ("collect", 1.3):
        ours, rival = runs.alternate(
            ("listing.py", f"ours_{kind}", RECORDS),
            ("listing.py", f"requests_{kind}", RECORDS),
            delay=0,
            records=RECORDS,
        )
        report.against(f"CPU, {kind}: requests with orjson", ours["cpu"], rival["cpu"], seconds, aim)


def memory(runs, report):
    ours, rival = runs.alternate(
        ("listing.py", "ours_memory", RECORDS),
        ("listing.py", "requests_memory", RECORDS),
        delay=0,
        records=RECORDS,
    )
    report.against("most while collecting: the records alone", ours["bytes"], rival["bytes"], megabytes, 1.5)


def read_ahead(runs, report):
    records = 40 * PAGE
    iterating, collect = runs.alternate(
        ("listing.py", "ours_iterating", records),
        ("listing.py", "ours_collect", records),
        delay=300,
        records=records,
    )
    report.against("time, iterating: collect", iterating["seconds"], collect["seconds"], seconds, 1.5)


def stopping(runs, report):
    for page in 1, 2, 3, 5, 10, 20:
        requests = runs.once(("stopping.py", page), records=40 * PAGE)["requests"]
        aim = page + min(page, 10)
        report.count(f"requests, left in page {page}", requests, None, aim, requests <= aim)


def rows(runs, report):
    counts = 12_500, 25_000, 50_000, 100_000
    figures = runs.alternate(*(("rows.py", count) for count in counts), delay=0)
    first = figures[0]["cpu"] / counts[0]
    for count, figure in zip(counts, figures, strict=True):
        report.against(f"CPU a row, {count} rows: 12500 rows", figure["cpu"] / count, first, microseconds, 1.2)


def burst(runs, report):
    with tempfile.TemporaryDirectory() as folder, quota.server() as redis:
        for end in "cancelled", "turn_timeout":
            ledgers = {"memory": "memory", "SQLite": {"sqlite": str(Path(folder, f"{end}.sqlite"))}}
            if redis:
                ledgers["Redis"] = {"redis": {"url": redis}}
            for name, ledger in ledgers.items():
                figures = runs.once(("burst.py", end, json.dumps(ledger), BURST), delay=400)
                what = f"{end}, {name}: counted and arrived"
                counted, arrived = figures["counted"], figures["arrived"]
                report.count(what, counted, arrived, "equal", counted == arrived)
                what = f"{end}, {name}: writes with an unknown outcome"
                report.count(what, figures["unknown"], None, "10", figures["unknown"] <= 10)


PARTS = {
    "gets-python": (gets_python, f"{GETS} gets at once, Python async"),
    "gets-node": (gets_node, f"{GETS} gets at once, Node"),
    "one-by-one": (one_by_one, f"{ONE_BY_ONE} gets one after the other, Python sync"),
    "lists": (lists, f"{RECORDS} records of 3.1 kB in pages of {PAGE}, no delay, Python sync"),
    "memory": (memory, f"Memory of {RECORDS} records of 3.1 kB"),
    "read-ahead": (read_ahead, "40 pages of 0.3 s, Python sync"),
    "stopping": (stopping, f"Requests of a list that is left early, pages of {PAGE}, 10 at a time"),
    "rows": (rows, "Rows of a data table updated in one call, no delay"),
    "burst": (burst, f"{BURST} writes in one burst that end together, answers take 0.4 s"),
    **transfers.PARTS,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the program beproduct-bench-server")
    parser.add_argument("--quick", action="store_true", help="one run of each, none to warm up")
    parser.add_argument("--without", action="append", default=[], metavar="PART", help="leave this part out")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all by default: {', '.join(PARTS)}")
    given = parser.parse_args()
    for name in [*given.parts, *given.without]:
        if name not in PARTS:
            parser.error(f"there is no part {name!r}: {', '.join(PARTS)}")
    runs = Runs(given.server, given.quick)
    for name in given.parts or PARTS:
        if name in given.without:
            print(f"{name} is left out")
            continue
        measure, title = PARTS[name]
        report = Report(title)
        measure(runs, report)
        report.show()


if __name__ == "__main__":
    main()
