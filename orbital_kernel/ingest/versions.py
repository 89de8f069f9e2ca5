"""Two files that hold versions of one curve: which points are one and the same.

A curve is identified by its object (else ObsID, else series), instrument, band, unit, and
kind or read-out mode; a point of it by the observatory's clock (else the time since T0,
else the time), the width of its bin, and whether it is a limit. Two files hold versions
of a curve if at least half of the points that both could hold are the same points and,
unless the files have one name, at least half of these have the same values: curves of two
sources in one field share times, not values.

Event lists and logs of intervals are versioned alike, by ObsID and instrument: a photon by
its time, chip and place to 16 pixels (processing again moves it by less), an interval by
its start and length. Of a list and a cut-out of it the photons of the smaller are dropped.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from orbital_kernel.model.constant_columns import distinct
from orbital_kernel.model.frames import frame_of

CURVES = ("rates", "photometry", "events", "intervals")
"""Tables, of any observatory, whose rows are points of curves, photons or intervals."""
IDENTITY = {
    "rates": ("object", "obs_id", "series", "instrument", "band", "unit", "kind"),
    "photometry": ("object", "obs_id", "instrument", "band", "unit", "mode"),
    "events": ("obs_id", "object", "instrument"),
    "intervals": ("obs_id", "object", "instrument", "kind"),
}
NAMED_BY = ("object", "obs_id", "series")
OBSERVED = ("events", "intervals")
"""Tables whose rows are of an observation before they are of an object."""
PIXELS = 16
PLACED = ("x_pix", "y_pix", "pi")
VALUES: dict[str, tuple[str, ...]] = {
    "events": (),
    "intervals": (),
    "rates": ("rate", "rate_err"),
    "photometry": ("value", "value_err_plus", "value_err_minus"),
}
OTHERS = {
    "rates": ("time", "met_s", "utcf_s", "object", "obs_id", "counts"),
    "photometry": ("time", "met_s", "since_t0_s", "object", "obs_id", "exposure_s"),
    "events": ("time", "met_s", "ccd_id", "energy_ev", "grade", "status", *PLACED),
    "intervals": ("time", "time_stop", "live_s", "object", "extra"),
}
WIDTHS: dict[str, tuple[str, ...]] = {
    "rates": ("bin_s",),
    "photometry": ("time_err_minus_s", "time_err_plus_s"),
    "events": (),
    "intervals": (),
}
CLOCKS = ("met_s", "since_t0_s", "time_s")
TICKS_PER_S = 10_000
"""Times that differ by less than about 0.1 ms are one: bins are 4 ms or wider."""
CURVE, AT, WIDTH, START, STOP = "$curve", "$at", "$width", "$start", "$stop"
LIMIT, PLACE, NTH = "is_limit", "$place", "$nth"
KEY = (AT, WIDTH, LIMIT, PLACE)


def kind_of(table: str) -> str:
    """Return a table's name without its observatory."""
    return table.rpartition(".")[2]


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a table of curves that identify and compare points."""
    used = (*IDENTITY[table], *VALUES[table], *OTHERS[table], *WIDTHS[table])
    more = ("extra", LIMIT) if table == "photometry" else ()
    return tuple(dict.fromkeys((*used, *more)))


def curves_of(table: str, rows: pa.Table) -> set[str]:
    """Return the identities of the curves of some rows."""
    names = [name for name in IDENTITY[table] if name in rows.column_names]
    values = [distinct(rows.column(name)).to_pylist() for name in names]
    if all(len(distinct) == 1 for distinct in values):  # a file of one curve, as most
        row = {n: v or "" for n, (v,) in zip(names, values, strict=True)}
        return {_identity(table, row)}
    return set(_identified(frame_of(rows.select(names)).unique(), table)[CURVE])


def settled(curves: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the curves of a file by table; good times beside curves go with these."""
    alone = all(kind_of(table) == "intervals" for table in curves)
    return {t: c for t, c in curves.items() if alone or kind_of(t) != "intervals"}


def same_name(first: str, second: str) -> bool:
    """Return whether two files have one name, apart from endings and a copy's number."""
    return _bare(first) == _bare(second)


def is_named(points: pl.DataFrame) -> bool:
    """Return whether a curve says what it is of: its file's name is not all."""
    return any(
        name in points.columns and points[name].null_count() < len(points)
        for name in NAMED_BY
    )


