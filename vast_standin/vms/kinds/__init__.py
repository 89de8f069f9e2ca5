"""The declarations of all resources, a file a subject."""

from vast_standin.vms.kinds import (
    absent,
    hardware,
    identity,
    protection,
    storage,
    telemetry,
)

KINDS = (
    *storage.KINDS,
    *protection.KINDS,
    *hardware.KINDS,
    *identity.KINDS,
    *telemetry.KINDS,
    *absent.KINDS,
)

__all__ = ["KINDS"]
