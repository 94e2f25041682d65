"""What a call costs in each language, side by side in one run against one simulator.

    calls.py --simulator PATH

A no-op is the state of a quota that is counted in memory: into the engine and back. A request is one to the simulator
on this machine. Rust stands for the engine alone: what another language takes beyond that is its binding's price.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[2]
SURFACES = {
    "Rust": ["cargo", "bench", "--quiet", "--profile", "release", "-p", "beproduct", "--bench", "calls"],
    "Python": [sys.executable, REPOSITORY / "bindings-python" / "bench" / "calls.py"],
    "Node": ["node", REPOSITORY / "bindings-node" / "bench" / "calls.mjs"],
}


def simulator(path):
    command = [path, "--styles", "10", "--materials", "0", "--table-rows", "0", "--until-stdin-closes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())


def settings(about):
    names = ["client_id", "client_secret", "refresh_token"]
    addresses = {"company_domain": "company", "api_url": "api", "identity_url": "identity"}
    return {
        **{name: about[name] for name in names},
        **{name: about[address] for name, address in addresses.items()},
        "ledger": "memory",
        "concurrency": 50,
    }


def run(command, environment):
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def show(results):
    """A row for each measure, a column for each surface; behind the figure, what it takes beyond Rust."""
    surfaces = list(dict.fromkeys(result["surface"] for result in results))
    figures = {(result["measure"], result["surface"]): result["us"] for result in results}
    table = Table("microseconds a call", *surfaces)
    for measure in dict.fromkeys(result["measure"] for result in results):
        engine = figures.get((measure, "Rust"))
        row = []
        for surface in surfaces:
            figure = figures.get((measure, surface))
            beyond = f" ({figure - engine:+.0f})" if figure and engine and surface != "Rust" else ""
            row.append("" if figure is None else f"{figure:.0f}{beyond}")
        table.add_row(measure, *row)
    Console().print(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulator", required=True)
    process, about = simulator(parser.parse_args().simulator)
    environment = {**os.environ, "BEPRODUCT_BENCH": json.dumps(settings(about)), "BEPRODUCT_CONTROL": about["control"]}
    try:
        show([result for command in SURFACES.values() for result in run(command, environment)])
    finally:
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
