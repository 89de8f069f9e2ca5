"""The checks of one observatory's file, in the order its parts depend on each other.

Each reports what it found. Nothing here is specific to one observatory: the same rules
hold for all.
"""

import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from orbital_kernel.archives import readers
from orbital_kernel.errors import ConfigError
from orbital_kernel.model import schema, times
from orbital_kernel.model.observatory import (
    Instrument,
    Observatory,
    files,
    observatories,
    site,
)
from orbital_kernel.model.observatory import observatory as of_name
from orbital_kernel.storage.provision.desired import desired

BLANK = "FILL IN"
SHAPES = ("circle", "square", "coded", "sky")
MOST = {"arcmin": 10_800.0, "deg": 180.0, "sr": 4 * math.pi}
"""A field's size at most, by its unit: the whole sky."""
KEV = (1e-4, 1e12)
NM = (1.0, 1e9)
LEAST_REASON = 20


@dataclass(frozen=True)
class Check:
    """One check: its name, `ok`, `fails` or `not tried`, and what it found."""

    name: str
    state: str
    found: str


def check(name: str, sample: Path | None = None) -> tuple[Check, ...]:
    """Check an observatory's file against everything that uses it.

    Parameters
    ----------
    name : str
        Name of the observatory.
    sample : pathlib.Path, optional
        One of its files: ingested into a temporary platform and read back.

    Returns
    -------
    tuple of Check
        Each with its name, its state ('ok', 'fails' or 'not tried') and what it found.

    Raises
    ------
    ConfigError
        If no file has that name.

    Examples
    --------
    >>> from orbital_kernel import observatory_kit
    >>> observatory_kit.failing(observatory_kit.check("fermi"))
    ()
    """
    path = files().get(name)
    if path is None:
        of_name(name)
        raise ConfigError(f"there is no observatory {name!r}")
    try:
        observatory = of_name(name)
    except ConfigError as error:
        return (Check("file", "fails", str(error)),)
    checks = [Check("file", "ok", f"{path}: every key there, none unknown")]
    for title, test in CHECKS.items():
        wrong = list(test(observatory))
        state = "fails" if wrong else "ok"
        checks.append(
            Check(title, state, "; ".join(wrong) or SHOWN[title](observatory))
        )
    return (*checks, *_sample(observatory, sample))


