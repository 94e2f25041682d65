"""Checks that the builds of `make test` have the same features of what they have in common (see the manifest beside this)."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALIKE = ["-p", "beproduct-alike", "--features", "beproduct-alike/core"]
BUILDS = {
    "simulator and driver": ["-p", "beproduct-simulator", "-p", "beproduct-driver", *ALIKE],
    "tools": ["-p", "beproduct-codegen", "-p", "beproduct-public-api", *ALIKE],
    "tests": ["-p", "beproduct", "-p", "beproduct-cli", "-p", "beproduct-simulator", *ALIKE],
    "wheel": ["-p", "beproduct-python", "--features", "alike"],
    "addon": ["-p", "beproduct-node", "--features", "alike"],
}


def features(build: list[str], edges: str) -> dict[str, set[str]]:
    """The features of each crate that the build has, by name and version."""
    command = ["cargo", "tree", "--edges", edges, "--prefix", "none", "--format", "{p}|{f}", *build]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    found: dict[str, set[str]] = defaultdict(set)
    for line in filter(None, lines):
        crate, _, names = line.partition("|")
        found[" ".join(crate.split()[:2])].update(names.removesuffix(" (*)").split(","))
    return found


def main() -> int:
    builds = {
        name: features(build, "normal,build,dev" if name == "tests" else "normal,build")
        for name, build in BUILDS.items()
    }
    below_core = features(["-p", "beproduct"], "normal,build")
    problems = []
    for crate in sorted(below_core):
        having = {name: build[crate] - {""} for name, build in builds.items() if crate in build}
        for name, present in having.items():
            if missing := set().union(*having.values()) - present:
                problems.append(f"{crate}: the build of the {name} lacks {', '.join(sorted(missing))}")
    if problems:
        print(*problems, "add these features to tests/alike/Cargo.toml", sep="\n", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
