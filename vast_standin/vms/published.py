"""Names of the fields that the vendor publishes for each resource.

Clients read any of them, so that answers carry them all: null where one machine has
nothing to say. `published.txt` has the names and says where they are from.
"""

from functools import cache
from pathlib import Path


@cache
def published() -> dict[str, tuple[str, ...]]:
    """Return the names of a record's fields by resource."""
    lines = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if not line.startswith("#"))
    return {resource: tuple(names.split()) for resource, names in pairs}
