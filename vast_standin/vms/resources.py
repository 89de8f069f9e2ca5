"""RESOURCES: what the management side knows, declared a field a line in `kinds`.

Names, kinds and choices are those of the vendor's public OpenAPI description of VMS;
fields of it that are missing here are refused, not ignored.
"""

from vast_standin.vms.kinds import KINDS
from vast_standin.vms.resource import Resource

RESOURCES: dict[str, Resource] = {kind.name: kind for kind in KINDS}
