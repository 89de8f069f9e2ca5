"""Summaries that CIAO's srcflux prints: fluxes of sources in bands, with intervals.

One row per source, with the observed model flux (`Mod.Flux`) of the broadest band; every
other quantity and band is in `extra`. A summary names neither ObsID nor date: match its
sources by position. Source: cxc.cfa.harvard.edu/ciao/ahelp/srcflux.html.

Traps handled: `Summary of merged source fluxes` (several observations, `NumObi`) has no
line `Flux`, and `Flux` is NAN outside the calibrated band; a value of 0, or none, below a
positive upper bound is an upper limit; the confidence of the intervals is in the heading
(68 % or 90 %); equal source numbers of two summaries are different rows, also if the summaries have one
name (`flux_summary.txt`) in two folders.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.mapped.headings import band
from orbital_kernel.archives.mapped.notation import place
from orbital_kernel.archives.naming import catalog_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import SOURCES

_TITLE = re.compile(r"\s*Summary of (merged )?source fluxes\s*")
_BAND = re.compile(r"[\d.]+ - [\d.]+ keV")
_CONFIDENCE = re.compile(r"([\d.]+)% Conf Interval")
_SOURCE = re.compile(
    r"\s*(?:#?(?P<id>\w+)\|)?\s*"
    r"(?P<place>\d{1,3}[ :]\d{1,2}[ :][\d.]+\s+[-+]?\d{1,3}[ :]\d{1,2}[ :][\d.]+)"
)
_QUANTITY = re.compile(r"(Rate|Unabs Mod\.Flux|Mod\.Flux|Flux)\s")
_VALUE = re.compile(r"(\S+) (c/s|erg/cm2/s) \(([^,\s]+),([^)\s]+)\)")
_MERGED = re.compile(r"NumObi=(\d+)")
PREFERRED = ("Mod.Flux", "Flux", "Rate")
UNITS = {"c/s": "count / s", "erg/cm2/s": "erg / (cm2 s)"}
Bounded = tuple[float, float, float, str]
"""Value, lower bound, upper bound, unit."""


@dataclass
class _Measurements:
    """One source: its number, place and what was measured, by quantity and band."""

    source_id: str
    ra: float
    dec: float
    values: dict[str, list[Bounded]] = field(default_factory=dict)
    observations: int | None = None


def recognises(source: Source) -> bool:
    """Recognise the file by its title and the heading of its intervals."""
    head = [line for line in text.head_lines(source, 12) if line.strip()]
    return (
        bool(head)
        and bool(_TITLE.fullmatch(head[0]))
        and b"Conf Interval" in source.head
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `sources`."""
    account.observatory = "chandra"
    lines = [line for line in text.lines(source.path) if line.strip()]
    bands = [band(name) for line in lines for name in _BAND.findall(line)]
    confidence = {float(c) / 100 for line in lines for c in _CONFIDENCE.findall(line)}
    if not bands or None in bands or len(confidence) != 1:
        raise ArchiveError("the heading of a srcflux summary without its bands in keV")
    measured = list(_sources(lines))
    for entry in measured:
        if any(len(values) != len(bands) for values in entry.values.values()):
            raise ArchiveError(
                f"source {entry.source_id} does not have a value in each of "
                f"{len(bands)} bands: the summary is cut short"
            )
    account.understood.append(
        f"{len(measured)} sources in {len(bands)} bands; the flux is the observed model "
        "flux of the broadest band"
    )
    account.understood.append("no ObsID and no date in the file")
    yield _rows(source, measured, [b for b in bands if b], confidence.pop())


def _sources(lines: list[str]) -> Iterator[_Measurements]:
    entry: _Measurements | None = None
    for line in lines:
        if match := _SOURCE.match(line):
            if entry is not None:
                yield entry
            number = match["id"] or match["place"]
            entry = _Measurements(number, *place(match["place"]))
        quantity = _QUANTITY.search(line)
        if entry is None or quantity is None:
            continue
        if merged := _MERGED.search(line):
            entry.observations = int(merged[1])
        entry.values[quantity[1]] = [
            (float(value), float(low), float(high), UNITS[unit])
            for value, unit, low, high in _VALUE.findall(line[quantity.end() :])
        ]
    if entry is None:
        raise ArchiveError("a srcflux summary without sources")
    yield entry


def _rows(
    source: Source,
    measured: list[_Measurements],
    bands: list[tuple[float, float]],
    confidence: float,
) -> tuple[str, Any]:
    broadest = max(range(len(bands)), key=lambda n: bands[n][1] - bands[n][0])
    low_kev, high_kev = bands[broadest]
    chosen = [_chosen(entry, broadest) for entry in measured]
    limits = [not value > 0 and high > 0 for _, (value, _, high, _) in chosen]
    return rows(
        SOURCES,
        len(measured),
        catalog="srcflux",
        source_id=[f"{catalog_of(source)} {entry.source_id}" for entry in measured],
        **position([e.ra for e in measured], [e.dec for e in measured]),
        flux=[None if n else v[0] for n, (_, v) in zip(limits, chosen, strict=True)],
        flux_low=[
            None if n else v[1] for n, (_, v) in zip(limits, chosen, strict=True)
        ],
        flux_high=[v[2] for _, v in chosen],
        is_limit=limits,
        flux_unit=[v[3] for _, v in chosen],
        band=f"{low_kev:g}-{high_kev:g} keV",
        band_low_kev=low_kev,
        band_high_kev=high_kev,
        extra=[
            _extra(entry, quantity, bands, confidence)
            for entry, (quantity, _) in zip(measured, chosen, strict=True)
        ],
        simulated=text.says_simulated(source),
        file_row=list(range(len(measured))),
    )


def _chosen(entry: _Measurements, broadest: int) -> tuple[str, Bounded]:
    """Return the preferred quantity that has an upper bound in the broadest band."""
    for quantity in PREFERRED:
        values = entry.values.get(quantity)
        if values and values[broadest][2] >= 0:
            return quantity, values[broadest]
    raise ArchiveError(f"source {entry.source_id} has neither a flux nor a rate")


def _extra(
    entry: _Measurements,
    quantity: str,
    bands: list[tuple[float, float]],
    confidence: float,
) -> str | None:
    written = {
        f"{name} {low:g}-{high:g} keV{end}": value
        for name, values in entry.values.items()
        for (low, high), numbers in zip(bands, values, strict=True)
        for end, value in zip(("", " low", " high"), numbers[:3], strict=True)
    }
    facts = {"flux is": quantity, "confidence": confidence}
    return extra({**facts, "observations": entry.observations, **written})


READER = Reader(
    "chandra-srcflux",
    recognises,
    read,
    "CIAO srcflux summary of sources, text",
    version=2,
)
