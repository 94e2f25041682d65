"""The public API of Rust, from the sources of the core by the program in `rust/`."""

import subprocess
from pathlib import Path


def public_api(root: Path) -> list[str]:
    command = ["target/ci/beproduct-public-api", "core/src/lib.rs"]
    return subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
