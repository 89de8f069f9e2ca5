"""One step of a plan."""

from dataclasses import dataclass

from orbital_kernel.storage.provision.kinds import Fields
from orbital_kernel.storage.provision.resource import Existing, Resource


@dataclass(frozen=True)
class Change:
    """One step of a plan: create, update or delete one resource.

    Attributes
    ----------
    action : str
        'create', 'update' or 'delete'.
    resource, name : str
        Kind and name of the resource; the kind is a key of `kinds.KINDS`, or 'table'.
    before, after : mapping
        The fields that differ, with the names of the VMS API; sizes in bytes.
    reason : str
        Why the change is needed.
    desired : Resource or None
        The desired state, None for a deletion of what is no longer desired.
    existing : Existing or None
        The actual state, None for a creation.
    """

    action: str
    resource: str
    name: str
    before: Fields
    after: Fields
    reason: str
    desired: Resource | None = None
    existing: Existing | None = None
