"""The `beproduct` command."""

import signal
import sys

from . import _native


def main() -> int:
    """Runs the command that the arguments name. Returns the status to exit with."""
    # The command is not Python, which would keep Ctrl-C until it has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.run_command(["beproduct", *sys.argv[1:]])