def _bare(name: str) -> str:
    stem = name.rpartition("/")[2].split(".")[0].lower()
    return re.sub(r"\s*\(\d+\)$", "", stem)


def points_of(table: str, rows: pa.Table) -> pl.DataFrame:
    """Return rows as points: with their curve, their clocks and their widths."""
    frame = _identified(frame_of(rows), table)
    if LIMIT not in frame.columns:
        frame = frame.with_columns(pl.lit(value=False).alias(LIMIT))
    frame = frame.with_columns(_place(table).alias(PLACE))
    if table in OBSERVED:
        frame = frame.with_columns(_length(table).alias("bin_s"))
    seconds = pl.col("time").dt.epoch("us") / 1e6
    widths = WIDTHS[table] or ("bin_s",)
    width = pl.sum_horizontal(pl.col(name).fill_null(0.0) for name in widths)
    return frame.with_columns(
        seconds.alias("time_s"),
        pl.col(LIMIT).fill_null(value=False),
        (width * TICKS_PER_S).round().cast(pl.Int64).alias(WIDTH),
    )


def _place(table: str) -> pl.Expr:
    """Return a number for chip and rough place of a photon; 0 for other points."""
    if table != "events":
        return pl.lit(0, pl.Int64)
    x, y = (
        (pl.col(name).fill_null(0.0) / PIXELS).floor().cast(pl.Int64)
        for name in PLACED[:2]
    )
    chip = pl.col("ccd_id").fill_null(-1).cast(pl.Int64)
    return (chip * 1_000_003 + x) * 1_000_003 + y


def _length(table: str) -> pl.Expr:
    if table == "events":
        return pl.lit(0.0)
    return (pl.col("time_stop") - pl.col("time")).dt.total_microseconds() / 1e6


