"""A file goes in once, right, whole, and with its story; or not at all."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.errors import ArchiveError


def totals(orbital):
    return {
        name: rows
        for name, rows in orbital.tables().items()
        if not name.startswith(("ops.", "cross."))
    }


@pytest.fixture
def fresh(tmp_path):
    session = connect(tmp_path / "home")
    session.storage.apply()
    yield session
    embedded.stop(tmp_path / "home")


def test_every_sample_file_is_ingested_with_its_rows_and_a_ledger_row(stocked, sample):
    ledger = stocked.table("ops.files").filter(pl.col("state") == "ingested")

    assert {p.name for p in sample.archive.rglob("*") if p.is_file()} <= set(
        ledger["name"]
    )
    assert 0 == ledger.filter(pl.col("rows") == 0).height
    written = sum(
        count["inserted"]
        for tables in ledger["tables"]
        for count in json.loads(tables).values()
    )
    assert sum(totals(stocked).values()) <= written


def test_ingesting_again_adds_nothing(stocked, sample):
    before = totals(stocked)

    report = stocked.ingest(sample.archive)

    assert len(report.files) == len(report.in_state("unchanged"))
    assert before == totals(stocked)


def test_the_same_content_under_another_name_is_known(stocked, sample, tmp_path):
    original = next(sample.archive.rglob("*.qdp"))
    shutil.copy(original, tmp_path / "renamed.qdp")

    assert "unchanged" == stocked.ingest(tmp_path).files[0].state


def test_replace_writes_the_same_rows_anew(fresh, sample):
    light_curve = next(sample.archive.rglob("*1chan_1s.lc"))
    fresh.ingest(light_curve)
    before = totals(fresh)

    report = fresh.ingest(light_curve, replace=True)

    assert "ingested" == report.files[0].state
    assert before == totals(fresh)


def test_broken_and_unknown_files_are_refused_by_name_and_the_rest_goes_on(
    fresh, sample, tmp_path
):
    good = next(sample.archive.rglob("*1chan_1s.lc"))
    box = tmp_path / "mixed"
    box.mkdir()
    shutil.copy(good, box / "b_good.lc")
    (box / "a_truncated.lc").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (box / "c_empty.fits").touch()
    (box / "d_notes.txt").write_text("dear diary")
    (box / "e_broken.lc.gz").write_bytes(gzip.compress(good.read_bytes())[:5000])

    report = fresh.ingest(box)

    states = {
        path.rpartition("/")[2]: state
        for path, state in report.frame.select("path", "state").rows()
    }
    assert "ingested" == states.pop("b_good.lc")
    assert {"refused"} == set(states.values())
    assert all(r.reason for r in report.in_state("refused"))
    assert (
        report.in_state("ingested")[0].rows
        == totals(fresh)["swift.rates"] + totals(fresh)["swift.intervals"]
    )
    refused = fresh.table("ops.files").filter(pl.col("state") == "refused")
    assert 4 == len(refused)
    again = fresh.ingest(box)
    assert 4 == len(again.in_state("refused"))
    assert 5 == fresh.tables()["ops.files"]


def test_a_newer_log_updates_and_never_repeats_an_observation(fresh, sample, tmp_path):
    log = next(sample.archive.rglob("simulated_chanmaster.tsv"))
    fresh.ingest(log)
    before = fresh.tables()["chandra.observations"]
    lines = log.read_text().splitlines()
    lines[1] = lines[1].replace("archived", "observed")
    newer = tmp_path / "simulated_newer.tsv"
    newer.write_text("\n".join(lines) + "\n")

    report = fresh.ingest(newer)

    counts = report.files[0].tables["chandra.observations"]
    assert before == fresh.tables()["chandra.observations"]
    assert {"inserted": 0, "updated": 1, "unchanged": before - 1} == counts


def test_another_observatorys_file_is_refused_where_one_was_named(fresh, sample):
    light_curve = next(sample.archive.rglob("*1chan_1s.lc"))

    report = fresh.ingest(light_curve, observatory="chandra")

    assert "refused" == report.files[0].state
    assert "is swift data" in report.files[0].reason
    assert 0 == sum(totals(fresh).values())


def test_a_path_that_does_not_exist_is_an_error(orbital):
    with pytest.raises(ArchiveError, match="no file or folder"):
        orbital.ingest("/nowhere/at/all")


def test_simulated_rows_are_labelled_and_real_units_are_told(stocked):
    rates = stocked.table("swift.rates", ["simulated"])

    assert [True] == rates["simulated"].unique().to_list()
    assert "s" == stocked.units("swift.rates")["bin_s"]


def test_a_platform_killed_mid_ingest_loses_nothing_and_doubles_nothing(
    fresh, sample, tmp_path, stocked
):
    home = tmp_path / "home"
    code = (
        "import sys; from orbital_kernel import connect\n"
        "connect(sys.argv[1]).ingest(sys.argv[2])"
    )
    command = [sys.executable, "-c", code, str(home), str(sample.archive)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while fresh.store.rows("ops.files") < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    pid = embedded.status(home).pid
    os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()

    session = connect(home)
    kept = session.table("ops.files")
    assert 3 <= len(kept) < len(sample.tables["files"])
    session.ingest(sample.archive)

    assert totals(stocked) == totals(session)
    assert kept["sha256"].is_in(session.table("ops.files")["sha256"]).all()
