"""Orbital: what connect() returns; holds the store and the storage.

Notebooks, widgets and the command line talk to this and to nothing below it.
"""

import getpass
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from filelock import FileLock

from orbital_kernel import config, embedded, ingest, query, sample
from orbital_kernel.config import Settings
from orbital_kernel.database import Store
from orbital_kernel.errors import ArchiveError, QueryError, StoreError
from orbital_kernel.ingest import IngestReport, Progress, Survey, Validation
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.monitor.bursts import Bursts
from orbital_kernel.query import Answer, Cone, Query, Recorder, TimeSpan
from orbital_kernel.questions import Known, Questions, Rare
from orbital_kernel.questions.asking import together
from orbital_kernel.questions.objects import Objects
from orbital_kernel.storage.health.checks import Check, Health, health_of
from orbital_kernel.storage.patience import Patience, TooSlow
from orbital_kernel.storage.session import LOOK_S, Storage

LEDGER = "ops.queries"


def connect(
    data: str | Path | None = None, *, database: str | None = None
) -> "Orbital":
    """Connect to the cluster the environment names, else to the embedded platform.

    The embedded platform of folder `data` (default: ORBITAL_HOME, else the user's data
    directory) is started where it does not run. A platform has several databases, each
    with simulated or with real rows: `database` names one (default: ORBITAL_DATABASE,
    else 'orbital'). Raises ConfigError, PlatformError or StoreError, each saying what
    to do.
    """
    database = config.database_name(database)
    home = config.data_folder(data)
    settings = (None if data else config.from_environment()) or embedded.ensure(home)
    return Orbital(settings, home=home, database=database)


