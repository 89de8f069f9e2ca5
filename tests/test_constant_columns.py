"""Constant columns: sent once to a database that takes runs, once per row to another."""

import numpy as np
import pyarrow as pa
import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.database import client
from orbital_kernel.model import schema
from orbital_kernel.model.constant_columns import (
    distinct,
    with_runs,
    with_text_runs,
    without_runs,
)
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

ROWS = 20_000
HASH = "0123456789abcdef" * 4
NUMBERS = ("time", "met_s", "healpix", "file_row")


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


def sent(home, rows, monkeypatch):
    """Insert rows; return the bytes of the bodies sent, and the rows read back."""
    store = connect(home).store
    sizes = []
    send = client.WatchedApi.insert_rows

    def noted(self, bucket, schema_name, table, body, *arguments, **options):
        sizes.append(len(body))
        return send(self, bucket, schema_name, table, body, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(client.WatchedApi, "insert_rows", noted)
        store.insert("chandra.events", rows)
    obs_id = Clause("obs_id", (Equal(rows["obs_id"][0].as_py()),))
    return sum(sizes), store.read("chandra.events", [obs_id])


@pytest.mark.parametrize("takes_runs", [True, False])
def test_a_constant_is_sent_once_if_the_database_takes_runs(
    home, monkeypatch, takes_runs
):
    if not takes_runs:  # as a cluster, which does not say that it does
        monkeypatch.setattr(client, "RUNS", "said by nobody")
    rows = photons(1 + takes_runs)
    numbers = sum(rows[name].nbytes for name in NUMBERS)

    size, stored = sent(home, rows, monkeypatch)

    beside = size - numbers
    assert beside < 8_000 if takes_runs else beside > ROWS * len(HASH)
    assert rows.sort_by("file_row") == stored.sort_by("file_row")


def test_runs_of_the_caller_are_stored_as_plain_values(home, monkeypatch):
    monkeypatch.setattr(client, "RUNS", "said by nobody")
    rows = photons(7)

    _, stored = sent(home, with_text_runs(rows), monkeypatch)

    assert rows.sort_by("file_row") == stored.sort_by("file_row")


def test_a_row_is_the_same_as_run_as_frame_and_as_value():
    rows = pa.table(
        {
            "text": pa.repeat("a", ROWS),
            "zero": pa.repeat(-0.0, ROWS),
            "signs": pa.array([0.0] + [-0.0] * (ROWS - 2) + [0.0]),
            "gaps": pa.array(["a"] * (ROWS - 1) + [None]),
            "number": np.arange(ROWS),
        }
    )
    (batch,) = rows.to_batches()
    runs = pa.Table.from_batches([with_runs(batch, ["number"])])
    kinds = {
        name: pa.types.is_run_end_encoded(runs[name].type) for name in runs.schema.names
    }
    two = pa.concat_tables([runs, runs.slice(5)])

    assert ["text", "zero"] == [name for name, is_run in kinds.items() if is_run]
    assert rows == without_runs(runs)
    assert frame_of(rows).equals(frame_of(runs))
    assert frame_of(pa.concat_tables([rows, rows.slice(5)])).equals(frame_of(two))
    assert np.signbit(without_runs(runs)["zero"].to_numpy()).all()
    assert ["a"] == distinct(two["text"]).to_pylist()
