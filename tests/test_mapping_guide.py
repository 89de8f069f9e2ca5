"""The guide of mappings names every key, column and published mapping that exists."""

from pathlib import Path

import pytest

from orbital_kernel.archives.mapped.language import keys
from orbital_kernel.archives.mapped.published import FOLDER, published
from orbital_kernel.archives.mapped.targets import MEANINGS, NEEDED

GUIDE = Path(__file__).parents[1] / "docs" / "guide" / "mappings.md"


def key_row(key):
    """Return the row of the guide's table for one key of the language."""
    name = f"{key.section}.{key.name}" if key.section else key.name
    kinds = ", ".join(f"`{c}`" for c in key.choices) or " or ".join(key.kinds)
    only = f" (formats {', '.join(key.formats)})" if key.formats else ""
    doc = key.doc.replace("|", r"\|").replace("<", r"\<")
    return f"| `{name}` | {kinds} | {doc}{only} |"


def columns_row(table):
    """Return the row of the guide's table for the columns of one target table."""
    names = ", ".join(f"`{name}`" for name in MEANINGS[table])
    needed = ", ".join(f"`{name}`" for name in NEEDED[table])
    return f"| `{table}` | {needed} | {names} |"


def published_row(mapping):
    """Return the row of the guide's table for one mapping that comes with Orbital."""
    text = (FOLDER / f"{mapping.name}.toml").read_text(encoding="utf-8")
    lines = [li.removeprefix("# ") for li in text.splitlines() if li.startswith("# ")]
    return f"| `{mapping.name}` | {' '.join(lines)} |"


ROWS = [
    *map(key_row, keys()),
    *map(columns_row, MEANINGS),
    *(published_row(m) for m in published() if not m.match.refuse),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("`")[1])
def test_each_key_table_and_mapping_has_its_row_in_the_guide(row):
    assert row in GUIDE.read_text(encoding="utf-8").splitlines()
