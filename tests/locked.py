"""Entries of requirements.lock that given requirements need, with hashes."""

import re
from collections.abc import Iterable
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*(?:\n[ \t]+.*)*", re.MULTILINE)


def needed(requirements: Iterable[str]) -> set[str]:
    """Return the names of all packages these requirements need, as installed here."""
    names: set[str] = set()
    seen: set[str] = set()
    waiting = [(text, "") for text in requirements]
    while waiting:
        text, extra = waiting.pop()
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        if f"{requirement}" in seen:
            continue
        seen.add(f"{requirement}")
        names.add(canonicalize_name(requirement.name))
        for option in ("", *requirement.extras):
            waiting += [
                (dependency, option) for dependency in requires(requirement.name) or ()
            ]
    return names


def locked(lock: str, names: set[str]) -> str:
    """Return the lock's entries of these names."""
    entries = ENTRY.finditer(lock)
    return "\n".join(e.group() for e in entries if e["name"] in names) + "\n"
