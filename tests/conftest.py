"""What tests share: real files where there are some, a platform, the sample sky."""

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from orbital_kernel import config, connect, embedded
from orbital_kernel import sample as simulator
from orbital_kernel.archives import registry
from orbital_kernel.model.predicate import Clause, Equal

settings.register_profile(
    "orbital",
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("orbital")
REAL_FILES = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


@pytest.fixture(scope="session")
def archive() -> Path:
    """Return the folder of real observation files; skip where it is missing."""
    folder = Path(os.environ.get("ORBITAL_ARCHIVE", REAL_FILES)).resolve()
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


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Return the folder of an embedded platform that the whole run shares."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    embedded.stop(folder)


@pytest.fixture(scope="session")
def orbital(home):
    """Return a session on that platform, provisioned: its rows are simulated."""
    session = connect(home)
    session.storage.apply()
    return session


@pytest.fixture(scope="session")
def real(home):
    """Return a session on another database of that platform, for files that are real."""
    session = connect(home, database="real")
    session.storage.apply()
    return session


@pytest.fixture(scope="session")
def holding(orbital):
    """Return a block in which a table holds rows more.

    At its end all rows go that share one of their values of a column.
    """

    @contextmanager
    def block(table, rows, column):
        orbital.store.insert(table, rows)
        try:
            yield
        finally:
            values = rows[column].unique().to_pylist()
            with orbital.store.transaction() as tx:
                tx.delete(table, [Clause(column, tuple(map(Equal, values)))])

    return block


@pytest.fixture(scope="session")
def in_step(orbital):
    """Return a wait until the database has sorted a table into its projections."""

    def wait(table):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with orbital.store.transaction() as tx:
                if all(tx.in_step(table, name) for name in tx.projections(table)):
                    return
            time.sleep(0.05)
        raise AssertionError(f"the projections of {table} are not in step after 60 s")

    return wait


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Return the sample sky: its files and what is really in them."""
    return simulator.write(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def stocked(orbital, sample):
    """Return the session with the sample ingested and scanned for bursts."""
    report = orbital.ingest(sample.archive)
    assert () == report.in_state("refused")
    orbital.bursts.scan_store()
    return orbital


@pytest.fixture
def observatory_folder(tmp_path, monkeypatch):
    """Return the folder of observatory files that a user adds."""
    folder = tmp_path / "observatories"
    folder.mkdir()
    monkeypatch.setenv(config.OBSERVATORIES_VARIABLE, str(folder))
    registry._added.cache_clear()
    yield folder
    registry._added.cache_clear()