def _identified(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Add the column of identities."""
    text = [name for name in IDENTITY[table] if name in frame.columns]
    of_rows = frame.select(pl.col(text).fill_null(""))
    curves = of_rows.unique()
    identities = [_identity(table, row) for row in curves.iter_rows(named=True)]
    curves = curves.with_columns(pl.Series(CURVE, identities, pl.String))
    joined = of_rows.join(curves, on=text, how="left", maintain_order="left")
    return frame.with_columns(joined[CURVE])


def _identity(table: str, row: dict[str, str]) -> str:
    names = ("obs_id", "object") if table in OBSERVED else NAMED_BY
    name = next((row[n] for n in names if row.get(n)), "")
    parts = [re.sub(r"[\s_]+", "", name).casefold()]
    parts += [row.get(n, "") for n in IDENTITY[table] if n not in NAMED_BY]
    return hashlib.sha256("\0".join((table, *parts)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Versions:
    """Points of one curve in two files: the loser's that are replaced, and what is known.

    `replaced` are rows of the loser, `lost` of them are in the winner no longer. Of the
    offered file's rows those in `same` are in the stored file with the same values and
    those in `changed` with others. `span` is the winner's extent in time (TT), None if it
    has no times or the loser keeps points.
    """

    offered_wins: bool
    replaced: pl.DataFrame
    lost: int
    same: pl.DataFrame
    changed: pl.DataFrame
    span: tuple[object, object] | None


def versions(
    table: str,
    offered: pl.DataFrame,
    stored: pl.DataFrame,
    *,
    one_name: bool,
    stored_is_newer: bool,
) -> Versions | None:
    """Compare one curve's points in two files; None if they are not versions of it.

    The offered file's points replace the stored ones, unless the stored file is the
    newer, or alone has absolute times, or holds more points and covers the offered ones.
    If one file holds few of the other's points and no others, the larger is kept.
    """
    offered, stored = _placed(offered, stored)
    start, stop = _extent(offered)
    stored_start, stored_stop = _extent(stored)
    inside = _within(stored, start, stop)
    around = _within(offered, stored_start, stored_stop)
    common = inside.join(offered, on=KEY, how="semi")
    equal = common.join(
        offered, on=[*KEY, *VALUES[table]], how="semi", nulls_equal=True
    )
    few = 2 * len(common) < max(len(inside), len(around))
    is_part = few and len(equal) == min(len(offered), len(stored))
    if not len(common) or (few and not is_part):
        return _cut_out(table, offered, stored, stored_is_newer=stored_is_newer)
    if not one_name and 2 * len(equal) < len(common):
        return None
    covers = stored_start <= start and stored_stop >= stop
    longer = covers and len(stored) > len(offered)
    untimed, stored_untimed = (f["time"].null_count() for f in (offered, stored))
    if untimed and not stored_untimed:
        longer = True
    elif stored_untimed and not untimed:
        longer = False
    offered_wins = not (stored_is_newer or longer)
    if is_part:
        offered_wins = len(offered) > len(stored)
    winner, replaced = (offered, inside) if offered_wins else (stored, around)
    compared = [*KEY, *VALUES[table], *(OTHERS[table] if offered_wins else ())]
    other, known = (inside, offered) if offered_wins else (stored, around)
    same = _paired(known, other, compared)
    common = known.join(other, on=KEY, how="semi")
    changed = common.join(other, on=compared, how="anti", nulls_equal=True)
    changed = changed.head(len(_paired(known, other, [*KEY])) - len(same))
    times = winner["time"].drop_nulls()
    return Versions(
        offered_wins,
        replaced,
        len(replaced.join(winner, on=KEY, how="anti")),
        same,
        changed,
        (times.min(), times.max()) if len(times) else None,
    )


def _paired(known: pl.DataFrame, other: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Return the points of `known` that have one of `other` to themselves.

    A file may hold several series of one curve, with points alike, and the other only one.
    """
    matched = known.join(other, on=on, how="semi", nulls_equal=True)
    partners = other.join(known, on=on, how="semi", nulls_equal=True)
    if len(matched) <= len(partners):
        return matched
    nth = pl.int_range(pl.len()).over(on).alias(NTH)
    return (
        matched.with_columns(nth)
        .join(partners.with_columns(nth), on=[*on, NTH], how="semi", nulls_equal=True)
        .drop(NTH)
    )


def _cut_out(
    table: str, offered: pl.DataFrame, stored: pl.DataFrame, *, stored_is_newer: bool
) -> Versions | None:
    """Return the photons that are in both lists, to be deleted from the smaller one."""
    if table != "events":
        return None
    offered_wins = len(offered) >= len(stored) and not stored_is_newer
    winner, loser = (offered, stored) if offered_wins else (stored, offered)
    same = [*KEY, *(name for name in PLACED if name in winner.columns)]
    replaced = loser.join(winner, on=same, how="semi", nulls_equal=True)
    known = _paired(offered, stored, same) if offered_wins else replaced
    return Versions(offered_wins, replaced, 0, known, known.clear(), None)


def _placed(
    first: pl.DataFrame, second: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add to both the place of points on the clock that both have."""
    clock = next(
        (
            name
            for name in CLOCKS
            if all(
                name in frame.columns and not frame[name].null_count()
                for frame in (first, second)
            )
        ),
        None,
    )
    if clock is None:
        names = [name for name in ("extra", "series") if name in first.columns]
        written = pl.col(names[0]) if names else pl.lit("")
        place = (written.fill_null("").hash() // 2).cast(pl.Int64)
        edges = pl.lit(0.0)
        return tuple(  # type: ignore[return-value]
            frame.with_columns(place.alias(AT), edges.alias(START), edges.alias(STOP))
            for frame in (first, second)
        )
    at = pl.col(clock)
    if "bin_s" in first.columns:
        early, late = at, at + pl.col("bin_s").fill_null(0.0)
    else:
        early = at - pl.col("time_err_minus_s").fill_null(0.0)
        late = at + pl.col("time_err_plus_s").fill_null(0.0)
    return tuple(  # type: ignore[return-value]
        frame.with_columns(
            (at * TICKS_PER_S).round().cast(pl.Int64).alias(AT),
            early.alias(START),
            late.alias(STOP),
        )
        for frame in (first, second)
    )


def _extent(frame: pl.DataFrame) -> tuple[float, float]:
    return frame[START].min(), frame[STOP].max()  # type: ignore[return-value]


def _within(frame: pl.DataFrame, start: float, stop: float) -> pl.DataFrame:
    """Return the points whose middle lies in an extent."""
    middle = (pl.col(START) + pl.col(STOP)) / 2
    return frame.filter(middle.is_between(start, stop))
