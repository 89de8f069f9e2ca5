"""The embedded platform: find, start and stop it, back it up and restore it."""

from orbital_kernel.embedded.backup import Backup, backup, verify
from orbital_kernel.embedded.platform import (
    Status,
    ensure,
    foreground,
    last_ports,
    status,
    stop,
)
from orbital_kernel.embedded.restore import Restored, restore

__all__ = [
    "Backup",
    "Restored",
    "Status",
    "backup",
    "ensure",
    "foreground",
    "last_ports",
    "restore",
    "status",
    "stop",
    "verify",
]
