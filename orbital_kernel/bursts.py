"""Bursts of files and of the store: series in, excursions with one cause each out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel import archives, schema, times
from orbital_kernel.archives.reading import Account, open_source
from orbital_kernel.errors import ArchiveError
from orbital_kernel.frames import frame_of
from orbital_kernel.ingest import files_of
from orbital_kernel.observatory import observatories
from orbital_kernel.predicate import Clause, Equal
from orbital_kernel.science import bursts as detector
from orbital_kernel.store import Store

TABLE = "cross.bursts"
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
            pl.concat(found)
            if found
            else _empty().with_columns(pl.lit("").alias("file"))
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
        return _with_utc(frame_of(self._store.read(TABLE))).sort("time", "burst_id")

    def catalog(self) -> pl.DataFrame:
        """Return every catalogue burst of the store; none where there are no tables."""
        known = self._store.actual()
        frames = [
            frame_of(self._store.read(f"{observatory}.grbs"))
            for observatory in observatories()
            if f"{observatory}.grbs" in known
        ]
        return (
            pl.concat(frames) if frames else frame_of(schema.GRBS.arrow.empty_table())
        )

    def _scan_series(
        self,
        observatory: str,
        name: str,
        grbs: pl.DataFrame,
        settings: detector.Settings | None,
    ) -> None:
        this = [Clause("series", (Equal(name),))]
        with self._store.transaction() as tx:
            series = frame_of(tx.select(f"{observatory}.rates", this))
            rows = _scan(series, observatory, grbs, settings)
            tx.delete(TABLE, this)
            tx.insert(TABLE, _conformed(rows))


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
    keep += ["background", "unit", "cause", "evidence"]
    rows = found.select(c for c in keep if c in found.columns).to_dicts()
    return [
        {**row, "matches": json.loads(matches or "[]")}
        for row, matches in zip(rows, found["matches"], strict=True)
    ]


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
        return _empty()
    first = series.sort("met_s").row(0, named=True)
    offset = pl.duration(
        nanoseconds=((pl.col("met_s") - first["met_s"]) * 1e9).round().cast(pl.Int64)
    )
    kept = (
        "series",
        "obs_id",
        "object",
        "utcf_s",
        "time_rule",
        "simulated",
        "file_sha256",
    )
    rows = found.with_columns(
        pl.lit(observatory).alias("observatory"),
        (pl.lit(first["time"]).cast(pl.Datetime("ns")) + offset).alias("time"),
        *(pl.lit(first[name], series.schema[name]).alias(name) for name in kept),
    ).with_columns(
        pl.format(
            "{} {} {}",
            "series",
            pl.col("met_s").round(3),
            pl.col("timescale_s").round(3),
        ).alias("burst_id")
    )
    return _with_utc(frame_of(_conformed(detector.match(rows, grbs))))


def _with_utc(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.Series("time_utc", times.to_utc_iso(rows["time"].to_numpy()), pl.String)
    )


def _conformed(rows: pl.DataFrame) -> pa.Table:
    wanted = schema.table(TABLE)
    names = [c.name for c in wanted.columns if c.name in rows.columns]
    return schema.conform(rows.select(names).to_arrow(), wanted)


def _empty() -> pl.DataFrame:
    return _with_utc(frame_of(schema.table(TABLE).arrow.empty_table()))
