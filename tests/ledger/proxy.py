"""What lies between clients and a server, and can be cut.

A cut here is one of three, as networks have them:

* `refuse`: what is connected is reset, and nobody gets a connection.
* `freeze`: connections stay and are made, and nothing comes over them in either direction.
* `deafen`: what clients send arrives, and no answer comes back.

Nothing that a connection carries is lost as long as neither of its ends closes it: what was held back comes later, as it
does when a network sends again what got lost.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """A port of this machine that leads to another one."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        # Never listens: keeps the port for this proxy while nobody else does.
        self._place = self._socket(0)
        self.port: int = self._place.getsockname()[1]
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._asks, self._answers = threading.Event(), threading.Event()
        self.arrived = 0
        """Pieces that clients have sent. A client that waits for each answer sends a command in each."""
        self.on_piece: Callable[[], None] = lambda: None
        """Called when one has arrived, before it is passed on."""
        self.heal()

    def cut(self, kind: str) -> None:
        {"refuse": self._refuse, "freeze": self._freeze, "deafen": self._answers.clear}[kind]()

    def heal(self) -> None:
        self._asks.set()
        self._answers.set()
        with self._lock:
            if not self._listener:
                self._listener = self._socket(self.port)
                self._listener.listen(128)
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        self._refuse()
        self._place.close()

    @staticmethod
    def _socket(port: int) -> socket.socket:
        fresh = socket.socket()
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        fresh.bind(("127.0.0.1", port))
        return fresh

    def _refuse(self) -> None:
        with self._lock:
            if self._listener:
                # Wakes whoever accepts.
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
                self._listener = None
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    end.shutdown(socket.SHUT_RD)
        # What was held back arrives now, or never.
        self._asks.set()
        self._answers.set()

    def _freeze(self) -> None:
        self._asks.clear()
        self._answers.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with contextlib.suppress(ConnectionRefusedError), client, socket.create_connection(self._server) as server:
            with self._lock:
                if not self._listener:
                    return
                self._ends |= {client, server}
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asking = threading.Thread(target=self._pass_on, args=(client, server, self._asks), daemon=True)
            asking.start()
            self._pass_on(server, client, self._answers)
            asking.join()
            with self._lock:
                self._ends -= {client, server}

    def _pass_on(self, source: socket.socket, target: socket.socket, gate: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                if gate is self._asks:
                    self.arrived += 1
                    self.on_piece()
                gate.wait()
                target.sendall(piece)
        # The other direction ends with this one.
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
