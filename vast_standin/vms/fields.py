"""Fields of management resources, declared one per line, and who may write them.

A declaration reads ``name kind rights [choices] [=default]``: kinds are str, int, num,
bool, obj, any and lists of them in brackets; rights are any of C (may be given at
creation), R (must be), P (may be patched), A (is answered).  Choices are separated by
bars, a default is JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from vast_standin.http import ProtocolError

_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "num": (int, float),
    "bool": (bool,),
    "obj": (dict,),
    "any": (str, int, float, bool, dict, list),
}
_RIGHTS = frozenset("CRPA")


@dataclass(frozen=True)
class Field:
    """One field: its kind, who may write it, its choices and default."""

    name: str
    kind: str
    rights: frozenset[str]
    choices: tuple[str, ...] = ()
    default: object = None

    @property
    def required(self) -> bool:
        """Return whether creation needs it."""
        return "R" in self.rights

    @property
    def creatable(self) -> bool:
        """Return whether creation accepts it."""
        return bool(self.rights & {"C", "R"})

    @property
    def patchable(self) -> bool:
        """Return whether a patch accepts it."""
        return "P" in self.rights

    @property
    def answered(self) -> bool:
        """Return whether answers carry it."""
        return "A" in self.rights

    def check(self, value: object) -> None:
        """Raise 400 if a value does not fit the kind or the choices."""
        if value is None:
            if self.required:
                raise bad_request(f"{self.name}: This field may not be null.")
            return
        if self.kind.startswith("["):
            if not isinstance(value, list):
                raise bad_request(f"{self.name}: a list is expected")
            for item in value:
                self._check_one(item, self.kind[1:-1])
        else:
            self._check_one(value, self.kind)

    def _check_one(self, value: object, kind: str) -> None:
        types = _TYPES[kind]
        if not isinstance(value, types) or (
            isinstance(value, bool) and bool not in types
        ):
            raise bad_request(f"{self.name}: {kind} is expected, found {_shown(value)}")
        if self.choices and value not in self.choices:
            raise bad_request(
                f"{self.name}: {_shown(value)} is not one of {', '.join(self.choices)}"
            )


def declare(text: str) -> tuple[Field, ...]:
    """Return the fields of a declaration, one per line."""
    return tuple(_field(line) for line in text.strip().splitlines() if line.strip())


def check_create(
    fields: tuple[Field, ...], body: Mapping[str, object]
) -> dict[str, object]:
    """Return a new record: given values over the defaults; raise 400 otherwise."""
    accepted = {field.name: field for field in fields if field.creatable}
    _refuse_unknown(body, accepted)
    for field in accepted.values():
        if field.required and field.name not in body:
            raise bad_request(f"{field.name}: This field is required.")
    for name, value in body.items():
        accepted[name].check(value)
    defaults = {f.name: _copied(f.default) for f in fields if f.default is not None}
    return {**defaults, **body}


def check_patch(
    fields: tuple[Field, ...], body: Mapping[str, object]
) -> dict[str, object]:
    """Return the changes of a patch; raise 400 for unknown or read-only fields."""
    accepted = {field.name: field for field in fields if field.patchable}
    _refuse_unknown(body, accepted)
    for name, value in body.items():
        accepted[name].check(value)
    return dict(body)


def answer(
    fields: tuple[Field, ...], record: Mapping[str, object]
) -> dict[str, object]:
    """Return the fields of a record that answers show; null if unset."""
    return {f.name: record.get(f.name) for f in fields if f.answered}


def bad_request(message: str) -> ProtocolError:
    """Return the 400 of a request that breaks a rule."""
    return ProtocolError(400, "BadRequest", message)


def _field(line: str) -> Field:
    name, kind, rights, *extra = line.split(maxsplit=3)
    more = extra[0] if extra else ""
    choices, _, default = more.partition("=")
    if not set(rights) <= _RIGHTS:
        raise ValueError(f"{line!r}: rights are letters of CRPA")
    return Field(
        name,
        kind,
        frozenset(rights),
        tuple(choices.strip().split("|")) if choices.strip() else (),
        json.loads(default) if default else None,
    )


def _refuse_unknown(body: Mapping[str, object], accepted: Mapping[str, Field]) -> None:
    unknown = sorted(set(body) - set(accepted))
    if unknown:
        raise bad_request(
            f"unknown or read-only fields: {', '.join(unknown)}; "
            f"accepted here: {', '.join(sorted(accepted)) or 'none'}"
        )


def _copied(value: object) -> object:
    return json.loads(json.dumps(value))


def _shown(value: object) -> str:
    return json.dumps(value)[:80]
