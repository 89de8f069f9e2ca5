"""Orbital: what connect() returns; holds the database and the storage.

Notebooks, widgets and the command line use this session and nothing below it. Detection,
ingest and storage are imported when they are first called: a query needs none of them.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import polars as pl

from orbital_kernel import config, embedded
from orbital_kernel.config import Settings
from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Query
from orbital_kernel.query.queries import LEDGER
from orbital_kernel.query.tables import Tables
from orbital_kernel.questions import Questions
from orbital_kernel.questions.asking import together
from orbital_kernel.questions.density import Densities
from orbital_kernel.questions.exports import Exports
from orbital_kernel.questions.footprints import Footprints
from orbital_kernel.questions.names import Names
from orbital_kernel.questions.objects import Objects
from orbital_kernel.questions.photon_calls import PhotonCalls
from orbital_kernel.questions.pointing_calls import PointingCalls
from orbital_kernel.questions.rare_calls import RareCalls
from orbital_kernel.questions.shape_calls import ShapeCalls
from orbital_kernel.questions.source_calls import SourceCalls
from orbital_kernel.session.archive import Archive
from orbital_kernel.session.early import import_early
from orbital_kernel.storage.patience import LOOK_S, Patience, TooSlow

if TYPE_CHECKING:
    from orbital_kernel.monitor.bursts import Bursts
    from orbital_kernel.questions.quality import Quality
    from orbital_kernel.storage.health.checks import Health
    from orbital_kernel.storage.session import Storage

__all__ = ["LEDGER", "Orbital", "connect"]


def connect(
    data: str | Path | None = None, *, database: str | None = None
) -> "Orbital":
    """Connect to the cluster that the environment names, else the embedded platform.

    The embedded platform is started if it does not run.

    Parameters
    ----------
    data : str or Path, optional
        Folder of the embedded platform; by default ORBITAL_HOME, else the user's data
        directory.
    database : str, optional
        One of the platform's databases, each with simulated or with real rows; by
        default ORBITAL_DATABASE, else 'orbital'.

    Returns
    -------
    Orbital
        The session.

    Raises
    ------
    ConfigError
        If settings are missing or contradict each other.
    PlatformError
        If the embedded platform cannot be started.
    StoreError
        If the database does not answer.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.database
    'orbital'
    """
    database = config.database_name(database)
    home = config.data_folder(data)
    settings = (None if data else config.from_environment()) or embedded.ensure(home)
    import_early()
    return Orbital(settings, home=home, database=database)


class Orbital(
    Archive,
    Tables,
    ShapeCalls,
    PhotonCalls,
    PointingCalls,
    SourceCalls,
    RareCalls,
    Footprints,
    Exports,
    Densities,
):
    """A session: ingest, query, detect, compare and provision.

    Parameters
    ----------
    settings : Settings
        Where the platform is, and how to sign in.
    home : Path
        Folder of the embedded platform, and of the files of this session.
    database : str
        One of the platform's databases.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.cone("swift.sources", ra=83.63, dec=22.01, radius_arcmin=5).columns[:2]
    ['catalog', 'source_id']
    """

    def __init__(
        self, settings: Settings, *, home: Path, database: str = config.DATABASE
    ) -> None:
        self.settings = settings
        self.home = home
        self.database = database

    def __repr__(self) -> str:
        """Return engine and endpoint, never keys."""
        return f"Orbital({self.settings.engine} at {self.settings.endpoint})"

    @cached_property
    def store(self) -> Store:
        """The database.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.store.database
        'orbital'
        """
        return Store(self.settings, database=self.database)

    @cached_property
    def storage(self) -> "Storage":
        """Provisioning and health: plan(), apply(), health().

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.storage.plan().changes
        ()
        """
        from orbital_kernel.storage.session import Storage

        return Storage(self.settings, self.store, watch_folder=self.watch_folder)

    @cached_property
    def bursts(self) -> "Bursts":
        """Burst detection: scan(), stored().

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "cause" in orbital.bursts.stored().columns
        True
        """
        from orbital_kernel.monitor.bursts import Bursts

        return Bursts(self.store)

    @cached_property
    def objects(self) -> Objects:
        """Objects: names(), position(), trigger(), matching(), combinations().

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.names().columns
        ['observatory', 'object', 'points', 'simulated']
        """
        return Objects(self)

    @cached_property
    def names(self) -> Names:
        """Names of objects: find(), complete(), rebuild().

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.names.find("sim agn 1")["kind"].unique().sort().to_list()
        ['object', 'target']
        """
        return Names(self)

    @cached_property
    def questions(self) -> Questions:
        """Questions with units and explanation: simultaneous(), follow_ups(), counts().

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.questions.follow_ups(within_days=30).units["dt_days"]
        'd'
        """
        return Questions(self)

    @cached_property
    def quality(self) -> "Quality":
        """Data quality: run(), board(), history(), report(), gate().

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "evidence" in orbital.quality.board().columns
        True
        """
        from orbital_kernel.questions.quality import Quality

        return Quality(self)

    @property
    def watch_folder(self) -> Path:
        """The folder of the burst watcher's checkpoints.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.watch_folder.parent.name
        'watch'
        """
        platform = self.settings.engine
        if platform == "cluster":
            platform = urlsplit(self.settings.endpoint).netloc
        name = re.sub(r"[^\w.-]+", "_", f"{platform}-{self.database}")
        return self.home / "watch" / name

    def health(
        self, *, feeds: Iterable[str] = (), within_s: float = LOOK_S
    ) -> "Health":
        """Return the state of the platform, even if it cannot be connected to.

        Parameters
        ----------
        feeds : iterable of str
            Observatories whose files must arrive continuously.
        within_s : float
            Time limit of all checks together, s.

        Returns
        -------
        Health
            The checks, each ok, warning, failing or unknown.

        Raises
        ------
        ConfigError
            If the settings name no VMS, or an observatory of `feeds` has no file.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> len(orbital.health().checks) > 1
        True
        """
        import orbital_kernel.storage.session  # noqa: F401  before the clock starts
        from orbital_kernel.storage.health.checks import Check, health_of

        patience = Patience(answer_s=within_s).ending_in(within_s, attempts=1)
        try:
            storage = patience.within(lambda: self.storage)
        except (StoreError, TooSlow) as error:
            reason = f"could not be connected to: {error}"
            return health_of([Check("database", "unknown", reason)])
        return storage.health(feeds=tuple(feeds), within_s=patience.left_s)

    def series(self, name: str) -> pl.DataFrame:
        """Return the rates of one series.

        Parameters
        ----------
        name : str
            The series, as in column `series` of `rates`.

        Returns
        -------
        polars.DataFrame
            The columns of `rates`, in order of time (TT) and channel.

        Raises
        ------
        QueryError
            If no observatory has the series.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> name = orbital.table("swift.rates", ["series"])["series"][0]
        >>> orbital.series(name)["series"].unique().to_list() == [name]
        True
        """
        queries = [
            Query(f"{observatory}.rates", sets={"series": [name]})
            for observatory in observatories()
        ]
        for answer in together(self, queries, kind="series"):
            if len(answer.frame):
                return answer.frame.sort("time", "channel")
        raise QueryError(
            f"no observatory has a series {name!r}: the column `series` of "
            "swift.rates and the other tables of rates lists them"
        )
