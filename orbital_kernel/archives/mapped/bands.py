"""Bands a mapping declares: edges in keV, nm or GHz, or a filter of UVOT, in keV and nm."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orbital_kernel.archives.mapped.language import Band
from orbital_kernel.errors import MappingError

if TYPE_CHECKING:
    from orbital_kernel.archives.mapped.cells import DeclaredCells

FILTERS_NM = {
    "UVW2": (160.0, 225.0),
    "UVM2": (200.0, 249.0),
    "UVW1": (226.0, 294.0),
    "U": (308.0, 385.0),
    "B": (391.0, 487.0),
    "V": (509.0, 585.0),
    "WHITE": (160.0, 800.0),
}
"""Swift UVOT filters; other filters are given by their edges in nm."""
C_NM_GHZ = 299_792_458.0


def band_columns(cells: "DeclaredCells") -> dict[str, list[Any]]:
    """Return the band columns of each row, from keV, nm, GHz or a UVOT filter's name."""
    section = cells.mapping.band
    if section.column is not None:
        named = cells.texts(section.column)
        each = [
            _edges(_section(section.values.get(n or "", {"filter": n} if n else {})), n)
            for n in named
        ]
    else:
        each = [_edges(section, None)] * len(cells)
    names = ("band", "band_low_kev", "band_high_kev", "band_low_nm", "band_high_nm")
    return {name: [edges[n] for edges in each] for n, name in enumerate(names)}


def _section(values: Any) -> Band:
    if isinstance(values, Mapping) and values.keys() <= {
        "kev",
        "nm",
        "ghz",
        "filter",
        "name",
    }:
        return Band(**values)
    raise MappingError(
        f"band.values has {values!r}; give {{kev = [low, high]}}, {{nm = [..]}}, "
        "{ghz = [..]} or {filter = '..'}"
    )


def _edges(band: Band, cell: str | None) -> tuple[Any, ...]:
    """Return name, keV edges and nm edges of a band given any of four ways."""
    label = band.name or cell
    if band.kev is not None:
        low, high = _pair(band.kev, "kev")
        return (band.name or _label(low, high, "keV"), low, high, None, None)
    if band.nm is not None:
        low, high = _pair(band.nm, "nm")
        return (label or _label(low, high, "nm"), None, None, low, high)
    if band.ghz is not None:
        low, high = _pair(band.ghz, "ghz")
        edges = (C_NM_GHZ / high, C_NM_GHZ / low)
        return (label or _label(low, high, "GHz"), None, None, *edges)
    if band.filter is not None:
        name = str(band.filter)
        if name.upper() not in FILTERS_NM:
            raise MappingError(
                f"filter {name!r} is not known; known are {', '.join(FILTERS_NM)}; give "
                "others by their edges as nm = [low, high]"
            )
        return (name, None, None, *FILTERS_NM[name.upper()])
    return (label, None, None, None, None)


def _label(low: float, high: float, unit: str) -> str:
    return f"{low:g} {unit}" if low == high else f"{low:g}-{high:g} {unit}"


def _pair(given: Any, unit: str) -> tuple[float, float]:
    if isinstance(given, int | float) and not isinstance(given, bool) and given > 0:
        return float(given), float(given)
    numbers = isinstance(given, list) and all(isinstance(v, int | float) for v in given)
    if not (numbers and len(given) == 2 and 0 < given[0] < given[1]):
        raise MappingError(f"[band] {unit} is {given!r}; give [low, high]")
    return float(given[0]), float(given[1])
