"""Bursts of files and of the store: series in, excursions with one cause each out."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel import archives
from orbital_kernel.archives.reading import Account, open_source
from orbital_kernel.database import Store
from orbital_kernel.errors import ArchiveError, QueryError
from orbital_kernel.ingest import files_of
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor import Replay, Sink, Watch, knowledge
from orbital_kernel.monitor.follow import unreal_files
from orbital_kernel.monitor.loop import IDLE_S, Note
from orbital_kernel.monitor.rows import (
    TABLE,
    conformed,
    described,
    none,
    origin,
    with_utc,
)
from orbital_kernel.questions import catalogued as questions
from orbital_kernel.science import bursts as detector
from orbital_kernel.science import precedence

Progress = Callable[[str], None]


class Bursts:
    """Detection over files and over the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def scan(
        self,
        *paths: str | Path,
        settings: detector.Settings | None = None,
        progress: Progress = lambda _name: None,
    ) -> pl.DataFrame:
        """Return what is found in the rates of files and folders; nothing is stored.

        A row an excursion: columns of cross.bursts, `file` and `time_utc`. Files without
        rates are passed over. Raises ArchiveError for a file given that is broken or of
        no known format.
        """
        grbs = self.catalog()
        found = []
        for path in files_of(paths):
            progress(path.name)
            for observatory, series in _series_of(
                path, given=Path(path) in map(Path, paths)
            ):
                rows = _scan(series, observatory, grbs, settings)
                found.append(rows.with_columns(pl.lit(str(path)).alias("file")))
        return (
            pl.concat(found) if found else none().with_columns(pl.lit("").alias("file"))
        )

    def scan_store(
        self,
        *,
        settings: detector.Settings | None = None,
        progress: Progress = lambda _name: None,
    ) -> pl.DataFrame:
        """Scan every series of rates in the store and keep what is found.

        Rows of the same series go and come in one transaction, so scanning again adds
        nothing. Returns all rows of cross.bursts.
        """
        grbs = self.catalog()
        for observatory in observatories():
            table = f"{observatory}.rates"
            names = frame_of(self._store.read(table, columns=["series"]))[
                "series"
            ].unique()
            for name in names.drop_nulls().sort():
                progress(name)
                self._scan_series(observatory, name, grbs, settings)
        return self.stored()

    def stored(self) -> pl.DataFrame:
        """Return cross.bursts in order of time."""
        return with_utc(frame_of(self._store.read(TABLE))).sort("time", "burst_id")

    def watch(
        self,
        folder: Path,
        *,
        sinks: Sequence[Sink] = (),
        settings: detector.Settings | None = None,
        replay: str | Path | None = None,
        speed: float = 1.0,
        idle_s: float = IDLE_S,
        note: Note = lambda _line: None,
    ) -> Watch:
        """Return a watcher of the store with its checkpoints in `folder`; see its `run`.

        `replay` names a file whose rates are put into the store at `speed` times real
        time (0: as fast as it goes) while the watcher follows.
        """
        played = None
        if replay is not None:
            series = list(_series_of(Path(replay), given=True))
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
        **options: Any,
    ) -> knowledge.FollowUp:
        """Return what the archive knows of a burst's place and who can look at it next.

        Give a row's `burst_id`, or a place (ICRS deg). Options as science.followup.plan:
        start (UTC), days, orbits, delays_h. Raises QueryError for a burst without place.
        """
        if ra is not None and dec is not None:
            place = knowledge.Place(ra, dec, error_arcmin, "given")
        elif burst_id is not None:
            place = knowledge.place_of(self._store, burst_id)
        else:
            raise QueryError("follow-up needs a burst_id, or ra and dec")
        return knowledge.follow_up(self._store, place, **options)

    def catalogued(self, name: str) -> pl.DataFrame:
        """Return what each catalogue and notice says of a burst, and which is used.

        Parameters
        ----------
        name
            The burst's name with or without 'GRB', in any case; or a notice's identifier.

        Returns
        -------
        polars.DataFrame
            One row per catalogue and notice, first the one that comes first:
            observatory, catalog, time (TT) and time_utc, ra and dec (deg),
            error_radius_arcsec, position_instrument, t90_s and t90_err_s (s), redshift,
            and `used`: what is taken from the row.

        Raises
        ------
        QueryError
            If no catalogue and no notice has the burst.
        """
        return questions.catalogued(self._store, name)

    def catalog(self) -> pl.DataFrame:
        """Return every row of the burst catalogues, in their order; else no rows."""
        known = self._store.actual()
        frames = [
            frame_of(self._store.read(f"{observatory}.grbs"))
            for observatory in observatories()
            if f"{observatory}.grbs" in known
        ]
        rows = (
            pl.concat(frames) if frames else frame_of(schema.GRBS.arrow.empty_table())
        )
        return precedence.in_order(rows).select(rows.columns)

    def _scan_series(
        self,
        observatory: str,
        name: str,
        grbs: pl.DataFrame,
        settings: detector.Settings | None,
    ) -> None:
        this = [Clause("series", (Equal(name),))]
        with self._store.transaction() as tx:
            tests = unreal_files(tx, f"{observatory}.notices")
            series = frame_of(tx.select(f"{observatory}.rates", this)).filter(
                pl.col("file_sha256").is_null()
                | ~pl.col("file_sha256").is_in(list(tests))
            )
            rows = _scan(series, observatory, grbs, settings)
            tx.delete(TABLE, this)
            tx.insert(TABLE, conformed(rows))


