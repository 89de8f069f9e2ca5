"""The latency ledger never delays a query, and is compared with budgets."""

import json
import subprocess
import sys
import threading
from datetime import datetime

import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

from orbital_kernel import Cone, Query
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import StoreError
from orbital_kernel.query import Explain, Recorder, latency, ledger_fields
from orbital_kernel.query.latency import budgets
from orbital_kernel.storage import history

HOW = Explain("swift.rates", [], [], [], 0, None, 5, 1, 1, 8, 2.5)


def row(kind="cone"):
    return ledger_fields(Query("swift.rates"), HOW, kind=kind, who="me")


def test_a_query_is_printed_with_the_parts_that_were_given():
    query = Query("swift.rates", sets={"series": ["a"]}, limit=0)

    output = ledger_fields(query, HOW, kind="cone", who="me")["predicate"]

    assert "Query(table='swift.rates', sets={'series': ['a']}, limit=0)" == output


def test_rows_that_wait_are_written_together_and_in_order():
    batches = []
    recorder = Recorder(batches.append)

    for n in range(50):
        recorder.record(row(f"kind {n}"))
    assert recorder.flush(10)

    written = pa.concat_tables(batches)
    assert [f"kind {n}" for n in range(50)] == written["kind"].to_pylist()
    assert len(batches) < 10


def test_recording_does_not_wait_for_a_slow_database_and_counts_what_is_lost():
    go_on, writing, batches = threading.Event(), threading.Event(), []

    def write(rows):
        writing.set()
        go_on.wait(20)
        batches.append(len(rows))

    recorder = Recorder(write, waiting=3)
    recorder.record(row())
    assert writing.wait(10)
    for _ in range(5):
        recorder.record(row())
    assert not recorder.flush(0.05)
    go_on.set()

    assert recorder.flush(10)
    assert [1, 3] == batches
    assert 2 == recorder.lost


def test_a_database_that_refuses_costs_rows_of_the_ledger_and_nothing_else(caplog):
    def write(_rows):
        raise StoreError("the database is read-only")

    recorder = Recorder(write)
    recorder.record(row())

    assert recorder.flush(10)
    assert 1 == recorder.lost
    assert "read-only" in caplog.text


def test_a_process_that_ends_at_once_leaves_its_row(home, orbital):
    code = (
        "import sys; from orbital_kernel import connect, Query\n"
        "connect(sys.argv[1]).query(Query('swift.rates', limit=1), kind='at exit')"
    )

    subprocess.run([sys.executable, "-c", code, str(home)], check=True)

    assert "at exit" in orbital.table("ops.queries")["kind"].to_list()


def test_percentiles_by_kind_are_compared_with_the_budgets():
    limits = budgets()
    ledger = pl.DataFrame(
        {
            "kind": ["cone"] * 101 + ["odd"] * 2,
            "milliseconds": [float(n) for n in range(101)] + [1e6, 2e6],
            "rows_read": [1] * 101 + [None, 7],
            "rows_stored": [10] * 103,
        }
    )

    odd, cone = latency.by_kind(ledger)

    assert ("cone", 101, 50.0, 95.0, 99.0) == (
        cone.kind,
        cone.queries,
        round(cone.p50_ms),
        round(cone.p95_ms),
        round(cone.p99_ms),
    )
    assert (limits["cone"], True) == (cone.budget, cone.within)
    assert (limits["default"], False) == (odd.budget, odd.within)
    assert (101, 1010) == (cone.rows_read, cone.rows_stored)
    assert odd.rows_read is None


def test_the_slowest_come_first():
    columns = list(latency.Slow.__dataclass_fields__)
    base = dict.fromkeys(columns, "") | {"asked": datetime(2020, 1, 1)}  # noqa: DTZ001
    ledger = pl.DataFrame([base | {"milliseconds": float(ms)} for ms in (3, 9, 5)])

    assert [9.0, 5.0] == [s.milliseconds for s in latency.slowest(ledger, 2)]


@pytest.fixture
def command(home, monkeypatch):
    """Return a call of the command line on the shared platform, without a process."""
    for name in ("AWS_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORBITAL_HOME", str(home))

    def call(*arguments):
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert 0 == done.exit_code, done.output
        return done.stdout

    return call


def test_a_kind_nobody_asked_is_named(orbital, command):
    assert "no queries of kind 'nobody' are" in command("queries", "--kind", "nobody")


def test_the_queries_command_shows_kinds_and_slowest(orbital, command):
    orbital.query(Query("chandra.sources", cone=Cone(1, 1, 1)), kind="cone")
    orbital.flush()

    output = json.loads(command("queries", "--kind", "cone", "--json"))

    assert ["cone"] == [kind["kind"] for kind in output["kinds"]]
    assert output["kinds"][0]["queries"] == output["queries"] >= 1
    assert output["slowest"][0]["milliseconds"] >= output["kinds"][0]["p50_ms"]
    assert "Latency by kind" in command("queries")


def test_explain_on_the_command_line_is_for_people(orbital, command):
    output = command(
        *[
            "query",
            "cone",
            "chandra.sources",
            "--ra",
            "1",
            "--dec",
            "1",
            "--radius",
            "1",
            "--explain",
        ]
    )

    assert "sorted by  healpix" in output
    assert "pushed     healpix in [" in output
    assert "stages     plan" in output


@pytest.mark.parametrize("number", [1, 2, 88, 100, 101, 250])
def test_the_ledger_and_the_health_check_take_the_same_percentile(number):
    times = [1.0 * (7 * i % number) for i in range(number)]
    ledger = pl.DataFrame(
        {
            "kind": ["cone"] * number,
            "milliseconds": times,
            "rows_read": [1] * number,
            "rows_stored": [1] * number,
        }
    )
    (row,) = latency.by_kind(ledger)

    assert history.p99(times) == row.p99_ms
