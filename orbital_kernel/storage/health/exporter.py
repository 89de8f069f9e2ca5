"""Health over HTTP, for a Prometheus that scrapes it."""

from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, start_http_server

from orbital_kernel.errors import OrbitalError
from orbital_kernel.storage.health.checks import Health
from orbital_kernel.storage.health.prometheus import Metrics

LOOPBACK = "127.0.0.1"


class Exporter:
    """Serves the newest health at http://127.0.0.1:PORT/metrics.

    Before the first health there are no samples, so that a graph shows a gap.

    Parameters
    ----------
    port : int
        The port, on loopback only; 0 takes a free one.

    Raises
    ------
    OrbitalError
        If the port is in use.
    """

    def __init__(self, port: int) -> None:
        self._metrics = Metrics()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self._metrics)
        try:
            self._server, self._thread = start_http_server(port, LOOPBACK, registry)
        except OSError as error:
            raise OrbitalError(
                f"metrics cannot be served on port {port}: {error.strerror}; choose "
                "another port with --listen"
            ) from error

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_port)

    def update(self, health: Health) -> None:
        """Serve this health from now on."""
        self._metrics.health = health

    def __enter__(self) -> Self:
        """Return itself; leaving stops the server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
