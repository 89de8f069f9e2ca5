"""Licences of locked packages, as their installed metadata state them."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from packaging.licenses import (
    InvalidLicenseExpression,
    canonicalize_license_expression,
)
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (ROOT / "requirements.lock", ROOT / "sql.lock")
EXCEPTIONS = Path(__file__).with_name("licences.toml")
SQL = ROOT / ".venv" / "sql"
"""Where the vendor's SQL driver is installed, beside the environment."""

ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<more>.*(?:\n[ \t]+.*)*)",
    re.MULTILINE,
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
LONGEST_NAME = 60

ACCEPTED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC"),
        *("LLVM-exception", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"),
        "LicenseRef-BSD",
    }
)
"""Licences that allow use and redistribution beside Apache-2.0.

LicenseRef-BSD: the metadata say BSD without the number of clauses.
"""

SPDX = (
    (r"apache(-| software license|,? (license,? )?(version )?2)", "Apache-2.0"),
    (r"(3-clause bsd|bsd[- ]3-clause)", "BSD-3-Clause"),
    (r"bsd[- ]2-clause", "BSD-2-Clause"),
    (r"bsd", "LicenseRef-BSD"),
    (r"(the )?mit( license)?", "MIT"),
    (r"isc license", "ISC"),
    (r"(mozilla public license 2|mpl-2)", "MPL-2.0"),
    (r"(psfl|python software foundation)", "PSF-2.0"),
)
"""How names begin that are not SPDX expressions, and what they mean."""


class Locked(NamedTuple):
    """A package of a lock, with the SHA-256 of each of its files."""

    name: str
    version: str
    hashes: tuple[str, ...]


def locked_packages() -> list[Locked]:
    """Return the packages of both locks, in their order."""
    return [
        Locked(entry["name"], entry["version"], tuple(HASH.findall(entry["more"])))
        for lock in LOCKS
        for entry in ENTRY.finditer(lock.read_text())
    ]


def installed() -> dict[str, Distribution]:
    """Return what is installed, by normalised name."""
    found = chain(distributions(path=[str(SQL)]), distributions())
    return {canonicalize_name(d.metadata["Name"]): d for d in found}


def stated(distribution: Distribution) -> str | None:
    """Return the SPDX expression that the metadata state or clearly mean; else None."""
    metadata = distribution.metadata
    if expression := metadata.get("License-Expression"):
        return str(canonicalize_license_expression(expression))
    names = [_spdx(text) for text in (metadata.get("License") or "").split("\n")[:1]]
    names += [_spdx(text) for text in _classifiers(distribution)]
    certain = {name for name in names if name}
    if len(certain) > 1:
        certain.discard("LicenseRef-BSD")
    return " OR ".join(sorted(certain)) or None


def exceptions() -> dict[str, dict[str, str]]:
    """Return the packages whose licence a person looked up, with licence and reason."""
    return tomllib.loads(EXCEPTIONS.read_text())


def licence(name: str, available: dict[str, Distribution]) -> str | None:
    """Return the licence of a package: the exception's, else as stated; None if unknown."""
    if name in exceptions():
        return exceptions()[name]["licence"]
    return stated(available[name]) if name in available else None


def is_accepted(expression: str) -> bool:
    """Whether every licence that an expression names is accepted."""
    return set(re.findall(r"[\w.-]+", expression)) - {"AND", "OR", "WITH"} <= ACCEPTED


def _classifiers(distribution: Distribution) -> Iterator[str]:
    for text in distribution.metadata.get_all("Classifier") or ():
        kind, _, name = text.rpartition(" :: ")
        if kind.startswith("License") and name != "DFSG approved":
            yield name


def _spdx(text: str) -> str | None:
    """Return the licence that a name means; None if it is none, or a copyright line."""
    if not text or len(text) > LONGEST_NAME:
        return None
    for pattern, name in SPDX:
        if re.match(pattern, text.strip().lower()):
            return name
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None
