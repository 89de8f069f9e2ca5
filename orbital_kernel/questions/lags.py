"""The lag of one object's light curve behind another: two selections of its points.

A selection is written `OBSERVATORY[/INSTRUMENT][:LOW-HIGH][@UNIT]` with the band in keV,
such as swift/XRT:0.3-10 or swift/XRT@count / s; a band without edges in keV, a filter for
instance, is written by its name: swift/UVOT:UVW1. Points of several units or bands are never
mixed: without a unit, one that both selections have is taken if there is only one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.questions.asking import require_observatories
from orbital_kernel.science.correlation import Lag, lag
from orbital_kernel.science.lightcurves import parse_unit, with_rates_of_limits

if TYPE_CHECKING:
    from orbital_kernel.questions.curve import LightCurve

TABLE = "cross.lags"
SPEC = re.compile(
    r"(?P<observatory>[^/:@]+)(?:/(?P<instrument>[^:@]+))?"
    r"(?::(?:(?P<low>[\d.]+(?:e[-+]?\d+)?)-(?P<high>[\d.]+(?:e[-+]?\d+)?)|(?P<band>[A-Za-z][\w .']*)))?"
    r"(?:@(?P<unit>.+))?"
)
EDGE = 1e-3
"""Largest relative difference of two band edges that are the same."""
BAND = ("given_band_low_kev", "given_band_high_kev")
FILTER = pl.when(pl.col(BAND[0]).is_null()).then(pl.col("given_band"))
"""The name of a band without edges in keV."""


class HasCurves(Protocol):
    """Who has light curves of objects, and the database."""

    def light_curve(self, subject: str) -> "LightCurve":
        """Return the light curve of an object."""

    @property
    def store(self) -> Store:
        """The database."""


@dataclass(frozen=True)
class Selection:
    """Which points of an object: observatory, instrument, band (keV), unit, filter."""

    observatory: str
    instrument: str | None = None
    band_kev: tuple[float, float] | None = None
    unit: str | None = None
    filter: str | None = None

    def __str__(self) -> str:
        """Return the selection as it is written."""
        instrument = f"/{self.instrument}" if self.instrument else ""
        edges = self.band_kev
        name = f":{self.filter}" if self.filter else ""
        band = f":{edges[0]:g}-{edges[1]:g}" if edges else name
        unit = f"@{self.unit}" if self.unit else ""
        return f"{self.observatory}{instrument}{band}{unit}"


def selection(text: str) -> Selection:
    """Return the selection that a text writes; QueryError for any other text."""
    match = SPEC.fullmatch(text.strip())
    if match is None:
        raise QueryError(
            f"points are selected by OBSERVATORY[/INSTRUMENT][:LOW-HIGH][@UNIT] with the "
            f"band in keV, such as swift/XRT:0.3-10, or by :FILTER, not {text!r}"
        )
    require_observatories(match["observatory"])
    band = None
    if match["low"] is not None:
        band = float(match["low"]), float(match["high"])
        if not 0 < band[0] < band[1]:
            raise QueryError(f"a band needs 0 < LOW < HIGH in keV, not {text!r}")
    parts = (match["observatory"], match["instrument"], band, match["unit"])
    return Selection(*parts, match["band"])


def lag_of(
    orbital: HasCurves,
    subject: str,
    *,
    of: str,
    against: str,
    method: str,
    max_lag_s: float | None,
    step_s: float | None,
    confidence: float,
    simulations: int,
    interval: str | None,
    seed: int,
    store: bool,
) -> Lag:
    """Return the lag of one selection of an object's points against another."""
    selected, reference = selection(of), selection(against)
    points = _points(orbital, subject)
    selected, reference = in_one_unit(points, selected, reference)
    pair = [chosen(points, which, subject) for which in (reference, selected)]
    notes = tuple(
        note
        for rows, which in zip(pair, (reference, selected), strict=True)
        for note in _limits(rows, which)
    )
    result = lag(
        *map(with_rates_of_limits, pair),
        method=method,
        max_lag_s=max_lag_s,
        step_s=step_s,
        confidence=confidence,
        simulations=simulations,
        interval=interval,
        seed=seed,
    )
    result = replace(result, notes=(*result.notes, *notes))
    if store:
        keep(orbital.store, result, subject, str(reference), str(selected))
    return result


def _points(orbital: HasCurves, subject: str) -> pl.DataFrame:
    """Return the points of an object with the band of their file; `excluded` says why."""
    return orbital.light_curve(subject).frame


def chosen(points: pl.DataFrame, which: Selection, subject: str) -> pl.DataFrame:
    """Return the points of a selection: of one unit and one band.

    Raises
    ------
    QueryError
        If there are none, or if they are of several units or bands: the error lists those.
    """
    rows, usable = _selected(points, which), _usable()
    reasons = rows.filter(~usable)["excluded"].value_counts(sort=True)
    rows = rows.filter(usable)
    kinds = rows.select("unit", *BAND, FILTER).unique()
    if rows.is_empty():
        raise QueryError(
            f"{subject!r} has no usable points of {which}{_why(reasons)}; it has "
            f"{_listed(points.filter(usable))}"
        )
    if len(kinds) > 1:
        raise QueryError(
            f"{which} of {subject!r} mixes several bands or units: choose one of "
            f"{_listed(rows)}"
        )
    return rows


