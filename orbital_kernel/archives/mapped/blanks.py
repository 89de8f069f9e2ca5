"""Blanks of a drafted mapping: entries that a person has yet to fill in."""

from collections.abc import Iterator, Mapping
from typing import Any

from orbital_kernel.errors import MappingError

BLANK = "FILL IN"


def blanks(content: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Yield the names of entries that hold a blank, such as `time.scale`."""
    for key, value in content.items():
        name = f"{within}.{key}" if within else str(key)
        if isinstance(value, Mapping):
            yield from blanks(value, name)
        elif isinstance(value, list):
            for number, entry in enumerate(value):
                if isinstance(entry, Mapping):
                    yield from blanks(entry, f"{name}[{number}]")
        elif isinstance(value, str) and value.startswith(BLANK):
            yield name


def require_filled(content: Mapping[str, Any]) -> None:
    """Raise MappingError that names every blank."""
    remaining = list(blanks(content))
    if remaining:
        raise MappingError(
            f"{len(remaining)} blanks remain: replace {BLANK} of {', '.join(remaining)}"
        )
