"""The desired state of all observatories, and actual states made from it."""

from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.kinds import CLUSTER
from orbital_kernel.storage.provision.resource import Actual, Existing

AMPLE = {
    "free_usable_capacity": 10**16,
    "max_cluster_read_bw_mb": 100_000,
    "max_cluster_write_bw_mb": 100_000,
}

DESIRED = desired(observatories().values(), site())


SPACES = (site().database, *(o.storage for o in observatories().values()))


def cluster(**raw_fields):
    raw = {**AMPLE, **raw_fields}
    return Existing(CLUSTER, "vast1", None, "vast1", 1, raw, raw)


def as_existing(resource, number, **changes):
    fields = {**resource.fields, **changes}
    return Existing(
        resource.kind,
        resource.name,
        resource.tenant,
        resource.identity,
        number,
        fields,
        fields,
    )


def everything(**changes):
    """Return the desired state as the actual one; `changes` are by kind and name."""
    existing = [
        as_existing(
            resource, number, **changes.get(f"{resource.kind} {resource.name}", {})
        )
        for number, resource in enumerate(DESIRED, start=1)
        if resource.kind != CLUSTER
    ]
    return Actual((cluster(), *existing))


def resource_of(kind, name):
    return next(r for r in DESIRED if (r.kind, r.name) == (kind, name))
