"""The database of an earlier Orbital is queried as it is, and its differences reported."""

import logging

import numpy as np
import pyarrow as pa
import pytest

from orbital_kernel import Cone, Query, connect, embedded
from orbital_kernel.model import schema, sky
from orbital_kernel.model.frames import frame_of

NEW = ("sorted_by", "projection")
OLD_KEY = ["time"]


@pytest.fixture
def older(tmp_path):
    """Return a session on a store with a narrower ledger and photometry by time."""
    session = connect(tmp_path / "older")
    session.storage.apply()
    with session.store.transaction() as tx:
        for name in ("ops.queries", "chandra.photometry"):
            tx.drop(name)
        bucket = tx._tx.bucket(session.store.database)
        ledger = schema.table("ops.queries").arrow
        older_columns = pa.schema([field for field in ledger if field.name not in NEW])
        bucket.schema("ops").create_table("queries", older_columns)
        points = schema.table("chandra.photometry").arrow
        parent = bucket.schema("chandra")
        parent.create_table("photometry", points, sorting_key=OLD_KEY)
    session = connect(tmp_path / "older")
    ra = np.linspace(10, 11, 50)
    rows = {
        "object": [f"source {n}" for n in range(50)],
        "ra": ra,
        "dec": 0 * ra,
        "healpix": sky.healpix(ra, 0 * ra),
    }
    session.store.insert("chandra.photometry", pa.table(rows))
    yield session
    embedded.stop(tmp_path / "older")


def test_an_older_store_is_asked_as_it_is_and_apply_brings_it_up_to_date(older, caplog):
    near = Query("chandra.photometry", cone=Cone(10.0, 0.0, 3.0))
    by_name = Query("chandra.photometry", sets={"object": ["source 7"]})

    with caplog.at_level(logging.WARNING):
        answer = older.query(near)
        assert 3 == len(answer.frame)
        assert OLD_KEY == answer.how.sort_key
        assert 1 == len(older.query(by_name).frame)
        older.flush()
    assert "orbital provision apply" in caplog.text

    plan = older.storage.plan()
    assert not plan.conflicts
    changed = {c.name: set(c.after) for c in plan.changes if c.resource == "table"}
    assert {
        "ops.queries": {"columns"},
        "chandra.photometry": {"projections"},
    } == changed
    (note,) = (n for n in plan.notes if "chandra.photometry" in n)
    assert "sort is time, not healpix, time" in note
    assert "queries return the same rows" in note

    older.storage.apply()

    assert older.storage.plan().empty
    assert 3 == len(older.query(near).frame)
    older.flush()
    ledger = older.table("ops.queries")
    assert set(NEW) <= set(ledger.columns)
    assert "chandra.photometry" == ledger["table"][0]


def test_matching_adds_to_older_tables_the_column_that_says_what_is_simulated(older):
    with older.store.transaction() as tx:
        tx.drop("cross.objects")
        columns = schema.table("cross.objects").arrow
        older_columns = pa.schema(
            [field for field in columns if field.name != "simulated"]
        )
        parent = tx._tx.bucket(older.store.database).schema("cross")
        parent.create_table("objects", older_columns, sorting_key=["healpix"])
    older = connect(older.home)
    place = {"ra": [10.0], "dec": [5.0], "healpix": sky.healpix([10.0], [5.0])}
    for name in ("swift", "chandra"):
        source = {"source_id": [name], "error_radius_arcsec": [1.0]}
        rows = pa.table({**place, **source, "simulated": [True]})
        older.store.insert(f"{name}.sources", rows)

    before = older.known_at((10.0, 5.0)).summary
    older.match()

    assert before["simulated"].all()
    assert [True] == frame_of(older.store.read("cross.objects"))["simulated"].to_list()


@pytest.mark.parametrize("bulk_above", [None, 0])
def test_a_new_column_of_an_older_table_is_not_stored_and_what_to_do_is_said(
    older, tmp_path, caplog, bulk_above
):
    columns = schema.table("chandra.observations").arrow
    with older.store.transaction() as tx:
        tx.drop("chandra.observations")
        narrow = pa.schema([field for field in columns if field.name != "time_rule"])
        parent = tx._tx.bucket(older.store.database).schema("chandra")
        parent.create_table("observations", narrow, sorting_key=["healpix", "time"])
    older = connect(older.home)
    path = tmp_path / "log.tsv"
    path.write_text(
        "obsid\tra\tdec\ttime\texposure\tstatus\tdetector\tgrating\n"
        "4\t83.6\t22.0\t55000.1\t1000\tarchived\tACIS-S\tNONE\n"
    )

    with caplog.at_level(logging.WARNING):
        older.ingest(path, bulk_above=bulk_above)

    rows = older.query(Query("chandra.observations", full_scan=True)).frame
    assert [("4", None)] == rows.select("obs_id", "time_rule").rows()
    assert "no column time_rule, which is not stored: run `orbital provision apply`" in caplog.text  # fmt: skip


def test_apply_adds_live_time_to_the_intervals_of_an_older_store(older):
    columns = schema.table("chandra.intervals").arrow
    with older.store.transaction() as tx:
        tx.drop("chandra.intervals")
        narrow = pa.schema([field for field in columns if field.name != "live_s"])
        parent = tx._tx.bucket(older.store.database).schema("chandra")
        parent.create_table("intervals", narrow, sorting_key=OLD_KEY)
    older = connect(older.home)

    plan = older.storage.plan()
    assert not plan.conflicts
    older.storage.apply()

    assert older.storage.plan().empty
    assert "live_s" in older.table("chandra.intervals").columns
