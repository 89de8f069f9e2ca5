"""What tests share: the folder of real files, where there is one."""

import json
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


@pytest.fixture(scope="session")
def vms_api(archive: Path) -> dict:
    """Return the management system's public API description; skip where missing."""
    path = archive.parent / "vms-openapi.json"
    if not path.is_file():
        pytest.skip(f"no API description at {path}")
    return json.loads(path.read_bytes())
