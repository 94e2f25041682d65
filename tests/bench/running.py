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
REPOSITORY = Path(__file__).parents[2]
# No part takes longer, however slow the machine.
LONGEST = 1200


class Runs:
    """How often a client is measured, and against which server."""

    def __init__(self, program, quick):
        self._program = program
        self.quick = quick
        self._warm_up, self._counted = (0, 1) if quick else (1, 5)

    def alternate(self, *clients, **server):
        """The figures of each client, as medians. All are run in turn, again and again."""
        figures = [[] for _ in clients]
        for run in range(self._warm_up + self._counted):
            for client, of_client in zip(clients, figures, strict=True):
                answer = self.once(client, **server)
                if run >= self._warm_up:
                    of_client.append(answer)
        return [
            {name: statistics.median(answer[name] for answer in of_client) for name in of_client[0]}
            for of_client in figures
        ]

    def once(self, client, delay=20, **server):
        """The figures of one run in a process of its own, at a server of its own."""
        with serving(self._program, delay=delay, **server) as addresses:
            environment = {
                **os.environ,
                "BEPRODUCT_BENCH": json.dumps(addresses),
                "NODE_EXTRA_CA_CERTS": addresses["ca"],
                "REQUESTS_CA_BUNDLE": addresses["bundle"],
            }
            script, *arguments = map(str, client)
            done = subprocess.run(
                [*self._command(script), *arguments],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                timeout=LONGEST,
            )
            return json.loads(done.stdout)

    def _command(self, client):
        """What starts the client of this name."""
        if client == "kotlin":
            target = REPOSITORY / "bindings-swift" / "kotlin" / "target"
            path = f"{target}/test-classes:{target}/classes:{(target / 'classpath').read_text().strip()}"
            # The library beside the classes is not built as a release.
            library = Path(self._program).resolve().with_name("libbeproduct_mobile.so")
            override = f"-Duniffi.component.beproduct_mobile.libraryOverride={library}"
            return ["java", "-XX:+UseSerialGC", "-Xmx64m", override, "-cp", path, "beproduct.bench.FilesKt"]
        if client == "swift":
            program = CLIENTS / "swift" / ".build" / "release" / "bench"
            return [REPOSITORY / "bindings-swift" / "scripts" / "swift-run", "--", program]
        return ["node" if client.endswith(".mjs") else sys.executable, CLIENTS / client]

    def write(self, path, length):
        """Writes the file of this length that the server has."""
        subprocess.run([self._program, "--file", str(length), "--write", path], check=True, timeout=LONGEST)


@contextlib.contextmanager
def serving(program, delay, records=1000, file=0):
    """The addresses of a server that answers after `delay` milliseconds, has so many styles, and files of so many bytes."""
    command = [program, "--delay", str(delay), "--records", str(records), "--file", str(file)]
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
