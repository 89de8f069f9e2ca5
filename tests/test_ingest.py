"""A file goes in once, right, whole, and with its story; or not at all."""

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from ingest_kills import content_hash, start, wait_for_files, wait_for_path
from test_ingest_fuzz import SEED, cases, kinds

from orbital_kernel import connect, embedded
from orbital_kernel.database import Store
from orbital_kernel.errors import ArchiveError, OrbitalError, StoreError
from orbital_kernel.ingest import checksum, overlap, run, survey
from orbital_kernel.ingest.items import End, Refusal, Task
from orbital_kernel.ingest.overlap import put
from orbital_kernel.ingest.pool import Pool, read_here

MAPPING = """
table = "photometry"
observatory = "swift"
format = "csv"
[columns]
time = "day"
value = "flux"
value_err = "err"
[constants]
object = "AT 2012x"
[time]
format = "mjd"
scale = "utc"
[unit]
value = "1e-12 erg / (cm2 s)"
[band]
kev = [0.3, 10.0]
"""


def totals(orbital):
    return {
        name: rows
        for name, rows in orbital.tables().items()
        if not name.startswith(("ops.", "cross."))
    }


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    home = tmp_path_factory.mktemp("ingest")
    session = connect(home)
    session.storage.apply()
    yield session
    embedded.stop(home)


def empty(session):
    with session.store.transaction() as tx:
        for name, rows in session.tables().items():
            if rows:
                tx.delete(name, [])


@pytest.fixture
def fresh(platform):
    yield platform
    empty(connect(platform.home))


@pytest.fixture
def few(sample, tmp_path):
    """Return a folder with a small file of several kinds."""
    folder = tmp_path / "few"
    folder.mkdir()
    for pattern in (
        "*1chan_1s.lc",
        "sim_csc2.tsv",
        "simulated_chanmaster.tsv",
        "simulated_swift_deepsky*.csv",
        "*.qdp",
        "*evt2.fits",
        "*brt1s.lc.gz",
    ):
        shutil.copy(min(sample.archive.rglob(pattern)), folder)
    return folder


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


def test_the_same_content_under_another_name_is_unchanged(stocked, sample, tmp_path):
    original = next(sample.archive.rglob("*.qdp"))
    shutil.copy(original, tmp_path / "renamed.qdp")

    assert "unchanged" == stocked.ingest(tmp_path).files[0].state


def test_replace_writes_the_same_rows_again(fresh, sample):
    light_curve = next(sample.archive.rglob("*1chan_1s.lc"))
    fresh.ingest(light_curve)
    before = totals(fresh)

    report = fresh.ingest(light_curve, replace=True)

    assert "ingested" == report.files[0].state
    assert before == totals(fresh)


