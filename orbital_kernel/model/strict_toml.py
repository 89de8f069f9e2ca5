"""TOML tables as dataclasses, strictly: no key unknown, none missing, each of its type.

A misspelt limit is refused by name and never ignored; so is text where a number belongs.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import msgspec

from orbital_kernel.errors import ConfigError

T = TypeVar("T")
Units = Mapping[str, tuple[str, Callable[[str], Any]]]
"""Key of a file → the field it fills, and what reads its text: 'step' → 'step_bytes'."""

_WORDS = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple[str, ...]: "a list of texts",
}


@contextmanager
def named(owner: str) -> Iterator[None]:
    """Put the owner's name before every ConfigError raised inside."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{owner}: {error}") from error


def only(document: Mapping[str, Any], where: str, allowed: tuple[str, ...]) -> None:
    """Raise ConfigError for a value that is not a table, and for an unknown key."""
    if not isinstance(document, Mapping):
        raise ConfigError(f"[{where}] is {document!r}, should be a table")
    unknown = sorted(set(document) - set(allowed))
    if unknown:
        raise ConfigError(
            f"[{where}] has unknown {', '.join(unknown)}; known are {', '.join(allowed)}"
        )


def built(kind: type[T], document: Mapping[str, Any], where: str) -> T:
    """Return a dataclass from a table of its fields; lists become tuples.

    Fields with a default may be missing.
    """
    return read(kind, document, where, {})


def read(
    kind: type[T], document: Mapping[str, Any], where: str, units: Units, **given: Any
) -> T:
    """Return a dataclass from a table in which some fields are written with units.

    `given` fields are not keys of the file.
    """
    own_fields = {f.name: f for f in fields(kind) if f.name not in given}  # type: ignore[arg-type]
    keys = {field: key for key, (field, _) in units.items()}
    names = tuple(keys.get(name, name) for name in own_fields)
    only(document, where, names)
    missing = [
        keys.get(name, name)
        for name, field in own_fields.items()
        if field.default is MISSING and keys.get(name, name) not in document
    ]
    if missing:
        raise ConfigError(f"[{where}] lacks {', '.join(missing)}")
    hints = get_type_hints(kind)
    values = dict(given)
    for key, value in document.items():
        if key in units:
            name, text_of = units[key]
            values[name] = _measured(value, f"[{where}] {key}", text_of)
        else:
            values[key] = _typed(value, f"[{where}] {key}", hints[key])
    return kind(**values)


def _measured(value: Any, where: str, text_of: Callable[[str], Any]) -> Any:
    with named(where):
        return text_of(value)


def _typed(value: Any, where: str, hint: Any) -> Any:
    if is_dataclass(value):
        return value
    try:
        return msgspec.convert(value, hint, from_attributes=True)
    except msgspec.ValidationError as error:
        expected = _WORDS.get(hint) or f"{hint} ({error})"
        raise ConfigError(f"{where} is {value!r}, should be {expected}") from error
