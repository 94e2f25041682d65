"""The simulator's process is that of the Python tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))
