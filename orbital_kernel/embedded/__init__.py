"""The embedded platform: find, start and stop it; its small files, read strictly."""

from orbital_kernel.embedded.platform import (
    Status,
    ensure,
    foreground,
    last_ports,
    status,
    stop,
)

__all__ = ["Status", "ensure", "foreground", "last_ports", "status", "stop"]
