"""Who looked at a place, when, in good time: position, time and field of view together."""

import time as clock
from dataclasses import dataclass

import numpy as np
import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Cone, Explain, Query
from orbital_kernel.questions.asking import Asks, joint_explain, together
from orbital_kernel.questions.fields import field_of
from orbital_kernel.questions.good_time import INTERVAL, united
from orbital_kernel.questions.looks import RULE, is_look
from orbital_kernel.science.columns import TT, finite, with_seconds
from orbital_kernel.science.lightcurves import EXPOSED, is_local

POINTING = (
    *("obs_id", "object", "ra", "dec", "time", "time_stop", "instrument"),
    *("exposure_s", "time_rule", "simulated"),
)
COLUMNS = (
    *("observatory", "obs_id", "object", "instrument", "time", "time_stop"),
    *("good_s", "separation_arcmin", "good_time", "simulated"),
)
UNITS = {"good_s": "s", "separation_arcmin": "arcmin"}


@dataclass(frozen=True)
class Visits:
    """The looks of all observatories at a place.

    Parameters
    ----------
    ra, dec : float
        The place, ICRS deg.
    rows : polars.DataFrame
        One row per stretch of good time: observatory, obs_id, object, instrument, time
        and time_stop (TT, at the spacecraft), good_s (s), separation_arcmin (of the
        centre of the field, arcmin), good_time ('intervals', or 'observation' where the
        ObsID has no intervals: start and stop are not exposure, and good_s is that of
        the log if it states one), simulated. In order of time.
    excluded : mapping of str to int
        Intervals and pointings that are not counted, by reason.
    how : Explain
        How the rows were found.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> visits = orbital.visits("SIM GRB 120102S")
    >>> "swift" in visits.summary["observatory"]
    True
    """

    ra: float
    dec: float
    rows: pl.DataFrame
    excluded: dict[str, int]
    how: Explain

    @property
    def summary(self) -> pl.DataFrame:
        """One row per observatory: looks, first and last look (TT), good_s (s).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.visits("SIM GRB 120102S").summary["observatory"].to_list()
        ['chandra', 'swift']
        """
        return (
            self.rows.group_by("observatory", maintain_order=True)
            .agg(
                pl.len().cast(pl.Int64).alias("looks"),
                pl.col("time").min().alias("first_look"),
                pl.col("time_stop").max().alias("last_look"),
                pl.col("good_s").sum(),
                pl.col("simulated").max(),
            )
            .sort("observatory")
        )


def visits(
    orbital: Asks, ra: float, dec: float, *, names: tuple[str, ...] | None = None
) -> Visits:
    """Return the good time in which a place was in an observatory's field of view."""
    start = clock.perf_counter()
    by_name = {n: o for n, o in observatories().items() if names is None or n in names}
    pointings = together(
        orbital,
        [
            Query(
                f"{name}.observations",
                POINTING,
                cone=Cone(ra, dec, field_of(observatory, None)),
                not_null=("time",),
            )
            for name, observatory in by_name.items()
        ],
        kind="visits",
    )
    excluded: dict[str, int] = {}
    covering = {}
    for (name, observatory), answer in zip(by_name.items(), pointings, strict=True):
        frame = answer.frame
        apart = 60 * separation_deg(ra, dec, frame["ra"], frame["dec"])
        widths = [field_of(observatory, i) for i in frame["instrument"]]
        inside = frame.with_columns(
            pl.Series("separation_arcmin", apart, dtype=pl.Float64)
        ).filter(pl.Series(apart <= np.array(widths), dtype=pl.Boolean))
        covering[name] = inside.filter(is_look())
        _count(excluded, f"{name}: not exposed, or idle", inside, covering[name])
    asked_of = [name for name, rows in covering.items() if len(rows)]
    intervals = together(
        orbital,
        [
            Query(
                f"{name}.intervals",
                INTERVAL,
                sets={
                    "obs_id": covering[name]["obs_id"].unique().sort().to_list(),
                    "kind": EXPOSED,
                },
                full_scan=True,
            )
            for name in asked_of
        ],
        kind="visits",
    )
    parts = [
        _looks(name, covering[name], answer.frame, excluded)
        for name, answer in zip(asked_of, intervals, strict=True)
    ]
    rows = pl.concat(parts) if parts else _none()
    rows = rows.sort("time", "observatory", "obs_id", "instrument", nulls_last=True)
    rules = [RULE, "the field of view of the instrument contains the place"]
    how = joint_explain([*pointings, *intervals], len(rows), rules, start)
    return Visits(ra, dec, rows, excluded, how)


def _looks(
    name: str,
    pointings: pl.DataFrame,
    intervals: pl.DataFrame,
    excluded: dict[str, int],
) -> pl.DataFrame:
    """Return the good times of pointings; of those without intervals start and stop.

    `good_s` of the latter is the exposure, where the log states it.
    """
    local = intervals.filter(is_local())
    _count(excluded, f"{name}: times of arrival at another place", intervals, local)
    per_obs_id = pointings.sort("separation_arcmin").unique(
        "obs_id", keep="first", maintain_order=True
    )
    fields = per_obs_id.select(
        *("obs_id", "object", "ra", "dec", "separation_arcmin", "simulated")
    )
    good = united(
        local.select("obs_id", "time", "time_stop", "instrument").join(
            fields, on="obs_id"
        )
    ).join(fields.select("obs_id", "separation_arcmin"), on="obs_id")
    lacking = per_obs_id.filter(
        ~pl.col("obs_id").is_in(intervals["obs_id"].unique().implode()),
        pl.col("time_stop") > pl.col("time"),
    )
    without = lacking.filter(is_local()).drop("time_rule")
    _count(excluded, f"{name}: pointings timed at another place", lacking, without)
    both_kinds = pl.concat(
        [
            rows.with_columns(
                pl.lit(name).alias("observatory"), pl.lit(source).alias("good_time")
            ).select(
                *(n for n in COLUMNS if n != "good_s"), exposed.alias("exposure_s")
            )
            for rows, source, exposed in (
                (good, "intervals", pl.lit(None, pl.Float64)),
                (without, "observation", finite("exposure_s")),
            )
        ],
        how="vertical_relaxed",
    ).with_columns(pl.col("time", "time_stop").cast(TT))
    seconds = with_seconds(both_kinds, "good_s", pl.col("time_stop") - pl.col("time"))
    shorter = pl.min_horizontal("good_s", "exposure_s").alias("good_s")
    return seconds.with_columns(shorter).select(COLUMNS)


def _count(
    excluded: dict[str, int], reason: str, before: pl.DataFrame, after: pl.DataFrame
) -> None:
    if len(before) > len(after):
        excluded[reason] = len(before) - len(after)


def _none() -> pl.DataFrame:
    kinds: dict[str, pl.DataType] = {n: pl.String() for n in COLUMNS}
    kinds |= {"time": TT, "time_stop": TT, "good_s": pl.Float64()}
    kinds |= {"separation_arcmin": pl.Float64(), "simulated": pl.Boolean()}
    return pl.DataFrame(schema=kinds)
