"""UKSSDC Swift-XRT light curves in QDP: flux or count rate, blocks a read-out mode.

Source: www.swift.ac.uk/xrt_curves/docs.php; QDP: heasarc.gsfc.nasa.gov/docs/software.

Traps handled: `READ TERR 1 2` gives value, +error, -error (negative) for time and
value, `READ SERR 1 2` value and one error, `READ SERR 1` with `READ TERR 2` one of each;
no READ line, or fewer columns than it says, goes by their number; columns after those
six have names in a comment ('Exposure' is the exposure) and stay in `extra`; blocks are
parted by lines of NO, however many; blocks named UL or 'Upper limit' hold limits with
errors 0 (value = limit, 3 sigma, 0.9973); rows may end in '::ObsID=00010724002'. Time is
what the column names say (xrt_axis), else seconds since T0, and T0 (MET and UT) is in a
comment only: where it is absent `time` stays null and `since_t0_s` is kept; files of
`READ SERR 1` without a T0 or a named axis may count days or seconds and do not say:
neither is claimed and the number is in `extra`. The quantity is named by the block, its
columns or the comments (xrt_quantity); without any, a median under 1e-6 is a flux.
Hardness ratios are not a brightness; hard and soft bands have edges that the file does not give. A
file called …count_rate… whose values are fluxes is a flux. QDP files of other
instruments and spectra are refused (xrt_origin).
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives import limits
from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.qdp import Points, Preamble, Reals, is_qdp, parse
from orbital_kernel.archives.naming import object_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, rows
from orbital_kernel.archives.swift.xrt_axis import Zero, axis_of, time_columns
from orbital_kernel.archives.swift.xrt_origin import (
    require_xrt,
    stranger_of,
)
from orbital_kernel.archives.swift.xrt_quantity import (
    DENSITY,
    FLUX,
    LIMIT_CONFIDENCE,
    RATE,
    RATIO,
    Quantity,
    band_of,
    mode_of,
    names_ratio,
    quantity_of,
)
from orbital_kernel.model.schema import PHOTOMETRY
from orbital_kernel.model.times import met_utcf

MOST_UTCF_S = 100.0
"""Leap seconds and drift of Swift's clock came to some tens of seconds by now."""
BY_WIDTH = {3: (0, -1, -1, 1, 2, 2), 4: (0, 1, 1, 2, 3, 3), 5: (0, 1, 2, 3, 4, 4)}
"""Which columns hold what if no READ line says it, by how many there are."""
_LABEL = re.compile(r"^\s*la\w*\s+y\d*\s+(.+)$", re.IGNORECASE | re.MULTILINE)


def recognises(source: Source) -> bool:
    """Recognise the file by a READ line, or rows ending in ::ObsID=, near the start."""
    return is_qdp(text.head_lines(source, 60))


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per point or limit."""
    account.observatory = "swift"
    preamble, blocks = parse(source)
    if not require_xrt(source, preamble, blocks):
        account.understood.append("only the file's name says that it is of Swift-XRT")
    preamble = replace(
        preamble,
        object=preamble.object or object_of(source, account),
        simulated=text.says_simulated(source),
    )
    guess = _guess(blocks, preamble)
    row, claims = 0, set[str](_contradiction(preamble))
    for block in blocks:
        quantity = (
            quantity_of(block.heading, block.columns)
            or quantity_of(*_labels(preamble), *_about_values(preamble))
            or guess
        )
        if stranger := stranger_of(block.heading):
            account.skip(f"points of {stranger}", len(block))
        elif quantity.unit == RATIO:
            account.skip(f"'{block.heading}' is neither a flux nor a rate", len(block))
        elif block.values:
            yield _photometry(preamble, block, quantity, row, claims, account)
        row += len(block)
    account.understood.extend(sorted(claims))


def _labels(preamble: Preamble) -> list[str]:
    """Return what the one axis of values is labelled with; [] if there are several."""
    labels = _LABEL.findall(preamble.opening)
    return labels if len(labels) == 1 else []


def _about_values(preamble: Preamble) -> list[str]:
    """Return the comments above the rows that say what the file's values are."""
    return [line for line in preamble.opening.splitlines() if not names_ratio(line)]


def _guess(blocks: list[Points], preamble: Preamble) -> Quantity:
    values = [v[_order(preamble, len(v))[3]] for block in blocks for v in block.values]
    return Quantity(FLUX if np.nanmedian(np.abs(values)) < 1e-6 else RATE)


def _order(preamble: Preamble, width: int) -> tuple[int, ...]:
    """Return where time, its + and - errors, value, its + and - errors are; -1 if absent."""
    order: list[int] = []
    at = 0
    for vector in (1, 2):
        columns = 3 if vector in preamble.terr else 2 if vector in preamble.serr else 1
        order += {1: (at, -1, -1), 2: (at, at + 1, at + 1), 3: (at, at + 1, at + 2)}[
            columns
        ]
        at += columns
    has_errors = bool(preamble.terr | preamble.serr) and at <= width
    return tuple(order) if has_errors else BY_WIDTH.get(width, (0, 1, 2, 3, 4, 5))


