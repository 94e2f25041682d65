"""Starts the server and the measured clients, and shows what they cost beside each other."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import certifi

CLIENTS = Path(__file__).parent / "clients"


class Runs:
    """How often a client is measured, and against which server."""

    def __init__(self, program, quick):
        self._program = program
        self._warm_up, self._counted = (0, 1) if quick else (1, 5)

    def alternate(self, *clients, delay=20, records=1000):
        """The figures of each client, as medians. All are run in turn, again and again."""
        figures = [[] for _ in clients]
        for run in range(self._warm_up + self._counted):
            for client, of_client in zip(clients, figures, strict=True):
                answer = self.once(client, delay=delay, records=records)
                if run >= self._warm_up:
                    of_client.append(answer)
        return [
            {name: statistics.median(answer[name] for answer in of_client) for name in of_client[0]}
            for of_client in figures
        ]

    def once(self, client, delay=20, records=1000):
        """The figures of one run in a process of its own, at a server of its own."""
        with serving(self._program, delay, records) as addresses:
            environment = {
                **os.environ,
                "BEPRODUCT_BENCH": json.dumps(addresses),
                "NODE_EXTRA_CA_CERTS": addresses["ca"],
                "REQUESTS_CA_BUNDLE": addresses["bundle"],
            }
            script, *arguments = map(str, client)
            interpreter = "node" if script.endswith(".mjs") else sys.executable
            command = [interpreter, CLIENTS / script, *arguments]
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=600)
            return json.loads(done.stdout)


@contextlib.contextmanager
def serving(program, delay, records):
    """The addresses of a server that answers after `delay` milliseconds and has so many styles."""
    command = [program, "--delay", str(delay), "--records", str(records)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        addresses = json.loads(process.stdout.readline())
        # Clients trust the public authorities too, as they do at the service.
        bundle = Path(addresses["ca"]).with_name("bundle.pem")
        bundle.write_text(Path(certifi.where()).read_text() + Path(addresses["ca"]).read_text())
        yield {**addresses, "bundle": str(bundle)}
    finally:
        process.stdin.close()
        process.wait()