def test_broken_and_unknown_files_are_refused_and_the_others_ingested(
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


@pytest.fixture
def logs(sample, tmp_path):
    """Return two logs of the same observations, the second one newer and other."""
    log = next(sample.archive.rglob("simulated_chanmaster.tsv"))
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = log.read_text().splitlines()
    (folder / "a.tsv").write_text("\n".join(lines) + "\n")
    lines[1:4] = [line.replace("archived", "observed") for line in lines[1:4]]
    (folder / "b.tsv").write_text("\n".join([*lines[:1], *lines[2:]]) + "\n")
    return folder


@pytest.mark.parametrize("again", [["a.tsv"], ["b.tsv"], ["a.tsv", "b.tsv"], ["."]])
def test_a_log_that_is_read_again_keeps_its_age(fresh, logs, again):
    fresh.ingest(logs / "a.tsv")
    fresh.ingest(logs / "b.tsv")
    before = fresh.table("chandra.observations").sort("obs_id")

    for name in again:
        fresh.ingest(logs / name, replace=True)

    assert before.equals(fresh.table("chandra.observations").sort("obs_id"))
    assert fresh.validate(logs).agrees


def test_a_row_no_longer_in_a_file_is_reported_when_it_is_read_again(fresh, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("name,ra,dec,kind\na,1,2,x\nb,2,3,y\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'table = "sources"\nobservatory = "swift"\nformat = "csv"\n'
        'columns = {source_id = "name", ra = "ra", dec = "dec", kind = "kind"}\n'
    )
    fresh.ingest(table, mapping=mapping)
    mapping.write_text(
        mapping.read_text().replace('observatory = "swift"', "")
        + 'rows = {column = "kind", values = {x = "swift"}}\n'
    )

    (file,) = fresh.ingest(table, mapping=mapping, replace=True).files

    assert ["a"] == fresh.table("swift.sources")["source_id"].to_list()
    assert 1 == sum(n for why, n in file.skipped.items() if "no longer in" in why)


def test_another_observatorys_file_is_refused_if_one_was_named(fresh, sample):
    light_curve = next(sample.archive.rglob("*1chan_1s.lc"))

    report = fresh.ingest(light_curve, observatory="chandra")

    assert "refused" == report.files[0].state
    assert "is swift data" in report.files[0].reason
    assert 0 == sum(totals(fresh).values())


def test_a_path_that_does_not_exist_is_an_error(orbital):
    with pytest.raises(ArchiveError, match="no file or folder"):
        orbital.ingest("/nowhere/at/all")


def test_simulated_rows_are_labelled_and_units_are_stored(stocked):
    rates = stocked.table("swift.rates", ["simulated"])

    assert [True] == rates["simulated"].unique().to_list()
    assert "s" == stocked.units("swift.rates")["bin_s"]


def test_what_is_stored_does_not_depend_on_order_or_parallelism(fresh, few):
    fresh.ingest(*sorted(few.iterdir(), reverse=True), workers=3)
    first = content_hash(fresh)
    empty(fresh)

    fresh.ingest(few)

    assert first == content_hash(fresh)


def test_rows_that_differ_when_read_back_are_not_stored(fresh, few, monkeypatch):
    keep = checksum.numeric_columns
    monkeypatch.setattr(checksum, "numeric_columns", lambda table: keep(table)[1:])

    with pytest.raises(StoreError, match="came back"):
        fresh.ingest(few)

    assert 0 == sum(totals(fresh).values())
    assert 0 == fresh.tables()["ops.files"]


def test_the_ledger_keeps_checksums_that_validation_finds_again(fresh, few):
    fresh.ingest(few)
    rates = next(few.glob("*brt1s*"))

    sums = json.loads(
        fresh.table("ops.files").filter(name=rates.name)["checksum"].item()
    )

    assert ["swift.rates"] == list(sums)
    (file,) = fresh.validate(rates).files
    assert sums["swift.rates"] == file.tables[0].source.checksum
    assert file.tables[0].source == file.tables[0].store


def test_validation_finds_what_is_missing_or_changed(fresh, few):
    fresh.ingest(few)
    assert fresh.validate(few).agrees
    with fresh.store.transaction() as tx:
        ids = tx.select("swift.rates", [], columns=["rate"], row_ids=True)
        tx.delete_rows("swift.rates", ids.slice(0, 1))
        source = tx.select("swift.sources", [], row_ids=True).slice(0, 1)
        tx.delete_rows("swift.sources", source)
        ra = source.column_names.index("ra")
        moved = source.drop_columns(["$row_id"]).set_column(ra, "ra", [[1.25]])
        tx.insert("swift.sources", moved)

    validation = fresh.validate(few)

    assert not validation.agrees
    differing = {t.table for f in validation.files for t in f.tables if not t.same}
    assert {"swift.rates", "swift.sources"} == differing
    assert 1 == validation.totals["swift.rates"]["missing"]


def test_a_survey_counts_what_ingest_then_writes_and_writes_nothing(fresh, few):
    (few / "notes.txt").write_text("dear diary")

    plan = fresh.survey(few)

    assert 0 == fresh.tables()["ops.files"]
    assert 1 == len(plan.in_state("refused"))
    assert all(quota.enough for quota in plan.quotas)
    fresh.ingest(few)
    assert {n: v.rows for n, v in plan.tables.items()} == {
        name: rows for name, rows in totals(fresh).items() if rows
    }
    assert 7 == len(fresh.survey(few).in_state("unchanged"))


def test_a_store_not_provisioned_yet_can_be_surveyed(fresh, few):
    plan = survey([few], Store(fresh.settings, database="unmade"))

    assert 7 == len(plan.in_state("ingest"))


def test_a_keyed_row_is_not_lost_if_its_key_is_null(fresh):
    rows = pa.table({"catalog": ["C", "C"], "source_id": [None, "a"], "flux": [1.0, 2]})
    for expected in ({"inserted": 2}, {"unchanged": 2}):
        with fresh.store.transaction() as tx:
            counts = put(tx, "swift.sources", rows).counts

        assert expected == {k: v for k, v in counts.items() if v}


def test_a_log_of_another_kind_does_not_blank_filled_cells(fresh):
    first = pa.table({"obs_id": ["1"], "log": ["a"], "pi": ["Hubble"], "ra": [1.0]})
    other = pa.table({"obs_id": ["1"], "log": ["b"], "ra": [2.0]})
    with fresh.store.transaction() as tx:
        put(tx, "swift.observations", first)
        assert 1 == put(tx, "swift.observations", other).updated

    stored = fresh.table("swift.observations", ["log", "pi", "ra"])

    assert [("b", "Hubble", 2.0)] == stored.rows()


def test_keys_are_looked_up_one_by_one_in_a_large_table(fresh, monkeypatch):
    monkeypatch.setattr(overlap, "SCAN_ROWS_PER_KEY", 0)
    rows = pa.table({"obs_id": ["1", "2", None], "ra": [1.0, 2.0, 3.0]})
    with fresh.store.transaction() as tx:
        put(tx, "swift.observations", rows)
        counts = put(tx, "swift.observations", rows).counts

    assert {"inserted": 0, "updated": 0, "unchanged": 3} == counts


def test_every_obsid_of_a_log_offered_twice_is_there_once(fresh, archive):
    logs = archive / "chandra" / "obs_logs"
    fresh.ingest(logs)
    _planned, log = sorted(logs.iterdir())

    report = fresh.ingest(log, replace=True)

    listed = pl.read_csv(log, separator="\t", columns=["obsid"], infer_schema=False)
    stored = fresh.table("chandra.observations", ["obs_id"])["obs_id"]
    assert 11_447 == len(listed)
    assert stored.is_unique().all()
    assert listed["obsid"].str.strip_chars().is_in(stored.implode()).all()
    assert 11_447 == sum(report.files[0].tables["chandra.observations"].values())


def test_a_large_file_is_streamed_and_refused_whole_if_its_end_is_broken(
    fresh, few, monkeypatch
):
    monkeypatch.setattr(run, "TOGETHER_BYTES", 1)
    seen = []
    good = next(few.glob("*brt1s*"))
    cut = few / "cut.lc.gz"
    cut.write_bytes(good.read_bytes()[:-300])

    report = fresh.ingest(few, progress=lambda path, size: seen.append((path, size)))

    assert ["cut.lc.gz"] == [Path(r.path).name for r in report.in_state("refused")]
    stored = fresh.table("swift.rates", ["file_sha256"])["file_sha256"].unique()
    assert report.in_state("refused")[0].sha256 not in stored
    assert {path: path.stat().st_size for path in few.iterdir()} == {
        path: sum(size for p, size in seen if p == path) for path, _ in seen
    }
    assert fresh.validate(few).agrees


def test_the_bulk_path_stores_the_same_rows(fresh, few, monkeypatch):
    events = next(few.glob("*evt2.fits"))
    fresh.ingest(events)
    inserted = fresh.table("chandra.events").sort("file_row")
    monkeypatch.setattr(run, "TOGETHER_BYTES", 1)

    report = fresh.ingest(events, replace=True, bulk_above=0)

    assert "ingested" == report.files[0].state
    assert inserted.equals(fresh.table("chandra.events").sort("file_row"))


def test_a_table_of_unknown_format_is_ingested_by_a_mapping(fresh, tmp_path):
    table = tmp_path / "fluxes.csv"
    table.write_text("day,flux,err\n56000.5,1.5,0.1\n56001.5,2.5,0.1\n")
    mapping = tmp_path / "fluxes.toml"
    mapping.write_text(MAPPING)
    assert "refused" == fresh.ingest(table).files[0].state

    report = fresh.ingest(table, mapping=mapping)

    assert "ingested" == report.files[0].state
    assert (
        pytest.approx([1.5e-12, 2.5e-12])
        == fresh.table("swift.photometry")["value"].sort().to_list()
    )
    assert 1 == fresh.tables()["ops.files"]


def test_a_quarantine_report_lists_reasons_and_offsets(fresh, few, tmp_path):
    broken = few / "broken.fits"
    broken.write_bytes(next(few.glob("*evt2.fits")).read_bytes()[:100_000])

    fresh.ingest(few).write_quarantine(tmp_path / "quarantine.json")

    quarantine = json.loads((tmp_path / "quarantine.json").read_text())
    assert len(list(few.iterdir())) == quarantine["offered"]
    (refused,) = quarantine["refused"]
    assert str(broken) == refused["path"]
    assert refused["reason"]
    assert 100_000 == refused["size_bytes"]


def test_damaged_files_leave_no_row_in_the_store(fresh, sample, tmp_path):
    box = tmp_path / "damaged"
    box.mkdir()
    chance = random.Random(SEED)
    for name, content in cases(kinds(sample.archive)):
        if chance.random() < 0.08:
            (box / name).write_bytes(content)

    report = fresh.ingest(box, workers=2)

    stored = [
        sha256
        for table in totals(fresh)
        for sha256 in fresh.table(table, ["file_sha256"])["file_sha256"]
    ]
    assert 30 < len(report.files)
    assert not set(stored) & {r.sha256 for r in report.in_state("refused")}
    assert set(stored) <= {r.sha256 for r in report.in_state("ingested")}
    assert sum(r.rows for r in report.in_state("ingested")) >= len(stored)


def test_a_reader_process_that_dies_refuses_only_its_file(fresh, few):
    victim = sorted(few.iterdir())[2]
    with Pool(
        sorted(few.iterdir()), Task(), selects=lambda _: True, workers=1
    ) as offers:
        ended = []
        for offered in offers:
            if offered.path == victim:
                os.kill(offered.pid, signal.SIGKILL)
            ended.append(list(offered.items())[-1])

    refused = [e for e in ended if isinstance(e, Refusal)]
    assert 7 == len(ended)
    assert all("the process that read it ended" in r.reason for r in refused)
    assert 1 >= len(refused)


HANGS = """
from orbital_kernel.archives.reading import Reader

def read(source, account):
    while True:
        pass

READER = Reader("hangs", lambda s: s.head.startswith(b"#hang"), read, "never ends")
"""


def test_a_reader_that_hangs_is_stopped_and_refuses_only_its_file(
    few, tmp_path, monkeypatch
):
    readers = tmp_path / "own"
    readers.mkdir()
    (readers / "hangs.py").write_text(HANGS)
    monkeypatch.setenv("ORBITAL_OBSERVATORIES", str(readers))
    (few / "aa.txt").write_text("#hang\n")
    files = sorted(few.iterdir())
    with Pool(
        files, Task(), selects=lambda _: True, workers=1, stalled_s=10.0
    ) as offers:
        ended = {o.path.name: list(o.items())[-1] for o in offers}

    assert "yielded nothing for 10 s" in ended.pop("aa.txt").reason
    assert 7 == sum(isinstance(outcome, End) for outcome in ended.values())


def test_a_reader_that_hangs_in_this_process_is_stopped_too(few, tmp_path, monkeypatch):
    readers = tmp_path / "own"
    readers.mkdir()
    (readers / "hangs.py").write_text(HANGS)
    monkeypatch.setenv("ORBITAL_OBSERVATORIES", str(readers))
    (few / "aa.txt").write_text("#hang\n")
    files = sorted(few.iterdir())[:2]

    offers = read_here(files, Task(), selects=lambda _: True, stalled_s=0.5)
    ended = {o.path.name: list(o.items())[-1] for o in offers}

    assert "yielded nothing for 0.5 s" in ended.pop("aa.txt").reason
    assert all(isinstance(outcome, End) for outcome in ended.values())


def test_ctrl_c_leaves_whole_files_and_says_how_to_continue(fresh, sample):
    process = start(fresh.home, sample.archive, errors=subprocess.PIPE)
    wait_for_files(fresh, process, 1)
    process.send_signal(signal.SIGINT)
    message = process.communicate(timeout=60)[1].decode()

    assert 130 == process.returncode
    assert "run the same command again" in " ".join(message.split())
    names = set(fresh.table("ops.files")["name"])
    assert names  # all of them, where the machine is fast
    files = [path for path in sample.archive.rglob("*") if path.name in names]
    assert fresh.validate(*files).agrees


def test_ctrl_c_before_the_first_file_is_exit_130_and_says_how_to_continue(
    sample, tmp_path
):
    home = tmp_path / "home"
    process = start(home, sample.archive, errors=subprocess.PIPE)
    try:
        wait_for_path(home / "start.lock", process)
        process.send_signal(signal.SIGINT)
        message = process.communicate(timeout=60)[1].decode()
    finally:
        connect(home)
        embedded.stop(home)

    assert process.returncode in {130, -signal.SIGINT}  # a shell calls both 130
    assert "run the same command again" in " ".join(message.split())
    assert "Aborted" not in message


LOST = """
import signal, threading, weakref
from orbital_kernel.commands.interrupts import deliver_lost_interrupts

class Thing: pass

signal.signal(signal.SIGINT, signal.default_int_handler)
deliver_lost_interrupts()
thing = Thing()
watch = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
del thing
try:
    threading.Event().wait()
except KeyboardInterrupt:
    print("delivered")
"""


def test_ctrl_c_that_python_drops_in_a_callback_is_delivered_again():
    completed = subprocess.run(
        [sys.executable, "-c", LOST],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "delivered\n" == completed.stdout
    assert "" == completed.stderr


def test_a_reader_process_that_cannot_start_is_reported_and_nothing_hangs(
    few, monkeypatch, tmp_path
):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pyarrow.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(broken))

    with (
        pytest.raises(OrbitalError, match="a process that reads files did not start"),
        Pool(
            sorted(few.iterdir()), Task(), selects=lambda _: True, workers=2
        ) as offers,
    ):
        list(offers)


def test_a_killed_client_and_platform_neither_lose_nor_double_rows(few, fresh):
    fresh.ingest(few)
    expected = content_hash(fresh)
    empty(fresh)
    for victim in ("client", "platform"):
        process = start(fresh.home, few, one_by_one=True)
        wait_for_files(fresh, process, 2)
        pid = process.pid if victim == "client" else embedded.status(fresh.home).pid
        os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
        connect(fresh.home)
        assert fresh.tables()["ops.files"] < 7

    fresh.ingest(few)

    assert expected == content_hash(fresh)
