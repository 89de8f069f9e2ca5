"""One step of a plan."""

from dataclasses import dataclass

from orbital_kernel.storage.provision.kinds import Fields
from orbital_kernel.storage.provision.resource import Existing, Resource


@dataclass(frozen=True)
class Change:
    """One step: create, update or delete one resource; `before` and `after` differ."""

    action: str
    resource: str
    name: str
    before: Fields
    after: Fields
    reason: str
    desired: Resource | None = None
    existing: Existing | None = None
