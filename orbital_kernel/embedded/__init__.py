"""The embedded platform: found, started and stopped; its own small files, read strictly."""

from orbital_kernel.embedded.platform import (
    Status,
    ensure,
    foreground,
    last_ports,
    status,
    stop,
)

__all__ = ["Status", "ensure", "foreground", "last_ports", "status", "stop"]
