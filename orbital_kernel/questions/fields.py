"""The fields of an observatory's exposed pointings, from rows of `observations`."""

import polars as pl

from orbital_kernel.model.observatory import Instrument, Observatory, observatory
from orbital_kernel.questions.looks import is_look
from orbital_kernel.science.columns import finite
from orbital_kernel.science.footprints import ORDER, Footprint
from orbital_kernel.science.visibility import field_radius_arcmin

POINTING = (
    *("obs_id", "object", "ra", "dec", "healpix", "time", "exposure_s", "roll_deg"),
    *("instrument", "mode", "status", "log", "simulated"),
)
WIDEST_ARCMIN = 60.0
"""Wider fields monitor the sky and are not pointed at places."""
UNEXPOSED = r"(?i)slew|settling"
NOT_YET = (
    "scheduled",
    "unobserved",
    "untriggered",
    "discarded",
    "canceled",
    "cancelled",
)


def footprint_of(
    name: str,
    frame: pl.DataFrame,
    instrument: str | None = None,
    order: int = ORDER,
) -> Footprint:
    """Return the footprint of rows of `observations`."""
    named = frame
    if instrument is not None:
        of_it = (
            pl.col("instrument").str.to_uppercase().str.starts_with(instrument.upper())
        )
        named = frame.filter(of_it.fill_null(value=False))
    reasons = {
        "zero exposure": pl.col("exposure_s").fill_null(1.0) <= 0,
        "slew or settling": pl.any_horizontal(
            pl.col("mode", "object").str.contains(UNEXPOSED)
        ),
        "idle (SAA-COLD)": ~is_look(exposure=None),
        "not observed": pl.col("status").str.to_lowercase().is_in(NOT_YET),
        "without a time": pl.col("time").is_null(),
        "without a position": finite("ra").is_null() | finite("dec").is_null(),
    }
    excluded, rows = {}, named
    for reason, condition in reasons.items():
        looked = rows.filter(~condition.fill_null(value=False))
        if len(looked) < len(rows):
            excluded[reason] = len(rows) - len(looked)
        rows = looked
    return Footprint(name, _with_fields(observatory(name), rows), excluded, order)


def _with_fields(described: Observatory, rows: pl.DataFrame) -> pl.DataFrame:
    """Return looks with the field of their instrument; unknown ones have the narrowest."""
    pointed = [i for i in described.instruments if radius_of(i) <= WIDEST_ARCMIN]
    if not pointed:
        return _as_field(rows.clear(), "", 1.0, None)
    narrowest = min(pointed, key=radius_of)
    xray = [i for i in pointed if any(b.unit == "keV" for b in i.bands)]
    default = min(xray, key=radius_of) if xray else narrowest
    text = pl.col("instrument").str.to_uppercase().fill_null("")
    others, parts = rows, []
    for candidate in pointed:
        of_it = text.str.starts_with(candidate.name.upper())
        parts.append(_fields(others.filter(of_it), candidate))
        others = others.filter(~of_it)
    parts.append(_fields(others, default))
    columns = [*rows.columns, "field", "radius_arcmin", "half_arcmin"]
    return pl.concat(part.select(columns) for part in parts)


def _fields(rows: pl.DataFrame, of: Instrument) -> pl.DataFrame:
    field, scale = of.field_of_view, 60.0 if of.field_of_view.unit == "deg" else 1.0
    if field.shape == "square":
        half = scale * field.size / 2
        return _as_field(rows, of.name, half, half)
    return _as_field(rows, of.name, radius_of(of), None)


def _as_field(
    rows: pl.DataFrame, name: str, radius: float, half: float | None
) -> pl.DataFrame:
    return rows.with_columns(
        field=pl.lit(name),
        radius_arcmin=pl.lit(radius),
        half_arcmin=pl.lit(half, dtype=pl.Float64),
    )


def radius_of(of: Instrument) -> float:
    """Return the radius of an instrument's field, arcmin."""
    return field_radius_arcmin(of.field_of_view)


def field_of(observatory: Observatory, instrument: str | None) -> float:
    """Return the radius of an instrument's field of view, named as in a log, arcmin.

    An unknown instrument, or one that does not make images, counts as the widest that
    points.
    """
    fields = {
        i.name.casefold(): field_radius_arcmin(i.field_of_view)
        for i in observatory.instruments
    }
    pointed = [f for f in fields.values() if f <= WIDEST_ARCMIN]
    widest = max(pointed or fields.values())
    named = (instrument or "").casefold()
    matching = (
        field
        for name, field in fields.items()
        if named.startswith(name) and field <= WIDEST_ARCMIN
    )
    return next(matching, widest)
