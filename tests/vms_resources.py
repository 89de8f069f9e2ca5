"""Orbital's resources on a VMS: their rows, their plan, and their removal."""

from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.kinds import KINDS
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.reading import actual

GB = 10**9

OURS = (
    "protectedpath",
    "protectionpolicy",
    "quota",
    "view",
    "qospolicy",
    "viewpolicy",
)

DESIRED = desired(observatories().values(), site(), tables=False)


def wipe(client):
    for kind in OURS:
        resource = client[KINDS[kind].resource]
        for row in resource.get():
            if str(row["name"]).startswith(("orbital", "guest")):
                resource[row["id"]].delete()


def rows(client, kind):
    listed = client[KINDS[kind].resource].get()
    return [row for row in listed if str(row["name"]).startswith("orbital")]


def row(client, kind, name):
    (match,) = [r for r in rows(client, kind) if r["name"] == name]
    return match


def plan(vms, resources=DESIRED, **options):
    return diff(resources, actual(vms, resources, **options))
