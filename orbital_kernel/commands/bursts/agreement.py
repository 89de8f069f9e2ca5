"""`orbital bursts calibrate --t90`: T90 of light curves against a burst catalogue."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


def of_files(
    catalogue: Path, paths: Sequence[Path], progress: Callable[[str], Any]
) -> "pl.DataFrame":
    """Return the T90 of each series with the ObsID of a catalogued burst.

    Raises QueryError if no series has one.
    """
    import polars as pl

    from orbital_kernel.errors import QueryError
    from orbital_kernel.science.bursts.calibration.agreement import compared

    listed = _listed(catalogue)
    rows = list(_rows(listed, paths, progress))
    if not rows:
        raise QueryError(
            f"no series of these files has the ObsID of a burst with T90 in {catalogue}:"
            " give mask-weighted light curves of its bursts"
        )
    return compared(pl.DataFrame(rows))


def _listed(catalogue: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a catalogue that have T90, by ObsID."""
    from orbital_kernel import archives
    from orbital_kernel.archives.reading import Account, open_source
    from orbital_kernel.errors import QueryError
    from orbital_kernel.model.frames import frame_of

    reader = archives.detect(catalogue)
    batches = reader.read(open_source(catalogue), Account(""))
    rows: dict[str, dict[str, Any]] = {}
    for table, batch in batches:
        if table == "grbs" and {"t90_s", "obs_id"} <= set(batch.column_names):
            frame = frame_of(batch.select(["name", "trigger_id", "obs_id", "t90_s"]))
            rows |= {r["obs_id"]: r for r in frame.drop_nulls().to_dicts()}
    if not rows:
        raise QueryError(
            f"{catalogue} lists no T90 with an ObsID: give the BAT catalogue's summary"
        )
    return rows


def _rows(
    listed: dict[str, dict[str, Any]],
    paths: Sequence[Path],
    progress: Callable[[str], Any],
) -> Iterator[dict[str, Any]]:
    import polars as pl

    from orbital_kernel.monitor.scan import series_of
    from orbital_kernel.science.bursts import scan

    for path, _, series in series_of(paths):
        progress(path.name)
        entry = listed.get(series["obs_id"][0] or "")
        if entry is None or series["kind"][0] != "net":
            continue
        bursts = scan(series).filter(pl.col("t90_s").is_not_null())
        if bursts.is_empty():
            continue
        best = bursts.sort("significance").row(-1, named=True)
        yield {
            "name": entry["name"],
            "trigger_id": int(entry["trigger_id"]),
            "bin_s": float(series["bin_s"][0]),
            **{
                k: best[k]
                for k in (*("significance", "t90_s", "t90_err_s", "t90_method_err_s"),)
            },
            "catalog_t90_s": entry["t90_s"],
        }
