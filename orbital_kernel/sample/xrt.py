"""XRT light curves as UKSSDC writes them (QDP): WT, PC and upper-limit blocks.

Time is in seconds since T0, which is only in a comment line; errors are
asymmetric, the negative one written negative; blocks are parted by NO lines whose count
of NO is not the count of columns; in the limit block the errors are 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from orbital_kernel.sample import clock
from orbital_kernel.sample.curves import ERG_PER_XRT_COUNT, Curve
from orbital_kernel.sample.rounding import Reals, measured, modelled, seconds
from orbital_kernel.sample.truth import Ledger

_HEADING = "!Time    \tT_+ve   \tT_-ve   \tFlux    \tFluxpos \tFluxneg"
_COUNTS_PER_BIN = 30.0


@dataclass(frozen=True)
class Block:
    """One block: its title, bin edges from T0 (s), and whether its points are limits."""

    title: str
    edges_s: Reals
    limit: bool = False


@dataclass(frozen=True)
class Target:
    """Whose light curve: name and number, and T0 as MET and UTC seconds since 2001."""

    object: str
    number: str
    t0_met_s: float
    t0_utc_s: float


def target(name: str, number: int, met_s: float) -> Target:
    """Return a target whose T0 is that MET, to the tenth of a second files give."""
    t0 = round(met_s, 1)
    return Target(name, f"{number:08d}", t0, clock.swift_utc_s(t0, clock.utcf(t0)))


def write_qdp(
    path: Path,
    target: Target,
    curve: Curve,
    blocks: Sequence[Block],
    rng: np.random.Generator,
    ledger: Ledger,
) -> int:
    """Write one light curve; return the bytes written."""
    lines = [*_preamble(target), "", "READ TERR 1 2"]
    points = 0
    for number, block in enumerate(blocks):
        if number:
            lines.append("\t".join(["NO"] * (6 if block.limit else 5)))
        lines.append(f"! {block.title}")
        if not block.limit:
            lines.append(_HEADING)
        rows = list(_rows(target, curve, block, rng))
        lines.extend(rows)
        points += len(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(content)
    return ledger.add_file(path, "xrt qdp", size=len(content), rows=points)


def afterglow_blocks() -> tuple[Block, ...]:
    """Return a burst's blocks: WT from 80 s, PC over orbits, limits at the end."""
    slew = seconds(np.geomspace(80, 480, 90))
    orbits = [
        seconds(np.geomspace(k * 5760.0 + 4300, k * 5760.0 + 6100, 6))
        for k in range(14)
    ]
    late = [np.array([d * 86400.0, d * 86400.0 + 9000]) for d in (2, 3, 4, 6, 9)]
    gone = np.array([60 * 86400.0, 60 * 86400.0 + 12000])
    return (
        Block("WT data", slew),
        *(Block("PC data", _snapshots([*orbits, *late])) for _ in range(1)),
        Block("PC Upper limit", gone, limit=True),
    )


def monitoring_blocks(span_s: float) -> tuple[Block, ...]:
    """Return PC snapshots of 1.7 ks every orbit in 170-s bins, for `span_s`."""
    orbits = [
        np.linspace(k * 5760.0, k * 5760.0 + 1700, 11)
        for k in range(int(span_s / 5760.0))
    ]
    return (Block("PC data", _snapshots(orbits)),)


def _snapshots(pieces: Sequence[Reals]) -> Reals:
    """Join pieces of edges; a bin that would span a gap is marked by a NaN edge."""
    joined: list[float] = []
    for piece in pieces:
        joined.extend([*piece.tolist(), float("nan")])
    return np.array(joined[:-1])


def _rows(
    target: Target, curve: Curve, block: Block, rng: np.random.Generator
) -> Iterator[str]:
    for low, high in zip(block.edges_s[:-1], block.edges_s[1:], strict=True):
        if np.isnan(low) or np.isnan(high):
            continue
        middle = seconds(float(rng.uniform(0.4, 0.6)) * (high - low) + low)
        steps = np.linspace(low, high, 9)
        true = modelled(float(np.mean(curve.flux(target.t0_utc_s + steps))))
        expected = true / ERG_PER_XRT_COUNT * (high - low)
        if block.limit:
            limit = (expected + 3 * np.sqrt(expected + 3) + 3) / (high - low)
            flux, plus, minus = limit * ERG_PER_XRT_COUNT, 0.0, 0.0
        else:
            error = true / np.sqrt(max(min(expected, 900.0), _COUNTS_PER_BIN * 0.3))
            flux = max(measured(float(rng.normal(true, error))), 0.15 * true)
            plus, minus = error * 1.04, -error * 0.96
        yield _row(
            middle, high - middle, low - middle, flux, plus, minus, limit=block.limit
        )


def _row(
    time: float,
    after: float,
    before: float,
    flux: float,
    plus: float,
    minus: float,
    *,
    limit: bool,
) -> str:
    errors = "0\t0" if limit else f"{plus:.9g}\t{minus:.9g}"
    return f"{time:.3f}\t{after:.3f}\t{before:.3f}\t{flux:.9g}\t{errors}"


def _preamble(target: Target) -> list[str]:
    moment = clock.EPOCH + timedelta(seconds=target.t0_utc_s)
    stamp = f"{moment:%Y %b %d} at {moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
    return [
        "! SIMULATED by orbital sample",
        f" ! Swift/XRT lightcurve of trigger: {target.number}, name: {target.object}",
        f" ! T0 for this burst is Swift MET={target.t0_met_s:.1f} s, = {stamp} UT",
        " ! Data covers 0.3-10 keV",
        " ! Columns: time, time error (+ve, -ve), source flux, its error (+ve, -ve)",
        " ! Unit of flux: erg/cm^2/s; time in s since T0",
        " ! BINMODE: GRB-like (counts)",
    ]