def failing(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks that fail."""
    return tuple(check for check in checks if check.state == "fails")


def _sample(observatory: Observatory, sample: Path | None) -> tuple[Check, ...]:
    from orbital_kernel.commands.observatory_kit.roundtrip import round_trip

    if sample is None:
        return (Check("round trip", "not tried", "give --sample FILE to try one"),)
    return tuple(Check(*step) for step in round_trip(observatory, sample))


def _blanks(observatory: Observatory) -> Iterator[str]:
    document = tomllib.loads(files()[observatory.name].read_text(encoding="utf-8"))
    blanks = [where for where, text in _texts(document, "") if BLANK in text]
    if blanks:
        yield f"{len(blanks)} still to fill in: {', '.join(blanks)}"


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value, start=1)  # type: ignore[assignment]
    for key, inner in items:
        yield from _texts(inner, f"{where}.{key}" if where else str(key))


def _clock(observatory: Observatory) -> Iterator[str]:
    clock = observatory.clock
    try:
        epoch = np.atleast_1d(times.parse_utc(clock.epoch))
        start = times.to_tt(clock.rule, 0.0)
    except (KeyError, ValueError) as error:
        yield str(error.args[0])
        return
    if clock.epoch_scale not in {"utc", "tt", "tdb"}:
        yield f"epoch_scale {clock.epoch_scale!r} is not one of utc, tt, tdb"
        return
    rule = f"since {clock.epoch} {clock.epoch_scale}"
    expected = times.to_tt(rule, 0.0)
    if np.isnat(epoch).any() or abs(start - expected)[0] > np.timedelta64(1, "us"):
        yield (
            f"at 0 s the rule {clock.rule!r} gives {times.to_utc_iso(start)[0]} UTC, the "
            f"epoch is {times.to_utc_iso(expected)[0]} UTC"
        )


def _instruments(observatory: Observatory) -> Iterator[str]:
    if not observatory.instruments:
        yield "there is no [[instruments]] block"
    names = [instrument.name for instrument in observatory.instruments]
    if len(set(names)) < len(names):
        yield f"instruments share a name: {', '.join(names)}"
    for instrument in observatory.instruments:
        if not instrument.bands:
            yield f"{instrument.name} has no band (bands_kev or bands_nm)"
        for band in instrument.bands:
            low, high = KEV if band.unit == "keV" else NM
            if not low <= band.low < band.high <= high:
                yield (
                    f"band {band.name} of {instrument.name}, {band.low:g} to "
                    f"{band.high:g} {band.unit}, is beyond {low:g} to {high:g}"
                )


def _fields(observatory: Observatory) -> Iterator[str]:
    for instrument in observatory.instruments:
        field = instrument.field_of_view
        subject = f"field of {instrument.name}"
        if field.shape not in SHAPES:
            yield f"{subject}: shape {field.shape!r} is not one of {', '.join(SHAPES)}"
        if field.unit not in MOST:
            yield f"{subject}: unit {field.unit!r} is not one of {', '.join(MOST)}"
            continue
        if not (_number(field.size) and 0 < field.size <= MOST[field.unit]):
            yield (
                f"{subject}: {field.size!r} {field.unit} is not a size up to "
                f"{MOST[field.unit]:,.1f}"
            )
        if (field.unit == "sr") != (field.shape in {"coded", "sky"}):
            yield f"{subject}: a {field.shape} is not given in {field.unit}"


def _errors(observatory: Observatory) -> Iterator[str]:
    for instrument in observatory.instruments:
        error = instrument.position_error
        subject = f"position error of {instrument.name}"
        if not (_number(error.radius_arcsec) and 0 < error.radius_arcsec <= 648_000):
            yield f"{subject}: {error.radius_arcsec!r} is not a radius in arcsec"
        if not (_number(error.confidence) and 0 < error.confidence < 1):
            yield f"{subject}: confidence {error.confidence!r} is not between 0 and 1"
        if not error.holds_for:
            yield f"{subject}: holds_for does not say for which sources"


def _pointing(observatory: Observatory) -> Iterator[str]:
    limits = observatory.pointing
    angles = (
        limits.sun_min_deg,
        limits.sun_max_deg,
        limits.moon_min_deg,
        limits.earth_limb_min_deg,
    )
    if not all(_number(angle) and 0 <= angle <= 180 for angle in angles):
        yield f"angles are 0 to 180 deg, not {angles}"
    elif limits.sun_min_deg >= limits.sun_max_deg:
        yield "sun_min_deg is not below sun_max_deg: it could never look"
    if not isinstance(limits.steerable, bool):
        yield f"steerable is true or false, not {limits.steerable!r}"
    if not (_number(limits.delay_h) and limits.delay_h >= 0):
        yield f"delay_h = {limits.delay_h!r} is not a number of hours"


def _storage(observatory: Observatory) -> Iterator[str]:
    others = {n: o.storage for n, o in observatories().items() if n != observatory.name}
    others["the database"] = site().database
    storage = observatory.storage
    path = PurePosixPath(storage.view.path)
    for name, other in others.items():
        other_path = PurePosixPath(other.view.path)
        if (
            path == other_path
            or path in other_path.parents
            or other_path in path.parents
        ):
            yield f"view path {path} lies with {name}'s {other_path}"
        if storage.view.bucket == other.view.bucket:
            yield f"bucket {storage.view.bucket} is {name}'s"
        for part in ("view", "policy", "quota", "qos"):
            if getattr(storage, part).name == getattr(other, part).name:
                yield f"{part} {getattr(storage, part).name!r} is {name}'s"
    reasons = {
        "view": storage.view.reason,
        "policy": storage.policy.reason,
        "quota": storage.quota.reason,
        "qos": storage.qos.reason,
        **{limit.name: limit.reason for limit in storage.qos.limits},
    }
    short = [name for name, reason in reasons.items() if len(reason) < LEAST_REASON]
    if short:
        yield f"no reason in words for {', '.join(short)}"


def _tables(observatory: Observatory) -> Iterator[str]:
    names = schema.tables((observatory.name,))
    planned = {r.name for r in desired([observatory], site()) if r.kind == "table"}
    if missing := sorted(set(names) - planned):
        yield f"provisioning would not make {', '.join(missing)}"


def _readers(observatory: Observatory) -> Iterator[str]:
    names = {reader.name for reader in readers()}
    if not observatory.readers:
        yield "no reader is named: which formats are its files of?"
    if strangers := sorted(set(observatory.readers) - names):
        yield (
            f"there is no reader {', '.join(strangers)}; there are "
            f"{', '.join(sorted(names))}"
        )


def _number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def _of_each(show: Callable[[Instrument], str]) -> Callable[[Observatory], str]:
    return lambda observatory: ", ".join(map(show, observatory.instruments))


CHECKS: dict[str, Callable[[Observatory], Iterator[str]]] = {
    "blanks": _blanks,
    "clock": _clock,
    "bands": _instruments,
    "field of view": _fields,
    "position errors": _errors,
    "pointing": _pointing,
    "storage": _storage,
    "tables": _tables,
    "readers": _readers,
}
SHOWN: dict[str, Callable[[Observatory], str]] = {
    "blanks": lambda _: "none",
    "clock": lambda observatory: (
        f"{observatory.clock.rule}; 0 s is {observatory.clock.epoch}"
    ),
    "bands": _of_each(lambda i: f"{i.name} {len(i.bands)}"),
    "field of view": _of_each(
        lambda i: (
            f"{i.name} {i.field_of_view.shape} {i.field_of_view.size:g} "
            f"{i.field_of_view.unit}"
        )
    ),
    "position errors": _of_each(
        lambda i: (
            f"{i.name} {i.position_error.radius_arcsec:g} arcsec at "
            f"{i.position_error.confidence:.0%}"
        )
    ),
    "pointing": lambda observatory: observatory.pointing.response,
    "storage": lambda observatory: (
        f"view {observatory.storage.view.path}, quota {observatory.storage.quota.hard_bytes / 1e9:g} GB, "
        f"{len(observatory.storage.qos.limits)} QoS limits, no collision"
    ),
    "tables": lambda observatory: (
        f"{len(schema.OBSERVATORY_TABLES)} in schema {observatory.name}"
    ),
    "readers": lambda observatory: ", ".join(observatory.readers),
}
