"""A proxy in front of the database that can stop forwarding: a network that swallows."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Switchboard:
    """Forwards connections to an endpoint; while `dark`, it accepts and never answers."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._place = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._light = threading.Event()
        self._light.set()
        self._ended = threading.Condition()
        self.abandoned = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def go_dark(self) -> None:
        """Stop forwarding, also on connections that are open."""
        self._light.clear()

    def go_light(self) -> None:
        """Forward again, what was held back too."""
        self._light.set()

    def wait_abandoned(self, count: int) -> bool:
        """Wait until so many clients left while it was dark."""
        with self._ended:
            return self._ended.wait_for(lambda: self.abandoned >= count, 20)

    def close(self) -> None:
        """Accept nobody any more."""
        self._light.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._place)
                except OSError:  # nobody listens there either
                    client.close()
                    continue
                open_ends = [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pump, args=(*pair, open_ends), daemon=True
                    ).start()

    def _pump(
        self, source: socket.socket, to: socket.socket, ends: list[socket.socket]
    ) -> None:
        """Forward until an end closes; what came in the dark is lost."""
        lost = False
        with suppress(OSError):
            while data := source.recv(1 << 16):
                lost = lost or not self._light.is_set()
                if not lost:
                    to.sendall(data)
        if lost and source is ends[0]:
            with self._ended:
                self.abandoned += 1
                self._ended.notify_all()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
