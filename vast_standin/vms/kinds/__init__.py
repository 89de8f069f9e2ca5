"""RESOURCES: all resources of the management side, declared one field per line.

Names, kinds and choices are those of the vendor's public OpenAPI description of VMS;
fields of it that are missing here are refused, not ignored.
"""

from vast_standin.vms.kinds import (
    absent,
    hardware,
    identity,
    protection,
    storage,
    telemetry,
)
from vast_standin.vms.resource import Resource

_KINDS = (
    *storage.KINDS,
    *protection.KINDS,
    *hardware.KINDS,
    *identity.KINDS,
    *telemetry.KINDS,
    *absent.KINDS,
)

RESOURCES: dict[str, Resource] = {kind.name: kind for kind in _KINDS}
