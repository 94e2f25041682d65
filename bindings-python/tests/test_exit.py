"""Programs that end without `close()`: they neither hang nor crash nor complain."""

import json
import subprocess
import sys
from typing import Any

import pytest
from simulator import PATIENCE, Simulator

BEGIN = """
import asyncio, json, os, sys, threading
from beproduct_client import BeProduct, BeProductAsync

settings = json.loads(sys.argv[1])
"""

IDLE = """
client = BeProduct(**settings)
client.style.folders()
"""

WITHIN_A_LIST = """
styles = BeProduct(**settings).style.list(page_size=10)
next(styles)
"""

WITH_CALLS_IN_A_LOOP = """
async def main():
    client = BeProductAsync(**settings)
    calls = [asyncio.create_task(client.raw.get("Info/Version", {"n": n})) for n in range(5)]
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""

WITH_CALLS_IN_THREADS = """
client = BeProduct(**settings)
for n in range(5):
    threading.Thread(target=client.raw.get, args=("Info/Version", {"n": n}), daemon=True).start()
sys.stdin.read()
"""

WITH_A_TOKEN_STORE_AND_LOGS = """
import logging

class Store:
    def load(self):
        return None

    def save(self, tokens):
        pass

logging.basicConfig(level=logging.DEBUG, stream=open(os.devnull, "w"))
client = BeProduct(**settings, token_store=Store())
for n in range(5):
    threading.Thread(target=client.raw.get, args=("Info/Version", {"n": n}), daemon=True).start()
sys.stdin.read()
"""

WHILE_TOKENS_ARE_SAVED = """
saving = threading.Event()

class Store:
    def load(self):
        return None

    def save(self, tokens):
        saving.set()
        sys.stdin.read()
        print("saved")

client = BeProduct(**settings, token_store=Store())
threading.Thread(target=client.style.folders, daemon=True).start()
saving.wait()
"""

AFTER_A_FORK = """
client = BeProduct(**settings)
client.style.folders()
child = os.fork()
client.style.folders()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize(
    ("program", "requests", "printed"),
    [
        pytest.param(IDLE, 1, "", id="idle"),
        pytest.param(WITHIN_A_LIST, 1, "", id="within a list"),
        pytest.param(WITH_CALLS_IN_A_LOOP, 5, "", id="with calls in a loop"),
        pytest.param(WITH_CALLS_IN_THREADS, 5, "", id="with calls in threads"),
        pytest.param(WITH_A_TOKEN_STORE_AND_LOGS, 5, "", id="with a token store and logs"),
        pytest.param(WHILE_TOKENS_ARE_SAVED, 0, "saved\n", id="while tokens are saved"),
        pytest.param(AFTER_A_FORK, 3, "", id="after a fork"),
    ],
)
def test_a_program_ends(
    settings: dict[str, Any], simulator: Simulator, program: str, requests: int, printed: str
) -> None:
    simulator.hold("Info/Version", times=0)
    command = [sys.executable, "-W", "error", "-c", BEGIN + program, json.dumps(settings)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    simulator.wait(requests)
    # Whoever reads standard input ends now, with calls open.
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (0, printed, "")
