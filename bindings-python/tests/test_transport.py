"""What only a server of one's own can show: a proxy from the environment, and compressed answers."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from beproduct_client import BeProduct

FOLDERS = [{"id": "1", "name": "Tops"}]


class Answering(BaseHTTPRequestHandler):
    """Answers every GET with folders, compressed where that is accepted, and notes what was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Accept-Encoding"]))  # type: ignore[attr-defined]
        body = json.dumps(FOLDERS).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if "gzip" in (self.headers["Accept-Encoding"] or ""):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def answering() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.asked = []  # type: ignore[attr-defined]
    Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


def test_compressed_answers_are_read() -> None:
    with answering() as (address, asked):
        with BeProduct(company_domain="acme", access_token="token", api_url=address, ledger="memory") as client:
            assert client.style.folders() == FOLDERS
        assert asked == [("/api/acme/Style/Folders", "gzip")]


PROGRAM = """
from beproduct_client import BeProduct
with BeProduct(company_domain="acme", access_token="token", api_url="http://127.0.0.1:9", ledger="memory") as client:
    print(client.style.folders())
"""


def test_a_proxy_of_the_environment_is_used() -> None:
    with answering() as (address, asked):
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            check=False,
            capture_output=True,
            text=True,
            env={**environment, "HTTP_PROXY": address},
        )
        assert done.stdout.strip() == str(FOLDERS), done.stderr
        # A proxy is told the whole address; nobody listens at it.
        assert [path for path, _ in asked] == ["http://127.0.0.1:9/api/acme/Style/Folders"]
