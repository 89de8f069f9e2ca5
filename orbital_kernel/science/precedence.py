"""The one order of burst catalogues: which row gives a burst's time, place, T90, redshift.

`ORDER` is that order. Other catalogues follow by name, notices are last. Within it a
measured value precedes a limit, a firm redshift a doubtful one, and positions are
ordered by instrument first. The order in which rows are stored does not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from orbital_kernel.model.redshifts import DOUBT
from orbital_kernel.model.spelling import normalised
from orbital_kernel.science.columns import demand, fill


@dataclass(frozen=True)
class Catalogue:
    """A catalogue by its stored name, and the instrument of its positions if it is one."""

    name: str
    instrument: str | None = None


ORDER = (
    Catalogue("bat-catalog-summary", "BAT"),
    Catalogue("bat-catalog-durations", "BAT"),
    Catalogue("bat-catalog-redshift"),
    Catalogue("swift-grb-table"),
    Catalogue("xrt-lightcurve-types", "XRT"),
)
NOTICE = "notice"
FOLLOW_UP = r"(?i)(?:^|[^a-z])(?:xrt|uvot)(?:[^a-z]|$)"
"""The kinds of notices of instruments that follow a trigger up."""
NO_CATALOGUE = "catalogue without a name"
LIMITS = ("<", ">")
INSTRUMENT = "$['position from']"
"""Where a row's `extra` names the instrument of its position."""
_TIES = ("observatory", "time", "trigger_id", "ra", "dec", "t90_s", "redshift")
_MORE_TIES = ("file_sha256", "file_row")


@dataclass(frozen=True)
class Quantity:
    """A quantity that one row gives: its first column must have a value there.

    `source` names the column for the catalogue; rows with smaller `better` precede.
    """

    name: str
    columns: tuple[str, ...]
    source: str
    better: tuple[pl.Expr, ...] = ()


def is_doubtful() -> pl.Expr:
    """Return whether the text of a redshift marks it as not firm."""
    return pl.col("redshift_text").str.contains(DOUBT).fill_null(value=False)


def times_a_follow_up() -> pl.Expr:
    """Return whether a notice's time is the start of a follow-up, not the trigger.

    Notices of Swift's XRT and UVOT give when their observation of the burst began.
    """
    return pl.col("kind").str.contains(FOLLOW_UP).fill_null(value=False)


TIME = Quantity("time", ("time",), "t0_source")
T90 = Quantity(
    "T90",
    ("t90_s", "t90_err_s", "t90_limit", "t90_start_s", "t90_stop_s"),
    "t90_catalog",
    (pl.col("t90_limit").is_in(LIMITS).fill_null(value=False),),
)
REDSHIFT = Quantity(
    "redshift", ("redshift", "redshift_text"), "redshift_catalog", (is_doubtful(),)
)
FLUENCE = Quantity("fluence", ("fluence_erg_cm2",), "fluence_catalog")
PHOTON_INDEX = Quantity("photon index", ("photon_index",), "photon_index_catalog")


def position(typical_arcsec: Mapping[str, float]) -> Quantity:
    """Return the rule of positions, given each instrument's typical error.

    Instruments go by that error, and a position of an unnamed instrument by its own
    error among them. Of one instrument the smaller error comes first; a missing error,
    or one of zero, counts as the typical one.
    """
    classes = np.unique([*typical_arcsec.values()])
    typical = (
        pl.col("position_instrument")
        .str.to_uppercase()
        .replace_strict(
            {name.upper(): error for name, error in typical_arcsec.items()},
            default=None,
            return_dtype=pl.Float64,
        )
    )
    error = pl.when(pl.col("error_radius_arcsec") > 0).then("error_radius_arcsec")
    instrument_class = pl.coalesce(typical, error, float("inf")).map_batches(
        lambda radius: pl.Series(np.searchsorted(classes, radius.to_numpy())),
        return_dtype=pl.Int64,
    )
    columns = (
        *("ra", "dec", "error_radius_arcsec", "error_confidence"),
        "position_instrument",
    )
    return Quantity(
        "position",
        columns,
        "position_catalog",
        (instrument_class, pl.coalesce(error, typical, float("inf"))),
    )


