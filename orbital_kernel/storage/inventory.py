"""What a site and its observatories ask of storage: spaces, quotas and resources."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from orbital_kernel.errors import ConfigError
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import Observatory, observatories, site
from orbital_kernel.model.site import Site
from orbital_kernel.model.storage_spec import Space, named_as
from orbital_kernel.storage.growth.automation import Watched, watch
from orbital_kernel.storage.ledger import Ledger
from orbital_kernel.storage.listing import NotOffered
from orbital_kernel.storage.protocols import Tables
from orbital_kernel.storage.provision.created import ACTIONS
from orbital_kernel.storage.provision.desired import Limits, desired
from orbital_kernel.storage.provision.resource import Resource
from orbital_kernel.storage.vms import Vms


@dataclass(frozen=True)
class Inventory:
    """The files of a site and its observatories, read once for one database."""

    vms: Vms
    tables: Tables
    database: str
    access_key: str

    @cached_property
    def site(self) -> Site:
        """The site file for this database; the owner of the access key owns its buckets."""
        from_file = site()
        try:
            owner = self.vms.owner_of(self.access_key)
        except NotOffered:
            owner = None
        return replace(
            from_file,
            bucket_owner=owner or from_file.bucket_owner,
            database=named_as(from_file.database, self.database),
        )

    @cached_property
    def observatories(self) -> dict[str, Observatory]:
        """Every observatory that has a file, by name."""
        return observatories()

    def observatory(self, name: str) -> Observatory:
        """Return one observatory; ConfigError if it has no file."""
        if name not in self.observatories:
            raise ConfigError(
                f"there is no observatory {name!r}; there are "
                f"{', '.join(self.observatories)}"
            )
        return self.observatories[name]

    def spaces(self) -> tuple[Space, ...]:
        """Return the space of the database and of each observatory."""
        spaces = (observatory.storage for observatory in self.observatories.values())
        return (self.site.database, *spaces)

    def quota_names(self) -> tuple[str, ...]:
        """Return the name of each quota; the VMS is not asked."""
        spaces = (observatory.storage for observatory in self.observatories.values())
        return tuple(space.quota.name for space in (site().database, *spaces))

    def desired(self, tables: Mapping[str, schema.Table]) -> tuple[Resource, ...]:
        """Return the desired resources, with the quotas that automation raised.

        `tables` are those that exist.
        """
        grown: Limits = {}
        if ACTIONS in tables:
            paths = [space.view.path for space in self.spaces()]
            grown = Ledger(self.tables).grown(paths)
        return desired(self.observatories.values(), self.site, grown=grown)

    def watched(self, approved: Mapping[str, int]) -> tuple[Watched, ...]:
        """Return the quotas under automation, with the limits a person approved.

        Raises ConfigError for an approved quota that does not exist.
        """
        names = [space.quota.name for space in self.spaces()]
        unknown = approved.keys() - set(names)
        if unknown:
            raise ConfigError(
                f"there is no quota {', '.join(sorted(unknown))} to approve; there are "
                f"{', '.join(names)}"
            )
        return tuple(
            replace(watched, approved_bytes=approved.get(watched.quota.name, 0))
            for watched in watch(self.spaces())
        )
