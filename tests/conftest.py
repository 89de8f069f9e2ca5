"""What tests share: the folder of real files, where there is one."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


@pytest.fixture(scope="session")
def archive() -> Path:
    """Return the folder of real observation files; skip where it is missing."""
    folder = Path(os.environ.get("ORBITAL_ARCHIVE", BESIDE)).resolve()
    if not (folder / "MANIFEST.tsv").is_file():
        pytest.skip(f"no real observation files at {folder}; set ORBITAL_ARCHIVE")
    return folder
