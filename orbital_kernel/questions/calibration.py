"""Cross-calibration: fluxes of one object by two observatories at nearly the same time.

Simultaneity is of good time: the part of a point's time span in which its ObsID was
exposed, by `intervals`. A point without such intervals counts with its whole span.
"""

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Cone, Explain, Query
from orbital_kernel.query.given import (
    LONGEST_S,
    given_amount,
    given_days,
    given_separation,
)
from orbital_kernel.questions.asking import (
    Asks,
    joint_explain,
    require_observatories,
    together,
)
from orbital_kernel.questions.calibration_times import NS, good_times, timed
from orbital_kernel.science.columns import TT, either, finite
from orbital_kernel.science.crosscal import OUTLIER_SIGMA, constants
from orbital_kernel.science.lightcurves import is_local, overlaps
from orbital_kernel.science.matching import plain
from orbital_kernel.science.one_band import FLUX_UNIT, in_one_band, reasons

POINT = (
    *("object", "obs_id", "time", "time_err_plus_s", "time_err_minus_s", "ra", "dec"),
    *("value", "value_err_plus", "value_err_minus", "is_limit", "unit", "instrument"),
    *("band_low_kev", "band_high_kev", "time_rule", "simulated"),
)
DAYS_APART = 1.0
ARCSEC_APART = 5.0
DAY_S = 86_400.0
UNITS = {
    "flux_a": FLUX_UNIT,
    "flux_b": FLUX_UNIT,
    "flux_a_err": FLUX_UNIT,
    "flux_b_err": FLUX_UNIT,
    "shared_s": "s",
    "gap_s": "s",
    "separation_arcsec": "arcsec",
}


@dataclass(frozen=True)
class Calibration:
    """The flux ratio of two observatories' instruments, and the pairs behind it.

    Parameters
    ----------
    first, second : str
        The observatories; ratios are first over second.
    band_kev : tuple of float
        The band of all fluxes, keV.
    constants : polars.DataFrame
        One row per pair of instruments: kind, pairs, objects, constant with constant_low
        and constant_high (68 %), scatter (intrinsic, in natural log), trend_per_year and
        flux_trend with low and high, outliers.
    pairs : polars.DataFrame
        The pairs: kind, object, time (TT), flux_a and flux_b with errors (erg / (cm2 s)),
        ratio and ratio_err, shared_s (good time in common, s), gap_s (between the good
        times, s), separation_arcsec, residual_sigma, is_outlier.
    excluded : mapping of str to int
        How many points are not compared, by reason.
    how : Explain
        How the points were found.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> calibration = orbital.calibration("swift", "chandra", within_days=30)
    >>> calibration.band_kev
    (0.5, 7.0)
    """

    first: str
    second: str
    band_kev: tuple[float, float]
    constants: pl.DataFrame
    pairs: pl.DataFrame
    excluded: Mapping[str, int]
    how: Explain

    @property
    def units(self) -> dict[str, str]:
        """The units of the columns of `pairs`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.calibration("swift", "chandra").units["flux_a"]
        'erg / (cm2 s)'
        """
        return {name: UNITS.get(name, "") for name in self.pairs.columns}

    def __str__(self) -> str:
        """Return the constants and what is excluded in lines."""
        low, high = self.band_kev
        mark = "SIMULATED " if self.pairs["simulated"].any() else ""
        lines = [
            f"{mark}{self.first} / {self.second}, {low:g}-{high:g} keV: {len(self.pairs)} pairs"
        ]
        for row in self.constants.iter_rows(named=True):
            if row["constant"] is None:
                lines.append(
                    f"{row['kind']}: {row['pairs']} pairs, too few for a constant"
                )
                continue
            lines.append(
                f"{row['kind']}: {row['constant']:.3f} ({row['constant_low']:.3f} to "
                f"{row['constant_high']:.3f}), scatter {row['scatter']:.0%}, {row['pairs']} "
                f"pairs of {row['objects']} objects, {row['outliers']} beyond "
                f"{OUTLIER_SIGMA:g} sigma"
            )
        lines += [f"excluded: {n} points: {why}" for why, n in self.excluded.items()]
        return "\n".join(lines)


def calibration(
    orbital: Asks,
    first: str,
    second: str,
    *,
    place: tuple[float, float] | None,
    within_days: float,
    within_arcsec: float,
    at_least_s: float,
    band_kev: tuple[float, float],
    photon_index: float,
) -> Calibration:
    """Return the cross-calibration of two observatories."""
    require_observatories(first, second)
    if first == second:
        raise QueryError(
            f"a calibration compares two different observatories, not {first} twice: "
            "name for instance swift and chandra"
        )
    given_days("within_days", within_days)
    given_separation("within_arcsec", within_arcsec, "arcsec")
    given_amount("at_least_s", at_least_s, "s", most=LONGEST_S)
    start = clock.perf_counter()
    names = (first, second)
    cone = None if place is None else Cone(*place, within_arcsec / 60)
    answers = together(
        orbital,
        [
            Query(
                f"{name}.photometry",
                POINT,
                cone=cone,
                not_null=("value", "time"),
                full_scan=True,
            )
            for name in names
        ],
        kind="calibration",
    )
    excluded: dict[str, int] = {}
    a, b = (
        _usable(answer.frame, name, band_kev, photon_index, excluded)
        for name, answer in zip(names, answers, strict=True)
    )
    near = _near(a, b, within_days, within_arcsec)
    good = good_times(orbital, names, (a[near["row_a"]], b[near["row_b"]]))
    pairs = timed(near, a, b, good)
    used = _once(
        pairs.filter(
            pl.col("gap_s") <= within_days * DAY_S, pl.col("shared_s") >= at_least_s
        )
    )
    summary, rows = constants(_described(used, a, b))
    residual = [
        f"detections within {within_arcsec:g} arcsec, or of one name if not placed",
        f"good times within {within_days:g} d",
        f"in {band_kev[0]:g}-{band_kev[1]:g} keV by a power law of index {photon_index:g}",
        "each point once, with its nearest partner in time",
    ]
    how = joint_explain([*answers, *good.answers], len(rows), residual, start)
    return Calibration(first, second, band_kev, summary, rows, excluded, how)