def _limits(rows: pl.DataFrame, which: Selection) -> Iterator[str]:
    """Yield in words how many limits are used as rates of their counts, or not used."""
    limits = rows.filter("is_limit")
    counted = len(with_rates_of_limits(limits).filter(~pl.col("is_limit")))
    if counted:
        yield (
            f"limits with known counts are used as rates: {counted:,} of {len(rows):,} "
            f"points of {which}"
        )
    if len(limits) > counted:
        yield (
            f"limits without counts are not used: {len(limits) - counted:,} of "
            f"{len(rows):,} points of {which}"
        )


def in_one_unit(
    points: pl.DataFrame, first: Selection, second: Selection
) -> tuple[Selection, Selection]:
    """Return the selections with the only unit that both have, unless they name one."""
    if first.unit or second.unit:
        return first, second
    units = [
        {*_selected(points, which).filter(_usable())["unit"].drop_nulls()}
        for which in (first, second)
    ]
    shared = units[0] & units[1]
    if len(shared) != 1 or units[0] == units[1]:
        return first, second
    (unit,) = shared
    return replace(first, unit=unit), replace(second, unit=unit)


def _selected(points: pl.DataFrame, which: Selection) -> pl.DataFrame:
    """Return the points of a selection, of any unit and band that it does not name."""
    rows = points.filter(pl.col("observatory") == which.observatory)
    if which.instrument:
        name = which.instrument.casefold()
        of_instrument = pl.col("instrument").str.to_lowercase().str.starts_with(name)
        rows = rows.filter(of_instrument.fill_null(value=False))
    if which.band_kev:
        rows = rows.filter(
            ((pl.col(column) - edge).abs() <= EDGE * edge).fill_null(value=False)
            for column, edge in zip(BAND, which.band_kev, strict=True)
        )
    if which.filter:
        rows = rows.filter(FILTER.eq(which.filter).fill_null(value=False))
    if which.unit:
        named = [unit for unit in rows["unit"].unique() if _is_unit(unit, which.unit)]
        rows = rows.filter(pl.col("unit").is_in(named).fill_null(value=False))
    return rows


def _is_unit(unit: str | None, named: str) -> bool:
    """Return whether two texts are the same unit."""
    if unit is None or unit == named:
        return unit is not None
    try:
        return bool(parse_unit(unit) == parse_unit(named))
    except QueryError:
        return False


def _usable() -> pl.Expr:
    return pl.col("excluded").is_null() & pl.col("value").is_not_null()


def _why(reasons: pl.DataFrame) -> str:
    """Return how many points are excluded for which reason."""
    texts = [f"{n} excluded: {reason}" for reason, n in reasons.iter_rows()]
    return f" ({'; '.join(texts)})" if texts else ""


def _listed(points: pl.DataFrame) -> str:
    """Return the selections that the points offer, with their numbers and units."""
    columns = ("observatory", "instrument", *BAND, FILTER.alias("filter"), "unit")
    kinds = points.group_by(columns).len("points").sort("points", descending=True)
    names = []
    for row in kinds.iter_rows(named=True):
        edges = (row[BAND[0]], row[BAND[1]])
        band = None if None in edges else edges
        unit = row["unit"] if kinds["unit"].n_unique() > 1 else None
        parts = (row["observatory"], row["instrument"], band, unit, row["filter"])
        name = Selection(*parts)
        names.append(f"{name} ({row['points']} points, {row['unit']})")
    return ", ".join(names) or "none"


def keep(
    database: Store, result: Lag, subject: str, reference: str, selected: str
) -> None:
    """Store a lag in cross.lags in place of an earlier one of the same question."""
    error = (
        None
        if result.low_s is None or result.high_s is None
        else (result.high_s - result.low_s) / 2
    )
    row: dict[str, str | float | None] = {
        "object": subject,
        "first": reference,
        "second": selected,
        "lag_s": result.lag_s,
        "lag_err_s": error,
        "low_s": result.low_s,
        "high_s": result.high_s,
        "confidence": result.confidence,
        "coverage": result.coverage,
        "correlation": result.correlation,
        "chance_probability": result.chance_global,
        "significance_local": result.significance_local,
        "significance_global": result.significance_global,
        "slope": result.slope,
        "method": result.method,
        "simulated": result.simulated,
    }
    with database.transaction() as tx:
        tx.widen(TABLE)
        tx.delete(
            TABLE,
            [
                Clause(name, (Equal(str(row[name])),))
                for name in ("object", "first", "second", "method")
            ],
        )
        tx.insert(TABLE, pl.DataFrame([row]).to_arrow())
