"""Observatories as their TOML files describe them: instruments, clock, storage.

`observatories()` reads every file of the package's folder and of the folders that users
and installed packages add (config). `site.toml` in the same folders is not one: it holds
what all share (tenant, database, over-commit rule). A new observatory is a new file; a
user's file of the same name replaces the package's.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from orbital_kernel import config
from orbital_kernel.errors import ConfigError
from orbital_kernel.model.instruments import (
    Band,
    Clock,
    FieldOfView,
    Instrument,
    Pointing,
    PositionError,
)
from orbital_kernel.model.site import Site, site_of
from orbital_kernel.model.storage_spec import Space, space
from orbital_kernel.model.strict_toml import built, named

__all__ = [
    "FOLDER",
    "SITE_FILE",
    "Band",
    "Clock",
    "FieldOfView",
    "Instrument",
    "Observatory",
    "Pointing",
    "PositionError",
    "files",
    "observatories",
    "observatory",
    "site",
]

FOLDER = Path(__file__).parent / "observatories"
SITE_FILE = "site.toml"


@dataclass(frozen=True)
class Observatory:
    """One observatory, as its TOML file describes it.

    Attributes
    ----------
    name, full_name : str
        Name of its file and of its schema in the database ('swift'), and in full.
    clock : Clock
        Its clock.
    instruments : tuple of Instrument
        Its instruments.
    pointing : Pointing
        Where it can point, and how fast.
    storage : Space
        View, policy, quota, quality of service and snapshots of its data.
    readers : tuple of str
        Names of the readers of its file formats.

    Examples
    --------
    >>> from orbital_kernel.model.observatory import observatory
    >>> swift = observatory("swift")
    >>> swift.clock.rule, swift.instrument("BAT").field_of_view.unit
    ('swift-met-utcf', 'sr')
    """

    name: str
    full_name: str
    clock: Clock
    instruments: tuple[Instrument, ...]
    pointing: Pointing
    storage: Space
    readers: tuple[str, ...]

    def instrument(self, name: str) -> Instrument:
        """Return an instrument.

        Parameters
        ----------
        name : str
            Its name, such as 'BAT'.

        Returns
        -------
        Instrument
            The instrument.

        Raises
        ------
        ConfigError
            If the observatory has no such instrument; the message lists them.
        """
        for instrument in self.instruments:
            if instrument.name == name:
                return instrument
        names = ", ".join(instrument.name for instrument in self.instruments)
        raise ConfigError(f"{self.name} has no instrument {name!r}; it has {names}")


def observatories(*folders: Path) -> dict[str, Observatory]:
    """Return every observatory that has a file.

    Parameters
    ----------
    folders : pathlib.Path
        Read these folders only; by default the package's, then those of users and of
        installed packages.

    Returns
    -------
    dict of str to Observatory
        Observatories by name, sorted.

    Raises
    ------
    ConfigError
        If a file is wrong; the message names it.

    Examples
    --------
    >>> from orbital_kernel.model.observatory import observatories
    >>> {"chandra", "swift"} <= set(observatories())
    True
    """
    return {name: _read(path) for name, path in files(*folders).items()}


def observatory(name: str) -> Observatory:
    """Return one observatory.

    Parameters
    ----------
    name : str
        Its name, such as 'swift'.

    Returns
    -------
    Observatory
        The observatory.

    Raises
    ------
    ConfigError
        If no file has that name (the message lists them), or the file is wrong.
    """
    paths = files()
    if name not in paths:
        raise ConfigError(
            f"there is no observatory {name!r}; {', '.join(paths)} have a file. "
            f"`orbital observatory new {name}` begins one"
        )
    return _read(paths[name])


def files(*folders: Path) -> dict[str, Path]:
    """Return the file of each observatory by name, sorted; a later folder overrides."""
    paths = {
        path.stem: path
        for folder in folders or (FOLDER, *config.added_observatories())
        for path in folder.glob("*.toml")
        if path.name != SITE_FILE
    }
    return dict(sorted(paths.items()))


def site(path: Path | None = None) -> Site:
    """Return the site of a file, by default of the last folder that has one."""
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
                "[sort] is not a section: tables are sorted as in one place, "
                "orbital_kernel/model/layout.py; remove it"
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