def to_json(found: pl.DataFrame) -> list[dict[str, Any]]:
    """Return excursions as `bursts scan --json` prints them."""
    keep = [
        "file",
        "series",
        "observatory",
        "obs_id",
        "time_utc",
        "met_s",
        "significance",
    ]
    keep += ["timescale_s", "band", "t90_s", "t90_err_s", "t50_s", "peak", "fluence"]
    keep += ["background", "unit", "cause", "evidence", "simulated"]
    rows = found.select(c for c in keep if c in found.columns).to_dicts()
    return [
        {**row, "matches": json.loads(matches or "[]")}
        for row, matches in zip(rows, found["matches"], strict=True)
    ]


def series_of(
    paths: Sequence[str | Path],
) -> Iterator[tuple[Path, str, pl.DataFrame]]:
    """Yield (file, observatory, rates of one series) of files and folders.

    Files without rates are passed over. Raises ArchiveError for a file given that is
    broken or of no known format.
    """
    given = set(map(Path, paths))
    for path in files_of(paths):
        for observatory, series in _series_of(path, given=path in given):
            yield path, observatory, series


def draw(found: pl.DataFrame, folder: Path) -> list[Path]:
    """Write a page a row of a scan of files: its bins, background, window and T90.

    Returns the pages, named by series and start.
    """
    from orbital_kernel import plots  # noqa: PLC0415 - Bokeh takes a second to import

    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for (file,), rows in found.group_by(["file"], maintain_order=True):
        for _, _, series in series_of([str(file)]):
            mine = rows.filter(pl.col("series") == series["series"][0])
            for k in range(mine.height):
                page = folder / f"{mine['series'][k]}_{mine['met_s'][k]:.3f}.html"
                figure = plots.detection(series, mine[k])
                page.write_text(plots.to_html(figure), encoding="utf-8")
                pages.append(page)
    return pages


def _series_of(path: Path, *, given: bool) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield (observatory, rates of one series) of a file."""
    try:
        reader = archives.detect(path)
        account = Account("")
        batches = [
            rows
            for name, rows in reader.read(open_source(path), account)
            if name == "rates"
        ]
    except ArchiveError:
        if given:
            raise
        return
    if batches:
        rates = schema.conform(pa.concat_tables(batches), schema.RATES)
        for (_,), series in frame_of(rates).group_by(["series"], maintain_order=True):
            yield account.observatory, series


def _scan(
    series: pl.DataFrame,
    observatory: str,
    grbs: pl.DataFrame,
    settings: detector.Settings | None,
) -> pl.DataFrame:
    found = detector.scan(series, settings or detector.Settings())
    if found.is_empty():
        return none()
    rows = described(found, observatory, origin(series))
    other = pl.col("simulated") != pl.lit(series["simulated"][0], pl.Boolean)
    of_kind = grbs.filter(~other.fill_null(value=False))
    return with_utc(frame_of(conformed(detector.match(rows, of_kind))))
