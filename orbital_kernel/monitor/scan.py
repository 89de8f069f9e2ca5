"""The scan of series of rates: from files or the store to excursions, JSON and pages."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel import archives
from orbital_kernel.archives.reading import Account, open_source
from orbital_kernel.database import Store
from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest import files_of
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor.coincident import unreal_files
from orbital_kernel.monitor.rows import (
    TABLE,
    conformed,
    described,
    none,
    origin,
    with_utc,
)
from orbital_kernel.science import bursts as detector

JSON_COLUMNS = (
    *("file", "series", "observatory", "obs_id", "time_utc", "met_s", "significance"),
    *("timescale_s", "band", "t90_s", "t90_err_s", "t50_s", "peak", "fluence"),
    *("background", "unit", "cause", "evidence", "simulated"),
)


def scan_series(
    store: Store,
    observatory: str,
    name: str,
    grbs: pl.DataFrame,
    settings: detector.Settings | None = None,
) -> None:
    """Scan one stored series and replace its rows of cross.bursts."""
    of_series = [Clause("series", (Equal(name),))]
    with store.transaction() as tx:
        tests = unreal_files(tx, f"{observatory}.notices")
        series = frame_of(tx.select(f"{observatory}.rates", of_series)).filter(
            pl.col("file_sha256").is_null() | ~pl.col("file_sha256").is_in(list(tests))
        )
        rows = excursions_of(series, observatory, grbs, settings)
        tx.delete(TABLE, of_series)
        tx.insert(TABLE, conformed(rows))


def to_json(excursions: pl.DataFrame) -> list[dict[str, Any]]:
    """Return excursions as `bursts scan --json` prints them."""
    columns = [name for name in JSON_COLUMNS if name in excursions.columns]
    rows = excursions.select(columns).to_dicts()
    return [
        {**row, "matches": json.loads(matches or "[]")}
        for row, matches in zip(rows, excursions["matches"], strict=True)
    ]


def series_of(
    paths: Sequence[str | Path],
) -> Iterator[tuple[Path, str, pl.DataFrame]]:
    """Yield (file, observatory, rates of one series) of files and folders.

    Files without rates are skipped. Raises ArchiveError for a file given by name that is
    damaged or of unknown format.
    """
    given = set(map(Path, paths))
    for path in files_of(paths):
        for observatory, series in series_in(path, given=path in given):
            yield path, observatory, series


def draw(excursions: pl.DataFrame, folder: Path) -> list[Path]:
    """Write one page per excursion of a scan: its bins, background, window and T90.

    Returns the pages, named by series and start.
    """
    from orbital_kernel import plots  # noqa: PLC0415 - Bokeh takes a second to import

    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for (file,), rows in excursions.group_by(["file"], maintain_order=True):
        for _, _, series in series_of([str(file)]):
            of_series = rows.filter(pl.col("series") == series["series"][0])
            for k in range(of_series.height):
                page = (
                    folder
                    / f"{of_series['series'][k]}_{of_series['met_s'][k]:.3f}.html"
                )
                figure = plots.detection(series, of_series[k])
                page.write_text(plots.to_html(figure), encoding="utf-8")
                pages.append(page)
    return pages


def series_in(path: Path, *, given: bool) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield (observatory, rates of one series) of a file; skip one without rates.

    Raises ArchiveError if the file was given by name and cannot be read.
    """
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


def excursions_of(
    series: pl.DataFrame,
    observatory: str,
    grbs: pl.DataFrame,
    settings: detector.Settings | None,
) -> pl.DataFrame:
    """Return the excursions of one series as rows of cross.bursts, with matches."""
    excursions = detector.scan(series, settings or detector.Settings())
    if excursions.is_empty():
        return none()
    rows = described(excursions, observatory, origin(series))
    other = pl.col("simulated") != pl.lit(series["simulated"][0], pl.Boolean)
    of_kind = grbs.filter(~other.fill_null(value=False))
    return with_utc(frame_of(conformed(detector.match(rows, of_kind))))
