"""UKSSDC Swift-XRT light curves in QDP: flux or count rate, blocks a read-out mode.

Source: www.swift.ac.uk/xrt_curves/docs.php; QDP: heasarc.gsfc.nasa.gov/docs/software.

Traps handled: `READ TERR 1 2` gives value, +error, -error (negative) for time and
value, `READ SERR 1 2` value and one error, `READ SERR 1` with `READ TERR 2` one of each;
no READ line, or fewer columns than it says, goes by their number; columns after those
six have names in a comment ('Exposure' is the exposure) and stay in `extra`; blocks are parted by lines of NO, however many; '! PC Upper
limit(s)' blocks hold limits with errors 0 (value = limit, 3 sigma, 0.9973); rows may
end in '::ObsID=00010724002'. Time is seconds since T0, and T0 (MET and UT) is in
a comment only: where it is absent `time` stays null and `since_t0_s` is kept; files
of `READ SERR 1` without a T0 may count days or seconds and do not say: neither is
claimed and the number is in `extra`. A column headed MJD is MJD (UTC). The unit is
named by 'Flux' / 'Rate' in the column line or comments; without either, a median under
1e-6 is a flux. Hardness ratios are not a brightness; hard and soft bands have edges that the
file does not give. A file called …count_rate… whose values are fluxes is a flux.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.qdp import (
    FLUX,
    RATE,
    Points,
    Preamble,
    Reals,
    is_qdp,
    parse,
)
from orbital_kernel.archives.naming import object_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, rows
from orbital_kernel.model import times
from orbital_kernel.model.schema import PHOTOMETRY

XRT_BAND = (0.3, 10.0)
LIMIT_CONFIDENCE = 0.9973
BY_WIDTH = {3: (0, -1, -1, 1, 2, 2), 4: (0, 1, 1, 2, 3, 3), 5: (0, 1, 2, 3, 4, 4)}
"""Which columns hold what if no READ line says it, by how many there are."""

_MODE = re.compile(r"\b(WT|PC)|(?<![a-z])(wt|pc)(?![a-z])|xrt(wt|pc)")
_PART = re.compile(r"\b(hard|soft)\b", re.IGNORECASE)


def recognises(source: Source) -> bool:
    """Recognise the file by a READ line, or rows ending in ::ObsID=, near the start."""
    return is_qdp(text.head_lines(source, 60))


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per point or limit."""
    account.observatory = "swift"
    preamble, blocks = parse(source)
    preamble = replace(
        preamble,
        object=preamble.object or object_of(source, account),
        quantity=preamble.quantity or _guess(blocks, preamble),
        simulated=text.says_simulated(source),
    )
    if preamble.t0_met is None and preamble.clock != "mjd":
        account.understood.append("no T0 in the file: times are relative only")
    row = 0
    for block in blocks:
        unit = _unit(block, preamble.quantity)
        if unit is None:
            account.skip(f"'{block.heading}' is neither a flux nor a rate", len(block))
        elif block.values:
            yield _photometry(preamble, block, unit=unit, first=row)
        row += len(block)


def _guess(blocks: list[Points], preamble: Preamble) -> str:
    values = [v[_order(preamble, len(v))[3]] for block in blocks for v in block.values]
    return FLUX if np.nanmedian(np.abs(values)) < 1e-6 else RATE


def _unit(block: Points, quantity: str) -> str | None:
    name = f"{block.heading} {block.columns}".lower()
    if "gamma" in name or "nh" in name.split() or "hardness" in name:
        return None
    if "flux" in name:
        return FLUX
    return RATE if re.search(r"\brate\b", name) else quantity


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
    """Yield time, its + and - half-widths, value, its + and - errors."""
    width = len(values[0])
    table = np.array([row[:width] for row in values])
    none = np.full(len(table), math.nan)
    for place, at in enumerate(_order(preamble, width)):
        column = none if at < 0 else table[:, at]
        yield column if place in {0, 3} else np.abs(column)


def _others(block: Points) -> dict[str, list[float]]:
    """Return the columns after the first six by the names a comment gives them."""
    names = block.columns.removesuffix("ObsID").split()
    width = len(block.values[0])
    if len(names) != width:
        return {}
    return {names[n]: [row[n] for row in block.values] for n in range(6, width)}


def _photometry(
    preamble: Preamble, block: Points, *, unit: str, first: int
) -> tuple[str, pa.Table]:
    clock, plus, minus, value, up, down = _columns(block.values, preamble)
    limit = "upper limit" in block.heading.lower()
    is_bat = "bat" in block.heading.lower()
    part = _PART.search(block.heading)
    low, high = preamble.band or ((None, None) if is_bat else XRT_BAND)
    if part:
        low = high = None
    name = None if low is None else f"{low:g}-{high:g} keV"
    others = _others(block)
    when = _times(preamble, clock, plus, minus)
    relative = "since_t0_s" in when
    return rows(
        PHOTOMETRY,
        len(block),
        object=preamble.object,
        obs_id=block.obs,
        **when,
        value=value,
        value_err_plus=None if limit else up,
        value_err_minus=None if limit else down,
        is_limit=limit,
        limit_confidence=LIMIT_CONFIDENCE if limit else None,
        unit=unit,
        band=part[0].lower() if part else name,
        band_low_kev=low,
        band_high_kev=high,
        instrument="BAT" if is_bat else "XRT",
        mode=mode_of(block.heading),
        exposure_s=others.pop("Exposure", None),
        extra=[
            extra(
                {
                    "block": block.heading,
                    "trigger": preamble.trigger,
                    "time as written": None if relative else at,
                    "time error as written": None if relative else error,
                    **{name: column[n] for name, column in others.items()},
                }
            )
            for n, (at, error) in enumerate(zip(clock, plus, strict=True))
        ],
        simulated=preamble.simulated,
        file_row=range(first, first + len(block)),
    )


def _times(
    preamble: Preamble, clock: Reals, plus: Reals, minus: Reals
) -> dict[str, Any]:
    """Return the time columns: absolute by T0 or MJD, relative, or none claimed."""
    if preamble.clock == "mjd":
        return {
            "time": times.to_tt("mjd-utc", clock),
            "time_rule": "mjd-utc",
            "time_err_plus_s": plus * times.DAY_S,
            "time_err_minus_s": minus * times.DAY_S,
        }
    if preamble.t0_met is None or preamble.t0_utc is None:
        if 1 in preamble.serr:
            return {}
        return {"since_t0_s": clock, "time_err_plus_s": plus, "time_err_minus_s": minus}
    utcf = times.met_utcf(preamble.t0_met, preamble.t0_utc)
    met = preamble.t0_met + clock
    return {
        "time": times.to_tt("swift-met-utcf", met, utcf_s=utcf),
        "time_err_plus_s": plus,
        "time_err_minus_s": minus,
        "since_t0_s": clock,
        "met_s": met,
        "utcf_s": utcf,
        "time_rule": "swift-met-utcf",
    }


def mode_of(heading: str) -> str | None:
    """Return 'WT' or 'PC' where a block's heading names it."""
    if match := _MODE.search(heading):
        return next(part for part in match.groups() if part).upper()
    return None


READER = Reader(
    "swift-xrt-qdp", recognises, read, "UKSSDC XRT light curve, QDP", version=3
)
