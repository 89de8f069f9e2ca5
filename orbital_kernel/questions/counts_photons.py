"""Photons of one ObsID in a band, on the file's clock, with the good times of their chips."""

import json
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT
from orbital_kernel.science.lightcurves.exposure import NS, inside, merged, nanoseconds

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
XRT_EV = 10.0
"""Nominal energy of one PI channel of Swift's XRT, eV."""


@dataclass(frozen=True)
class ClockedPhotons:
    """Events of one band, and the good times of each of their chips, on the clock."""

    events: pl.DataFrame
    good: dict[int | None, pl.DataFrame]
    chip: int | None
    origin: int

    def times(self, selected: Flags) -> Ints:
        """Return the times, ns, of selected photons within their chip's good time."""
        events = self.events.filter(pl.Series(selected))
        parts = []
        for chip, group in events.group_by("ccd_id"):
            times = in_ns(group["met_s"])
            key = chip[0] if chip[0] in self.good else None
            good = self.good.get(key, self.good[self.chip])
            parts.append(times[inside(good, times)])
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def banded(
    events: pl.DataFrame, band: tuple[float, float], obs_id: str
) -> tuple[pl.DataFrame, list[str]]:
    """Return the photons of a band, each once, and what was assumed or dropped."""
    notes = []
    energy = pl.col("energy_ev")
    if len(events) and events["energy_ev"].null_count() == len(events):
        if events["instrument"].unique().to_list() != ["XRT"]:
            raise QueryError(
                f"the photons of ObsID {obs_id} have no energies: a band cannot be counted"
            )
        energy = XRT_EV * pl.col("pi").cast(pl.Float64)
        notes.append("energies are PI channels of 10 eV")
    same = ["met_s", "x_pix", "y_pix", "ccd_id", "pi"]
    files = events["file_sha256"].n_unique()
    if files > 1:
        rank = pl.int_range(pl.len()).over(*same, "file_sha256").alias("_rank")
        single = events.with_columns(rank).unique([*same, "_rank"], maintain_order=True)
        notes.append(
            f"{len(events) - len(single):,} photons that several of {files} files hold "
            "count once"
        )
        events = single.drop("_rank")
    low, high = (1000 * edge for edge in band)
    return events.filter((energy >= low) & (energy < high)), notes


def on_clock(
    rows: pl.DataFrame, good: pl.DataFrame, of_source: Flags, start_s: float | None
) -> tuple[ClockedPhotons, list[str]]:
    """Return the photons with the good times of their chips, and what was chosen."""
    files = rows["file_sha256"].unique()
    own_files = good.filter(pl.col("file_sha256").is_in(files.implode()))
    good = good if own_files.is_empty() else own_files
    chip = good["instrument"].str.extract(r" ccd (\d+)$").cast(pl.Int16)
    good = good.with_columns(chip.alias("chip"), kind=pl.lit("gti"))
    by_chip = {key[0]: merged(_clocked(group)) for key, group in good.group_by("chip")}
    used = rows.filter(pl.Series(of_source))["ccd_id"].drop_nulls()
    numbers = used.value_counts(sort=True)
    main = next((c for c in numbers["ccd_id"].to_list() if c in by_chip), None)
    if main is None:
        main = next(iter(sorted(by_chip, key=lambda c: (c is not None, c or 0))))
    notes = []
    if main is not None:
        others = len(used) - int((used == main).sum())
        notes.append(f"live time is that of CCD {main}")
        if others:
            notes.append(
                f"{others} of {len(used)} photons are of other CCDs, counted in their "
                "own good times"
            )
    first = nanoseconds(by_chip[main], "time")[0]
    origin = first if start_s is None else round(start_s * NS)
    headers = [json.loads(text).get("tstart_s") for text in good["extra"].drop_nulls()]
    stated = [value for value in headers if value is not None]
    if start_s is None and stated:
        origin = round(min(stated) * NS)
        notes.append("bins start at the file's TSTART")
    return ClockedPhotons(rows, by_chip, main, int(origin)), notes


def _clocked(good: pl.DataFrame) -> pl.DataFrame:
    """Return good times on the file's clock, ns, in the columns of TT."""
    return pl.DataFrame(
        {
            "time": pl.Series(in_ns(good["met_start_s"])).cast(TT),
            "time_stop": pl.Series(in_ns(good["met_stop_s"])).cast(TT),
            "live_s": good["live_s"],
        }
    )


def in_ns(seconds: pl.Series) -> Ints:
    """Return times of a clock in whole nanoseconds."""
    return np.asarray(np.rint(seconds.to_numpy() * NS), dtype=np.int64)
