"""What only a server of one's own can show: a proxy from the environment, and compressed answers."""

import gzip
import json
import os
import socket
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
from beproduct_client import BeProduct, NetworkError
settings = {"company_domain": "acme", "access_token": "token", "ledger": "memory", "attempts": 1}
with BeProduct(api_url="https://developers.example", **settings) as client:
    try:
        client.style.folders()
    except NetworkError as error:
        print(error.message)
"""


def test_a_proxy_of_the_environment_is_used_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "HTTPS_PROXY": address},
        )
        connection, _ = proxy.accept()
        with connection:
            asked = connection.recv(4096)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        said, _ = program.communicate()
    assert asked.startswith(b"CONNECT developers.example:443 HTTP/1.1\r\n")
    assert f"through the proxy {address} of the environment" in said
