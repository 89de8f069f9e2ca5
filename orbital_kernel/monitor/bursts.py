"""The front door of bursts: what `orbital.bursts` offers.

Longer than other files, since it documents every method in full.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.ingest import files_of
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.spelling import variants
from orbital_kernel.monitor import knowledge
from orbital_kernel.monitor.loop import IDLE_S, Note, Watch
from orbital_kernel.monitor.replay import Replay
from orbital_kernel.monitor.rows import TABLE, none, with_utc
from orbital_kernel.monitor.scan import excursions_of, scan_series, series_in
from orbital_kernel.monitor.sinks import Sink
from orbital_kernel.query import Query, TimeSpan
from orbital_kernel.query.given import given_position
from orbital_kernel.query.planned import Planned
from orbital_kernel.questions import catalogued as questions
from orbital_kernel.questions import spellings
from orbital_kernel.science import precedence
from orbital_kernel.science.bursts import Settings
from orbital_kernel.science.visibility import Elements, Orbit

Progress = Callable[[str], None]


class Bursts:
    """Burst detection in files and in the store: `orbital.bursts`.

    Parameters
    ----------
    store : Store
        The database.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> "significance" in orbital.bursts.stored().columns
    True
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def scan(
        self,
        *paths: str | Path,
        settings: Settings | None = None,
        progress: Progress = lambda _name: None,
    ) -> pl.DataFrame:
        """Return the excursions in the rates of files and folders; store nothing.

        Parameters
        ----------
        *paths
            Files and folders; folders are walked. Files without rates are skipped.
        settings
            Thresholds (sigma) and times (s) of the detector; by default those
            calibrated for 0.01 false alarms of noise per day.
        progress
            Called with the name of each file before it is read.

        Returns
        -------
        polars.DataFrame
            One row per excursion, with the columns of cross.bursts (see `stored`) and
            `file`.

        Raises
        ------
        ArchiveError
            If a path does not exist, or a file given by name is damaged or of unknown
            format.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.bursts.scan(mkdtemp()).height
        0
        """
        grbs = self.catalog()
        scanned = []
        for path in files_of(paths):
            progress(path.name)
            for observatory, series in series_in(
                path, given=Path(path) in map(Path, paths)
            ):
                rows = excursions_of(series, observatory, grbs, settings)
                scanned.append(rows.with_columns(pl.lit(str(path)).alias("file")))
        if not scanned:
            return none().with_columns(pl.lit("").alias("file"))
        return pl.concat(scanned)

    def scan_store(
        self,
        *,
        settings: Settings | None = None,
        progress: Progress = lambda _name: None,
    ) -> pl.DataFrame:
        """Scan every series of rates in the store and write cross.bursts.

        One transaction replaces the rows of a series, so that scanning again adds
        nothing.

        Parameters
        ----------
        settings
            Thresholds (sigma) and times (s) of the detector; by default those
            calibrated for 0.01 false alarms of noise per day.
        progress
            Called with the name of each series before it is scanned.

        Returns
        -------
        polars.DataFrame
            All rows of cross.bursts, as `stored` returns them.

        Raises
        ------
        StoreError
            If the database does not answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.bursts.scan_store().height == orbital.bursts.stored().height
        True
        """
        grbs = self.catalog()
        for observatory in observatories():
            rates = self._store.read(f"{observatory}.rates", columns=["series"])
            names = frame_of(rates)["series"].unique()
            for name in names.drop_nulls().sort():
                progress(name)
                scan_series(self._store, observatory, name, grbs, settings)
        return self.stored()

    def stored(
        self,
        names: Sequence[str] | str | None = None,
        *,
        start: str | datetime | None = None,
        stop: str | datetime | None = None,
        causes: Sequence[str] = (),
        series: Sequence[str] = (),
    ) -> pl.DataFrame:
        """Return rows of cross.bursts in order of time: all, or those asked for.

        The database evaluates all conditions. A read of a large table without any
        reports its estimate to the log before it begins.

        Parameters
        ----------
        names : sequence of str or str, optional
            Objects, in any spelling that is registered, or in one of the usual ways.
        start, stop : str or datetime, optional
            Span of the start of the excursion, UTC; both ends included.
        causes : sequence of str
            Causes, such as 'burst'; all by default.
        series : sequence of str
            Series of rates; all by default.

        Returns
        -------
        polars.DataFrame
            One row per excursion: burst_id, observatory, series, obs_id, object, time
            (TT) and time_utc, met_s (s, the file's clock), utcf_s (s), time_rule,
            significance (sigma), timescale_s (s), band, t90_s, t90_err_s, t50_s and
            t90_start_s (s), peak, fluence and background (in `unit`; fluence in
            unit x s), cause, evidence, matches (JSON), detector, simulated, file_sha256
            and file_row.

        Raises
        ------
        StoreError
            If the database does not answer.
        QueryError
            If a time cannot be read.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.bursts.stored().columns[:3]
        ['burst_id', 'observatory', 'series']
        >>> set(orbital.bursts.stored(causes=["burst"])["cause"]) <= {"burst"}
        True
        """
        asks = Planned(self._store)
        sets: dict[str, Sequence[str]] = {}
        if names is not None:
            sets["object"] = _spelled(
                asks, [names] if isinstance(names, str) else list(names)
            )
        sets |= {"cause": list(causes)} if causes else {}
        sets |= {"series": list(series)} if series else {}
        span = None if start is None and stop is None else TimeSpan(start, stop)
        query = Query(TABLE, time=span, sets=sets, full_scan=True)
        return with_utc(asks.query(query).frame).sort("time", "burst_id")

    def watch(
        self,
        folder: Path,
        *,
        sinks: Sequence[Sink] = (),
        settings: Settings | None = None,
        replay: str | Path | None = None,
        speed: float = 1.0,
        idle_s: float = IDLE_S,
        note: Note = lambda _line: None,
    ) -> Watch:
        """Return a watcher of the store; `Watch.run` starts it.

        Parameters
        ----------
        folder
            Where the watcher saves its checkpoints; one watcher per folder.
        sinks
            Where alerts are delivered: AlertFile, Printed, Webhook, or any Sink.
        settings
            Thresholds (sigma) and times (s) of the detector.
        replay
            A file whose rates are put into the store while the watcher follows.
        speed
            How many times real time the replay runs; 0 is as fast as possible.
        idle_s
            Seconds of real time after which a series without new rows is treated as
            ended.
        note
            Called with each line the watcher reports.

        Returns
        -------
        Watch
            The watcher, with `run`, `poll` and `alerts`.

        Raises
        ------
        QueryError
            If the file to replay holds no rates or `speed` is negative.
        ArchiveError
            If that file is damaged, or its rows are simulated and the store's are real
            or the reverse.
        StoreError
            If the checkpoint in `folder` cannot be read.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> from threading import Event
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> watcher = orbital.bursts.watch(Path(mkdtemp()))
        >>> watcher.run(Event(), once=True)
        """
        played = None
        if replay is not None:
            series = list(series_in(Path(replay), given=True))
            played = Replay(self._store, series, speed=speed)
        return Watch(
            self._store,
            folder,
            sinks=sinks,
            settings=settings,
            replay=played,
            idle_s=idle_s,
            note=note,
        )

    def follow_up(
        self,
        burst_id: str | None = None,
        *,
        ra: float | None = None,
        dec: float | None = None,
        error_arcmin: float = 0.0,
        start: datetime | None = None,
        days: float = knowledge.DAYS,
        orbits: Mapping[str, Orbit | Elements] | None = None,
        delays_h: Mapping[str, float] | None = None,
    ) -> knowledge.FollowUp:
        """Return archival data at a burst's position and who can observe it next.

        Parameters
        ----------
        burst_id
            A row of cross.bursts; give it, or `ra` and `dec`.
        ra, dec
            The position, ICRS degrees.
        error_arcmin
            Radius of the error circle of `ra` and `dec`, arcmin.
        start
            Start of the plan, UTC; by default now.
        days
            Length of the plan, up to 366 days.
        orbits
            Orbits or elements by observatory; without them the Earth's limb is no limit.
        delays_h
            Hours before an observatory can begin, by its name; by default those of the
            observatories' files.

        Returns
        -------
        FollowUp
            The place, sources in the error circle, past exposures, possible upper
            limits (one row per observatory), and the plan with its ranking.

        Raises
        ------
        QueryError
            If neither burst nor position is known, or position or time span impossible.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> result = orbital.bursts.follow_up(ra=173.1, dec=27.7, days=0.1)
        >>> result.limits.columns[:2]
        ['observatory', 'pointings']
        """
        if ra is not None and dec is not None:
            place = knowledge.Place(*given_position(ra, dec), error_arcmin, "given")
        elif burst_id is not None:
            place = knowledge.place_of(self._store, burst_id)
        else:
            raise QueryError("follow-up needs a burst_id, or ra and dec")
        return knowledge.follow_up(
            *(self._store, place),
            start=start,
            days=days,
            orbits=orbits,
            delays_h=delays_h,
        )

    def catalogued(self, name: str) -> pl.DataFrame:
        """Return the entries of each catalogue and notice of a burst, and those used.

        Parameters
        ----------
        name
            The burst's name with or without 'GRB', in any case; or a notice's identifier.

        Returns
        -------
        polars.DataFrame
            One row per catalogue and notice, in order of precedence: observatory,
            catalog, time (TT) and time_utc, ra and dec (deg), error_radius_arcsec
            (arcsec), position_instrument, t90_s and t90_err_s (s), redshift, and
            `used`: the quantities taken from the row.

        Raises
        ------
        QueryError
            If no catalogue and no notice has the burst.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> name = orbital.bursts.catalog()["name"].drop_nulls()[0]
        >>> orbital.bursts.catalogued(name).columns[:2]
        ['observatory', 'catalog']
        """
        return questions.catalogued(Planned(self._store), name)

    def catalog(self) -> pl.DataFrame:
        """Return every row of the burst catalogues, in order of precedence.

        Returns
        -------
        polars.DataFrame
            One row per burst and catalogue: catalog, name, trigger_id, time (TT), ra and
            dec (deg), error_radius_arcsec (arcsec), t90_s, t90_err_s and t50_s (s),
            fluence_erg_cm2 (erg/cm2), peak_flux_ph_cm2_s (ph/cm2/s), photon_index,
            redshift, simulated, and their errors and provenance. No rows if no catalogue
            was ingested.

        Raises
        ------
        StoreError
            If the database does not answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.bursts.catalog().columns[:3]
        ['catalog', 'name', 'trigger_id']
        """
        tables = self._store.row_counts()
        frames = [
            frame_of(self._store.read(f"{observatory}.grbs"))
            for observatory in observatories()
            if f"{observatory}.grbs" in tables
        ]
        rows = (
            pl.concat(frames) if frames else frame_of(schema.GRBS.arrow.empty_table())
        )
        return precedence.in_order(rows).select(rows.columns)


def _spelled(asks: Planned, names: Sequence[str]) -> list[str]:
    """Return the spellings that the column `object` may have of these names."""
    registered = (
        spellings.named(asks, *names)["object_id"].drop_nulls() if names else ()
    )
    return sorted({*registered, *(v for name in names for v in variants(name))})