def _columns(values: list[list[float]], preamble: Preamble) -> Iterator[Reals]:
    """Yield time, its + and - half-widths, value, its + and - errors as written."""
    width = len(values[0])
    table = np.array([row[:width] for row in values])
    none = np.full(len(table), math.nan)
    for at in _order(preamble, width):
        yield none if at < 0 else table[:, at]


def _others(block: Points) -> dict[str, list[float]]:
    """Return the columns after the first six by the names a comment gives them."""
    names = block.columns.removesuffix("ObsID").split()
    width = len(block.values[0])
    if len(names) != width:
        return {}
    return {names[n]: [row[n] for row in block.values] for n in range(6, width)}


def _photometry(
    preamble: Preamble,
    block: Points,
    quantity: Quantity,
    first: int,
    claims: set[str],
    account: Account,
) -> tuple[str, pa.Table]:
    clock, plus, minus, *written = _columns(block.values, preamble)
    points = limits.measured(
        *written,
        account=account,
        coding=limits.UKSSDC,
        flagged=limits.names_limits(block.heading) or None,
    )
    is_bat = "bat" in block.heading.lower()
    band = band_of(quantity, block.heading, preamble.words, of_bat=is_bat)
    others = _others(block)
    when = _times(preamble, block, clock, np.abs(plus), np.abs(minus))
    relative = bool(when)
    _report(when, claims)
    if quantity.unit == DENSITY:
        claims.add(f"flux density in mJy at {band.name}")
    scale = quantity.factor
    return rows(
        PHOTOMETRY,
        len(block),
        object=preamble.object,
        obs_id=block.obs,
        **when,
        value=points.value * scale,
        value_err_plus=points.plus * scale,
        value_err_minus=points.minus * scale,
        is_limit=points.is_limit,
        limit_confidence=np.where(points.is_limit, LIMIT_CONFIDENCE, np.nan),
        unit=quantity.unit,
        band=band.name,
        band_low_kev=band.low,
        band_high_kev=band.high,
        instrument="BAT" if is_bat else "XRT",
        mode=mode_of(block.heading),
        exposure_s=others.pop("Exposure", None),
        extra=_extra(preamble, block, others, None if relative else (clock, plus)),
        simulated=preamble.simulated,
        file_row=range(first, first + len(block)),
    )


def _extra(
    preamble: Preamble,
    block: Points,
    others: dict[str, list[float]],
    written: tuple[Reals, Reals] | None,
) -> str | list[str | None] | None:
    """Return what has no column: one text for all points if they have it in common."""
    common = {"block": block.heading, "trigger": preamble.trigger}
    if written is None and not others:
        return extra(common)
    columns: dict[str, Sequence[float] | Reals] = {}
    if written is not None:
        clock, plus = written
        columns = {"time as written": clock, "time error as written": np.abs(plus)}
    columns |= others
    return [
        extra(common | {name: column[n] for name, column in columns.items()})
        for n in range(len(block))
    ]


def _report(when: dict[str, Any], claims: set[str]) -> None:
    """Note what the times are of."""
    if "time" not in when:
        claims.add("no T0 in the file: times are relative only")
    if "met_s" in when and "time" not in when:
        claims.add("no correction of Swift's clock: time null, MET kept")
    if "tdb" in when.get("time_rule", ""):
        claims.add("times are TDB, of arrival at the barycentre")


def _contradiction(preamble: Preamble) -> Iterator[str]:
    """Yield what to say of a T0 whose MET and UT cannot be one instant."""
    if preamble.t0_met is None or preamble.t0_utc is None:
        return
    utcf = met_utcf(preamble.t0_met, preamble.t0_utc)
    if abs(utcf) > MOST_UTCF_S:
        yield (
            f"T0 contradicts itself: its UT is {abs(utcf):,.0f} s "
            f"{'after' if utcf > 0 else 'before'} its MET; times are by the UT"
        )


def _times(
    preamble: Preamble, block: Points, clock: Reals, plus: Reals, minus: Reals
) -> dict[str, Any]:
    """Return the time columns: absolute, relative, or none claimed."""
    axis = axis_of(block.columns, preamble.words)
    met, utc = preamble.t0_met, preamble.t0_utc
    zero = None if met is None or utc is None else Zero(met, utc)
    unnamed = not axis.form and axis.unit_s is None
    if zero is None and unnamed and 1 in preamble.serr:
        return {}
    return time_columns(axis, clock, plus, minus, zero)


READER = Reader(
    "swift-xrt-qdp", recognises, read, "UKSSDC XRT light curve, QDP", version=3
)