class Orbital:
    """Two observatories as one: ingest, ask, detect, compare, provision."""

    def __init__(
        self, settings: Settings, *, home: Path, database: str = config.DATABASE
    ) -> None:
        self.settings = settings
        self.home = home
        self.database = database

    def __repr__(self) -> str:
        """Tell where it is connected to, never keys."""
        return f"Orbital({self.settings.engine} at {self.settings.endpoint})"

    @cached_property
    def store(self) -> Store:
        """The database."""
        return Store(self.settings, database=self.database)

    @cached_property
    def storage(self) -> Storage:
        """Provisioning and health: plan(), apply(), health()."""
        return Storage(self.settings, self.store, watch_folder=self.watch_folder)

    def health(self, *, feeds: Iterable[str] = (), within_s: float = LOOK_S) -> Health:
        """Return the state of the platform, also of one that cannot be connected to.

        Parameters
        ----------
        feeds : iterable of str
            Observatories whose files must arrive all the time.
        within_s : float
            Seconds after which the look ends, whatever has answered by then.

        Raises
        ------
        ConfigError
            If the settings name no VMS, or an observatory of `feeds` has no file.
        """
        patience = Patience(answer_s=within_s).ending_in(within_s, attempts=1)
        try:
            storage = patience.within(lambda: self.storage)
        except (StoreError, TooSlow) as error:
            reason = f"could not be connected to: {error}"
            return health_of([Check("database", "unknown", reason)])
        return storage.health(feeds=tuple(feeds), within_s=patience.left_s)

    @property
    def watch_folder(self) -> Path:
        """The folder of the burst watcher's checkpoints and sign of life."""
        where = self.settings.engine
        if where == "cluster":
            where = urlsplit(self.settings.endpoint).netloc
        return (
            self.home / "watch" / re.sub(r"[^\w.-]+", "_", f"{where}-{self.database}")
        )

    @cached_property
    def bursts(self) -> Bursts:
        """Burst detection: scan(), stored()."""
        return Bursts(self.store)

    @cached_property
    def objects(self) -> Objects:
        """What both observatories know of the same object."""
        return Objects(self)

    @cached_property
    def questions(self) -> Questions:
        """Cross-observatory questions: simultaneous(), follow_ups(), known_at(), rare()."""
        return Questions(self)

    def ingest(
        self,
        *paths: str | Path,
        observatory: str | None = None,
        replace: bool = False,
        progress: Progress = lambda _path, _size: None,
        **more: Any,
    ) -> IngestReport:
        """Take files and folders of any known format into the store.

        `more` as in ingest.ingest: mapping, workers, bulk_above.
        """
        return ingest.ingest(
            paths,
            self.store,
            observatory=observatory,
            replace=replace,
            progress=progress,
            **more,
        )

    def survey(self, *paths: str | Path, **options: Any) -> Survey:
        """Tell what ingesting these would do; options as in ingest.survey."""
        return ingest.survey(paths, self.store, **options)

    def validate(self, *paths: str | Path, **options: Any) -> Validation:
        """Compare files with what the store holds; options as in ingest.validate."""
        return ingest.validate(paths, self.store, **options)

    def prepare(
        self,
        archive: str | Path = "",
        *,
        progress: Progress = lambda _path, _size: None,
    ) -> IngestReport:
        """Provision storage and tables, and take in `archive`, if one is given.

        Without one a database that holds rows is used as it is, and an empty one gets
        the sample sky, which is written beside the embedded platform's data, once.
        Doing it again changes nothing. Raises ArchiveError where nothing of `archive`
        could come in.
        """
        self.storage.apply()
        if not archive and not self._of_sample:
            return IngestReport(())
        report = self.ingest(archive or self.sample(), progress=progress)
        refused = report.in_state("refused")
        if refused and len(refused) == len(report.files):
            raise ArchiveError(
                f"no file of {archive or 'the sample sky'} came in; the first of "
                f"{len(refused)}: {refused[0].reason}"
            )
        return report

    @property
    def simulated(self) -> bool | None:
        """Whether the database holds simulated rows or real ones; None where neither.

        True where an earlier Orbital has mixed them, since any row may be simulated.
        """
        there = ingest.held(self.store)
        return True in there if there else None

    @property
    def holds(self) -> str:
        """What the database holds, in words: simulated rows, real rows or no rows."""
        there = sorted(ingest.held(self.store), reverse=True)
        return f"{' and '.join(ingest.WORDS[kind] for kind in there) or 'no'} rows"

    @property
    def _of_sample(self) -> bool:
        """Whether the sample belongs here: nothing is stored yet, or part of it is."""
        rooms = (*observatories(), "cross")
        if not any(rows for room in rooms for rows in self.store.counts(room).values()):
            return True
        if not self.simulated:
            return False
        contents = [ingest.sha256_of(p) for p in ingest.files_of([self.sample()])]
        known = ingest.entries(self.store, contents)
        return any(known[c].state == "ingested" for c in contents if c in known)

    def sample(self) -> Path:
        """Return the sample sky's files in `home`, written where missing."""
        folder = self.home / "sample"
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(self.home / "sample.lock"):
            if not (folder / "truth" / "truth.json").exists():
                sample.write(folder)
        return folder / "archive"

    def series(self, name: str) -> pl.DataFrame:
        """Return the rates of one series in order of time.

        Raises QueryError for a name no observatory has.
        """
        asked = [
            Query(f"{observatory}.rates", sets={"series": [name]}, full_scan=True)
            for observatory in observatories()
        ]
        for answer in together(self, asked, kind="series"):
            if len(answer.frame):
                return answer.frame.sort("time", "channel")
        raise QueryError(f"there is no series {name!r} in the store")

    @cached_property
    def _who(self) -> str:
        return getpass.getuser()

    @cached_property
    def _recorder(self) -> Recorder:
        return Recorder(lambda rows: self.store.insert(LEDGER, rows))

    def query(
        self, asked: Query, *, kind: str = "query", estimate: bool = False
    ) -> Answer:
        """Answer a query and leave a row in the latency ledger, written a little later.

        `estimate` asks the server too how much its statistics leave to read.
        """
        answer = query.run(asked, self.store, estimate=estimate)
        row = query.ledger_fields(asked, answer.how, kind=kind, who=self._who)
        self._recorder.record(row)
        return answer

    def count(self, asked: Query) -> int:
        """Return how many rows a query finds, without fetching them where it can be."""
        return int(self.counted(asked).frame["count"][0])

    def counted(self, asked: Query) -> Answer:
        """Return the same as one row, `count`, and how it was found."""
        answer = query.count(asked, self.store)
        row = query.ledger_fields(asked, answer.how, kind="count", who=self._who)
        self._recorder.record(row)
        return answer

    def sql(self, text: str) -> pl.DataFrame:
        """Return the answer of a SELECT; tables named as here, e.g. swift.rates.

        Runs in the database's engine, by the vendor's driver; see query.sql.driver for
        where it is looked for.
        """
        return self.ask_sql(text).frame

    def ask_sql(self, text: str) -> Answer:
        """Return the answer of a SELECT and how it was answered; see `sql`."""
        answer = query.sql.run(text, self.store, home=self.home)
        asked = Query(answer.how.table)
        row = query.ledger_fields(asked, answer.how, kind="sql", who=self._who)
        self._recorder.record(row | {"predicate": query.recording.short(text)})
        return answer

    def flush(self) -> None:
        """Wait until the latency ledger has a row for every query asked here."""
        self._recorder.flush()

    def cone(
        self, table: str, *, ra: float, dec: float, radius_arcmin: float, **more: Any
    ) -> pl.DataFrame:
        """Return the rows of a table within a circle; `more` as in Query."""
        cone = Cone(ra, dec, radius_arcmin)
        return self.query(Query(table, cone=cone, **more), kind="cone").frame

    def between(
        self, table: str, start: str | None, stop: str | None, **more: Any
    ) -> pl.DataFrame:
        """Return the rows of a table within a time span in UTC; `more` as in Query."""
        span = TimeSpan(start, stop)
        return self.query(Query(table, time=span, **more), kind="time").frame

    def table(self, name: str, columns: Iterable[str] | None = None) -> pl.DataFrame:
        """Return a whole table; for small ones."""
        if name == LEDGER:
            self.flush()
        return frame_of(
            self.store.read(name, columns=None if columns is None else list(columns))
        )

    def tables(self) -> dict[str, int]:
        """Return how many rows each table holds."""
        with self.store.transaction() as tx:
            return {name: tx.rows(name) for name in sorted(tx.tables())}

    def units(self, table: str) -> dict[str, str]:
        """Return the unit of each column of a table that has one."""
        return {c.name: c.unit for c in schema.table(table).columns if c.unit}

    def light_curve(self, name: str, **options: Any) -> pl.DataFrame:
        """Return one object's points of both observatories in one unit and band.

        Options as in Objects.light_curve.
        """
        return self.objects.light_curve(name, **options)

    def objects_observed_by(
        self, first: str, second: str, **limits: float
    ) -> pl.DataFrame:
        """Return pointings of two observatories close on the sky and in time.

        Limits: within_arcsec (or within_arcmin) and within_days.
        """
        return self.objects.observed_by(first, second, **limits)

    def simultaneous(self, first: str, second: str, **limits: Any) -> pl.DataFrame:
        """Return stretches of good time two observatories shared at one place.

        Limits as in questions.simultaneous: within_arcmin, start, stop, at_least_s.
        """
        return self.questions.simultaneous(first, second, **limits).frame

    def follow_ups(self, bursts: Any = None, **limits: Any) -> pl.DataFrame:
        """Return which bursts of a list (default: all) were looked at afterwards.

        Limits as in questions.follow_ups: of, by, within_arcmin, within_days,
        after_days, catalog.
        """
        return self.questions.follow_ups(bursts, **limits).frame

    def known_at(self, place: str | tuple[float, float], **limits: float) -> Known:
        """Return everything known at a place: a name any table knows, or (RA, Dec).

        Limits: radius_arcmin. Raises QueryError for a name nobody knows.
        """
        if not isinstance(place, str):
            return self.questions.known_at(place[0] % 360, place[1], **limits)
        row = self.objects.place(place)
        if row is None:
            raise QueryError(f"no table knows a place of {place!r}: give (ra, dec)")
        known = self.questions.known_at(row["ra"] % 360, row["dec"], **limits)
        return replace(known, position_catalog=row["position_catalog"])

    def rare(self, kind: str, **options: Any) -> Rare:
        """Return rare events of a kind, ranked: see questions.KINDS."""
        return self.questions.rare(kind, **options)

    def require_tables(self) -> "Orbital":
        """Return itself; StoreError where the database has not been provisioned."""
        if not self.store.actual():
            raise StoreError(
                f"the database {self.database!r} at {self.settings.endpoint} has no tables: "
                "run `orbital provision apply` (or orbital.storage.apply())"
            )
        return self

    def require_rows(self, *tables: str) -> "Orbital":
        """Return itself; QueryError where one of these tables has no rows."""
        counts = self.tables()
        lacking = [name for name in tables if not counts.get(name)]
        if lacking:
            raise QueryError(
                f"this needs rows of {', '.join(lacking)} and database "
                f"{self.database!r} has none: ingest some, or take an empty database, "
                "which gets the sample sky (orbital --database NAME)"
            )
        return self
