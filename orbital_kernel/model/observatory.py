"""Observatories as their TOML files tell: instruments, bands, clock, errors, storage.

`observatories()` reads every file of the package's folder and of those the user and
other packages add (config), but `site.toml`, which holds what is common to all: tenant,
database and over-commit rule. A new observatory is a new file; a user's file of the
same name takes the place of the package's.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from orbital_kernel import config
from orbital_kernel.errors import ConfigError
from orbital_kernel.model.site import Site, site_of
from orbital_kernel.model.storage_spec import Space, space
from orbital_kernel.model.strict_toml import built, named

FOLDER = Path(__file__).parent / "observatories"
SITE_FILE = "site.toml"


@dataclass(frozen=True)
class Band:
    """One band by its edges: keV for X-rays, nm for optical filters."""

    name: str
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class FieldOfView:
    """Shape and size: a circle's radius, a square's side or a solid angle."""

    shape: str
    size: float
    unit: str


@dataclass(frozen=True)
class PositionError:
    """Typical radius of a position at a confidence, and what it holds for."""

    radius_arcsec: float
    confidence: float
    holds_for: str


@dataclass(frozen=True)
class Instrument:
    """One instrument; its position error is the default where a row tells none."""

    name: str
    full_name: str
    bands: tuple[Band, ...]
    field_of_view: FieldOfView
    position_error: PositionError
    source: str

    def band(self, name: str) -> Band:
        """Return the band of that name; ConfigError names the instrument."""
        for band in self.bands:
            if band.name == name:
                return band
        names = ", ".join(band.name for band in self.bands)
        raise ConfigError(f"{self.name} has no band {name!r}; it has {names}")


@dataclass(frozen=True)
class Clock:
    """The mission clock: epoch (ISO, on `epoch_scale`) and the rule of times.py."""

    epoch: str
    epoch_scale: str
    rule: str
    correction: str
    source: str


@dataclass(frozen=True)
class Pointing:
    """Angles from Sun, Moon and Earth limb within which it can look, degrees.

    `steerable` is false for what watches the sky and takes no targets; `delay_h` is the
    least time to a target of opportunity, hours.
    """

    steerable: bool
    delay_h: float

    sun_min_deg: float
    sun_max_deg: float
    moon_min_deg: float
    earth_limb_min_deg: float
    response: str
    source: str


@dataclass(frozen=True)
class Observatory:
    """Everything Orbital knows of one observatory before it has seen any data."""

    name: str
    full_name: str
    clock: Clock
    instruments: tuple[Instrument, ...]
    pointing: Pointing
    storage: Space
    readers: tuple[str, ...]

    def instrument(self, name: str) -> Instrument:
        """Return the instrument of that name; ConfigError names those there are."""
        for instrument in self.instruments:
            if instrument.name == name:
                return instrument
        names = ", ".join(instrument.name for instrument in self.instruments)
        raise ConfigError(f"{self.name} has no instrument {name!r}; it has {names}")


def observatories(*folders: Path) -> dict[str, Observatory]:
    """Return every observatory by name, sorted; of these folders only, if given.

    Raises ConfigError that names the file if one is bad.
    """
    return {name: _read(path) for name, path in files(*folders).items()}


def observatory(name: str) -> Observatory:
    """Return the observatory of that name; ConfigError lists those there are."""
    paths = files()
    if name not in paths:
        raise ConfigError(
            f"there is no observatory {name!r}; {', '.join(paths)} have a file. "
            f"`orbital observatory new {name}` begins one"
        )
    return _read(paths[name])


def files(*folders: Path) -> dict[str, Path]:
    """Return the file of each observatory by name, sorted; where two are, the later."""
    paths = {
        path.stem: path
        for folder in folders or (FOLDER, *config.added_observatories())
        for path in folder.glob("*.toml")
        if path.name != SITE_FILE
    }
    return dict(sorted(paths.items()))


def site(path: Path | None = None) -> Site:
    """Return the site of a file, else of the last folder with one; ConfigError if bad."""
    if path is None:
        folders = (FOLDER, *config.added_observatories())
        path = [f / SITE_FILE for f in folders if (f / SITE_FILE).is_file()][-1]
    with named(path.name):
        return site_of(_document(path))


def _read(path: Path) -> Observatory:
    status = path.stat()
    return _observatory(path, status.st_mtime_ns, status.st_size)


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


@lru_cache(maxsize=64)
def _observatory(path: Path, _changed: int, _size: int) -> Observatory:
    document = _document(path)
    try:
        return _built(path, document)
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{path.name}: a value is of the wrong kind ({error}); compare it with "
            f"{FOLDER / 'swift.toml'}"
        ) from error


def _built(path: Path, document: dict[str, Any]) -> Observatory:
    with named(path.name):
        if document.get("name") != path.stem:
            raise ConfigError(f"name is {document.get('name')!r}, not {path.stem!r}")
        if document.pop("sort", None):
            raise ConfigError(
                "[sort] is of no use here: how tables are sorted is said in one place, "
                "orbital_kernel/model/layout.py; leave it out"
            )
        rows = document.get("instruments", [])
        return built(
            Observatory,
            {
                **document,
                "clock": built(Clock, document.get("clock", {}), "clock"),
                "pointing": built(Pointing, document.get("pointing", {}), "pointing"),
                "instruments": [_instrument(row) for row in rows],
                "storage": space(document.get("storage", {}), path.stem),
            },
            path.stem,
        )


def _instrument(row: Mapping[str, Any]) -> Instrument:
    where = f"instruments.{row.get('name')}"
    bands = [
        Band(name, float(low), float(high), unit)
        for unit in ("keV", "nm")
        for name, (low, high) in row.get(f"bands_{unit.lower()}", {}).items()
    ]
    others = {k: v for k, v in row.items() if k not in ("bands_kev", "bands_nm")}
    bad = [band.name for band in bands if not 0 < band.low < band.high]
    if bad:
        raise ConfigError(f"[{where}] bands {bad} do not rise from low to high edge")
    return built(
        Instrument,
        {
            **others,
            "bands": bands,
            "field_of_view": built(FieldOfView, row.get("field_of_view", {}), where),
            "position_error": built(
                PositionError, row.get("position_error", {}), where
            ),
        },
        where,
    )
