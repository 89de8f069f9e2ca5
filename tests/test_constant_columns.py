"""Constant columns: one run between reading and sending, a value per row in the database."""

import numpy as np
import pyarrow as pa
import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.model import schema
from orbital_kernel.model.constant_columns import (
    distinct,
    with_text_runs,
    without_runs,
)
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

ROWS = 20_000
HASH = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    session = connect(tmp_path_factory.mktemp("constants"))
    session.storage.apply()
    yield session.home
    embedded.stop(session.home)


def photons(seed):
    chance = np.random.default_rng(seed)
    columns = {
        "obs_id": pa.repeat(str(seed), ROWS),
        "time": pa.array(chance.integers(0, 10**18, ROWS)).cast(schema.TT),
        "met_s": chance.random(ROWS),
        "healpix": chance.integers(0, 1 << 60, ROWS),
        "simulated": pa.repeat(False, ROWS),
        "file_sha256": pa.repeat(HASH, ROWS),
        "file_row": np.arange(ROWS),
    }
    return schema.conform(pa.table(columns), schema.table("chandra.events"))


def test_a_column_of_runs_is_stored_as_plain_values(home):
    rows = photons(7)
    store = connect(home).store
    store.insert("chandra.events", with_text_runs(rows))

    stored = store.read("chandra.events", [Clause("obs_id", (Equal("7"),))])

    assert rows.sort_by("file_row") == stored.sort_by("file_row")


def test_a_row_is_the_same_as_run_as_frame_and_as_value():
    rows = pa.table(
        {
            "text": pa.repeat("a", ROWS),
            "gaps": pa.array(["a"] * (ROWS - 1) + [None]),
            "number": np.arange(ROWS),
        }
    )
    runs = with_text_runs(rows)
    kinds = {
        name: pa.types.is_run_end_encoded(runs[name].type) for name in runs.schema.names
    }
    two = pa.concat_tables([runs, runs.slice(5)])

    assert ["text"] == [name for name, is_run in kinds.items() if is_run]
    assert rows == without_runs(runs)
    assert frame_of(rows).equals(frame_of(runs))
    assert frame_of(pa.concat_tables([rows, rows.slice(5)])).equals(frame_of(two))
    assert ["a"] == distinct(two["text"]).to_pylist()
