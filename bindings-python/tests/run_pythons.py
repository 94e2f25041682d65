"""Runs the essential tests with the one wheel on every CPython from 3.10 that this machine has.

    run_pythons.py [WHEEL]

The wheel is by default the newest in target/wheels. Interpreters are those on the path and those of pyenv. Each gets an
environment below target/pythons. Prints a line for each, and fails when one fails.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parents[1]
ESSENTIAL = [
    "test_calls.py",
    "test_pagers.py",
    "test_errors.py",
    "test_log_callers.py",
    "test_tokens.py",
    "test_sign_in.py",
]
OLDEST = (3, 10)

ASK = """
import json, platform, sys, sysconfig
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([platform.python_implementation(), list(sys.version_info[:3]), free_threaded]))
"""


def candidates() -> list[Path]:
    """Whatever is called like an interpreter."""
    found = []
    for folder in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        if folder.is_dir():
            found += [path for path in folder.iterdir() if re.fullmatch(r"python3(\.\d+)?", path.name)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return found + sorted(pyenv.glob("versions/*/bin/python3"))


def interpreters() -> dict[tuple[int, int], Path]:
    """One interpreter for each version that can load the wheel."""
    found: dict[tuple[int, int], Path] = {}
    for path in candidates():
        answer = subprocess.run([path, "-c", ASK], check=False, capture_output=True, text=True)
        if answer.returncode != 0:
            continue
        implementation, version, free_threaded = json.loads(answer.stdout)
        # Free-threaded interpreters load no abi3 wheel.
        if implementation == "CPython" and tuple(version[:2]) >= OLDEST and not free_threaded:
            found.setdefault((version[0], version[1]), path)
    return dict(sorted(found.items()))


def run(version: tuple[int, int], interpreter: Path, wheel: Path) -> bool:
    """Whether the tests pass. What a failure printed is shown."""
    environment = REPOSITORY / "target" / "pythons" / f"{version[0]}.{version[1]}"
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps: list[list[str | Path]] = [
        [*install, "pytest"],
        # The version stays the same from build to build.
        [*install, "--force-reinstall", wheel],
        [python, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", *(TESTS / name for name in ESSENTIAL)],
    ]
    if not python.exists():
        shutil.rmtree(environment, ignore_errors=True)
        steps.insert(0, [interpreter, "-m", "venv", environment])
    for step in steps:
        done = subprocess.run(step, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"CPython {version[0]}.{version[1]}: failed\n{done.stdout}{done.stderr}", flush=True)
            return False
    summary = done.stdout.strip().splitlines()[-1]
    print(f"CPython {version[0]}.{version[1]}: {summary}", flush=True)
    return True


def main() -> None:
    wheels = [Path(path) for path in sys.argv[1:]] or list((REPOSITORY / "target" / "wheels").glob("*.whl"))
    if not wheels:
        sys.exit("there is no wheel: give one, or build it into target/wheels")
    wheel = max(wheels, key=lambda path: path.stat().st_mtime)
    found = interpreters()
    results = [run(version, interpreter, wheel) for version, interpreter in found.items()]
    if OLDEST not in found:
        print(f"CPython {OLDEST[0]}.{OLDEST[1]}, the oldest that the wheel is for, is not on this machine")
        results.append(os.environ.get("CI") != "true")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