def burst_key(name: str | None) -> str:
    """Return a burst's name without 'GRB', case and blanks, so that catalogues agree."""
    return normalised(name or "").removeprefix("grb")


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Return catalogue rows in the one order, with a `burst` key.

    A row without a name is a burst of its own. The instrument of the position is added
    as `position_instrument`, null if nothing names it. Rows of notices are those whose
    `source` is 'notice'.
    """
    demand(rows, "catalog", "name", subject="burst catalogue rows")
    text = {
        n: pl.String()
        for n in ("source", "extra", "t90_limit", "redshift_text", "trigger_id")
    }
    rows = fill(rows, {**text, "position_instrument": pl.String()})
    rows = rows.with_columns(_instrument().alias("position_instrument"))
    names = {c.name: rank for rank, c in enumerate(ORDER)}
    listed = pl.col("catalog").replace_strict(
        names, default=len(names), return_dtype=pl.Int32
    )
    is_notice = pl.col("source").eq_missing(pl.lit(NOTICE))
    rank = pl.when(is_notice).then(len(names) + 1).otherwise(listed)
    ties = [name for name in (*_TIES, *_MORE_TIES) if name in rows.columns]
    ordered = rows.sort(rank, "catalog", "name", *ties, nulls_last=True)
    key = pl.col("name").map_elements(burst_key, return_dtype=pl.String)
    return ordered.with_columns(
        pl.col("catalog").fill_null(NO_CATALOGUE),
        key.fill_null(pl.format("row {}", pl.int_range(pl.len()))).alias("burst"),
    )


def chosen(ordered: pl.DataFrame, quantity: Quantity) -> pl.DataFrame:
    """Return the row of each burst that gives a quantity; none if no row has it."""
    return (
        ordered.with_columns(
            pl.int_range(pl.len()).alias("_place"),
            *(part.alias(f"_better{k}") for k, part in enumerate(quantity.better)),
        )
        .filter(pl.col(quantity.columns[0]).is_not_null())
        .sort(*(f"_better{k}" for k in range(len(quantity.better))), "_place")
        .unique("burst", keep="first", maintain_order=True)
        .drop("_place", *(f"_better{k}" for k in range(len(quantity.better))))
    )


def united(rows: pl.DataFrame, *quantities: Quantity) -> pl.DataFrame:
    """Return one row per burst: each quantity from the catalogue that comes first.

    Columns: name, trigger_id, `catalogs` (all that list it), `simulated` if given, the
    columns of each quantity and its source; with the redshift `redshift_doubt`, which
    quotes every catalogue that doubts one. In order of time and name.
    """
    ordered = in_order(rows)
    flags = [c for c in ("simulated",) if c in ordered.columns]
    bursts = ordered.group_by("burst", maintain_order=True).agg(
        pl.col("name").first(),
        pl.col("trigger_id").drop_nulls().first(),
        pl.col("catalog").unique().sort().str.join(", ").alias("catalogs"),
        *(pl.col(flag).any() for flag in flags),
    )
    for quantity in quantities:
        columns = [c for c in quantity.columns if c in ordered.columns]
        values = chosen(ordered, quantity).select(
            "burst", *columns, pl.col("catalog").alias(quantity.source)
        )
        bursts = bursts.join(values, on="burst", how="left", maintain_order="left")
    if REDSHIFT in quantities:
        bursts = bursts.join(
            _doubts(ordered), on="burst", how="left", maintain_order="left"
        )
    times = ["time"] if TIME in quantities else []
    return bursts.drop("burst").sort(*times, "name", "trigger_id", nulls_last=True)


def _instrument() -> pl.Expr:
    """Return the instrument of a row's position: the row's own, else the catalogue's."""
    by_catalogue = {c.name: c.instrument for c in ORDER if c.instrument}
    return pl.coalesce(
        "position_instrument",
        pl.col("extra").str.json_path_match(INSTRUMENT),
        pl.col("catalog").replace_strict(
            by_catalogue, default=None, return_dtype=pl.String
        ),
    )


def _doubts(ordered: pl.DataFrame) -> pl.DataFrame:
    return (
        ordered.filter(is_doubtful())
        .group_by("burst", maintain_order=True)
        .agg(
            pl.format("{}: {}", "catalog", "redshift_text")
            .str.join("; ")
            .alias("redshift_doubt")
        )
    )
