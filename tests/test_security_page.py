"""SECURITY.md names code and tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "SECURITY.md").read_text()
PATHS = sorted(
    set(re.findall(r"`((?:orbital_kernel|vast_standin|tests)/[^`]+)`", PAGE))
)


@pytest.mark.parametrize("name", PATHS)
def test_a_file_that_the_page_names_exists(name):
    assert (ROOT / name).is_file()


def test_every_defence_of_a_table_names_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    attacks = [row for row in rows if not row.startswith(("| attack", "| ---"))]

    assert 17 == len(attacks)
    assert all("`tests/" in row.rpartition(" | ")[2] for row in attacks)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_page_is_linked(page):
    assert "](SECURITY.md)" in (ROOT / page).read_text()
