"""What the parts of `orbital.storage` share: the VMS, the database and the files."""

from pathlib import Path

from orbital_kernel.config import Settings
from orbital_kernel.database import Store
from orbital_kernel.model.observatory import Observatory
from orbital_kernel.model.site import Site
from orbital_kernel.storage.history import History
from orbital_kernel.storage.inventory import Inventory
from orbital_kernel.storage.patience import LastAnswer
from orbital_kernel.storage.vms import Vms


class Connections:
    """One VMS, one database, and the files of the site and its observatories."""

    def __init__(
        self, settings: Settings, tables: Store, *, watch_folder: Path
    ) -> None:
        self._watch_folder = watch_folder
        self._vms = Vms.connect(settings.require_vms())
        self._tables = tables
        self._inventory = Inventory(
            self._vms, tables, tables.database, settings.access_key
        )
        self._history = History(tables)
        self._database_answered = LastAnswer()

    @property
    def site(self) -> Site:
        """The site file for this database; the owner of the access key owns its buckets.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.storage.site.database.view.bucket
        'orbital'
        """
        return self._inventory.site

    @property
    def observatories(self) -> dict[str, Observatory]:
        """Every observatory that has a file, by name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> sorted(orbital.storage.observatories)
        ['chandra', 'fermi', 'swift']
        """
        return self._inventory.observatories