def _usable(
    rows: pl.DataFrame,
    name: str,
    band_kev: tuple[float, float],
    photon_index: float,
    excluded: dict[str, int],
) -> pl.DataFrame:
    """Return the detections in the band with their errors and spans; count the others."""
    error = (finite("value_err_plus") + finite("value_err_minus")) / 2
    converted = in_one_band(
        rows, "unit", band_kev=band_kev, photon_index=photon_index
    ).with_columns(
        pl.coalesce(
            pl.when(pl.col("is_limit").fill_null(value=False)).then(
                pl.lit("upper limit")
            ),
            pl.when(~is_local()).then(pl.lit("time of arrival at another place")),
            "unconverted",
            pl.when(~(error > 0).fill_null(value=False)).then(pl.lit("no error")),
            pl.when(~(finite("value") > 0).fill_null(value=False)).then(
                pl.lit("no flux above 0")
            ),
        ).alias("unconverted")
    )
    for reason, count in reasons(converted).items():
        excluded[f"{name}: {reason}"] = count
    before, after = (
        pl.duration(nanoseconds=(finite(column).fill_null(0) * NS).cast(pl.Int64))
        for column in ("time_err_minus_s", "time_err_plus_s")
    )
    return converted.filter(pl.col("unconverted").is_null()).with_columns(
        (pl.col("value") * pl.col("factor")).alias("flux"),
        (error * pl.col("factor")).alias("flux_err"),
        (pl.col("time").cast(TT) - before).alias("start"),
        (pl.col("time").cast(TT) + after).alias("stop"),
    )


def _near(
    a: pl.DataFrame, b: pl.DataFrame, within_days: float, within_arcsec: float
) -> pl.DataFrame:
    """Return row_a, row_b and separation_arcsec of points close in time and place."""
    wide = pl.duration(nanoseconds=int(within_days * DAY_S * NS) + 1)
    close = overlaps(
        a.select(
            (pl.col("start") - wide).alias("time"),
            (pl.col("stop") + wide).alias("time_stop"),
        ),
        b.select(
            pl.col("start").alias("time"),
            (pl.col("stop") + pl.duration(nanoseconds=1)).alias("time_stop"),
        ),
    )
    rows_a, rows_b = a[close["row_a"]], b[close["row_b"]]
    apart = 3600 * separation_deg(
        *(
            side[name].cast(pl.Float64).to_numpy()
            for side in (rows_a, rows_b)
            for name in ("ra", "dec")
        )
    )
    same = [
        plain(left) == plain(right)
        for left, right in zip(
            rows_a["object"].fill_null(""), rows_b["object"].fill_null("?"), strict=True
        )
    ]
    return (
        close.select("row_a", "row_b")
        .with_columns(
            pl.Series("separation_arcsec", apart, dtype=pl.Float64).fill_nan(None),
            pl.Series("_same", same, dtype=pl.Boolean),
        )
        .filter(
            pl.coalesce(pl.col("separation_arcsec") <= within_arcsec, pl.col("_same"))
        )
        .drop("_same")
    )


def _once(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return each point's nearest pair in time only, so that no point counts twice."""
    ordered = pairs.sort(
        "gap_s", pl.col("shared_s"), "separation_arcsec", "row_a", "row_b",
        descending=[False, True, False, False, False], nulls_last=True,
    )  # fmt: skip
    used_a: set[int] = set()
    used_b: set[int] = set()
    retained = []
    for row_a, row_b in ordered.select("row_a", "row_b").iter_rows():
        free = row_a not in used_a and row_b not in used_b
        retained.append(free)
        if free:
            used_a.add(row_a)
            used_b.add(row_b)
    return ordered.filter(pl.Series(retained, dtype=pl.Boolean))


def _described(pairs: pl.DataFrame, a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with the names, times and fluxes of their points."""
    left, right = a[pairs["row_a"]], b[pairs["row_b"]]
    kind = pl.format(
        "{} / {}", pl.col("_a").fill_null("?"), pl.col("_b").fill_null("?")
    )
    return (
        pairs.with_columns(
            left["object"].alias("object"),
            right["object"].alias("object_b"),
            left["obs_id"].alias("obs_id_a"),
            right["obs_id"].alias("obs_id_b"),
            left["time"].alias("time"),
            *(
                side[name].alias(f"{name.replace('flux', f'flux_{which}')}")
                for which, side in (("a", left), ("b", right))
                for name in ("flux", "flux_err")
            ),
            left["instrument"].alias("_a"),
            right["instrument"].alias("_b"),
            **either(left, right),
        )
        .with_columns(kind.alias("kind"))
        .drop("_a", "_b", "row_a", "row_b")
        .sort("time", "kind")
        .select(
            "kind",
            "object",
            "object_b",
            "obs_id_a",
            "obs_id_b",
            "time",
            pl.exclude("kind", "object", "object_b", "obs_id_a", "obs_id_b", "time"),
        )
    )
