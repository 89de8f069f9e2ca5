"""Values as TOML text on one line, for drafted mappings."""

import json
from collections.abc import Mapping
from typing import Any

BARE = {"kev", "nm", "filter", "name", "convention", "column"}
"""Keys of the language, written without quotes."""


def text(value: Any) -> str:
    """Return a string, list or number of TOML."""
    return json.dumps(value, ensure_ascii=False)


def table(pairs: Mapping[str, Any]) -> str:
    """Return an inline TOML table on one line."""
    cells = (f"{_key(key)} = {_inline(value)}" for key, value in pairs.items())
    return "{" + ", ".join(cells) + "}"


def _key(name: str) -> str:
    return name if name in BARE else text(name)


def _inline(value: Any) -> str:
    return table(value) if isinstance(value, dict) else text(value)
