"""A VMS with the storage of one observatory, whose files a test edits."""

import boto3
from memory_tables import MemoryTables

from orbital_kernel.model.observatory import FOLDER, observatories, site
from orbital_kernel.storage.provision.created import ACTIONS
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.provisioning import Provisioning
from orbital_kernel.storage.vms import Vms

OURS = (
    "protectedpaths",
    "protectionpolicies",
    "quotas",
    "views",
    "qospolicies",
    "viewpolicies",
    "vippools",
    "tenants",
)

KINDS = {"viewpolicy", "qospolicy", "view", "quota", "protectedpath"}

SITE = (FOLDER / "site.toml").read_text()

TENANT = """
[tenant]
name = "orbital-tenant"
max_views = 8
hard = "9 TB"
soft = "8 TB"
grace = "7 days"
reason = "one tenant for all observatories"
"""

POOL = """
[[vip_pools]]
name = "orbital-pool"
ip_ranges = [["127.0.0.8", "127.0.0.9"]]
subnet_cidr = 8
reason = "two addresses, one a node"
"""


def observatory_file(name):
    """Return Swift's file, renamed to another observatory."""
    text = (FOLDER / "swift.toml").read_text().replace('"swift"', f'"{name}"')
    text = text.replace("orbital-swift", f"orbital-{name}")
    return text.replace("/observatories/swift", f"/observatories/{name}")


class Platform:
    """A VMS of its own with one observatory's file, provisioned; a table in memory."""

    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.vms = Vms.connect(settings)
        self.tables = MemoryTables(ACTIONS)
        self.file = folder / "ixpe.toml"
        self.site = folder / "site.toml"
        self.file.write_text(observatory_file("ixpe"))
        self.site.write_text(SITE)
        self.storage.apply(self.storage.plan())

    @property
    def storage(self):
        def desired_resources(_tables):
            every = observatories(self.folder).values()
            return desired(every, site(self.site), tables=False)

        return Provisioning(self.vms, self.tables, desired_resources)

    def apply(self, **options):
        plan = self.storage.plan(**options)
        self.storage.apply(plan)
        return plan

    def row(self, resource, name):
        (match,) = [r for r in self.vms.listing(resource) if r["name"] == name]
        return match

    def named(self, text):
        rows = (row for kind in OURS for row in self.vms.listing(kind))
        return sorted(row["name"] for row in rows if text in row["name"])

    def bucket(self, name="orbital-ixpe"):
        settings = self.settings
        return boto3.resource(
            "s3",
            endpoint_url=settings.endpoint,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            region_name="us-east-1",
        ).Bucket(name)

    def clear(self):
        """Delete what the tests created."""
        for resource in OURS:
            for row in self.vms.listing(resource):
                if row["name"].startswith(("orbital", "/observatories")):
                    self.vms.delete(resource, row["id"])


def actions(plan):
    return {(change.action, change.resource, change.name) for change in plan.changes}
