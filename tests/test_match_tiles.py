"""Matches cut into tiles: the same objects for every cutting, worker and interruption."""

import json
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from click.testing import CliRunner
from pointed_sky import sky

from orbital_kernel import connect
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import healpix, separation_deg
from orbital_kernel.questions.matching import match

NAMES = ("swift", "chandra")
SMALL = 1500
CATALOGS = {"swift": "2sxps", "chandra": "csc2"}
# the scheduler drops copies of results at once, so that a killed worker may hold the last
EAGER = {"DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__INTERVAL": "10ms"}
UNTIMED = ("time", "run_id")


def rows_of(sources, catalog):
    """Return simulated sources as rows of a table of sources."""
    return sources.drop("truth").with_columns(
        pl.Series("healpix", healpix(sources["ra"], sources["dec"])),
        pl.lit(catalog).alias("catalog"),
        pl.lit(value=True).alias("simulated"),
    )


@pytest.fixture(scope="module")
def skies():
    return dict(zip(NAMES, sky(3, 150), strict=True))


@pytest.fixture(scope="module")
def matched(home, skies):
    """Return a session on a database with a pointed sky, matched in one tile."""
    session = connect(home, database="pointed")
    session.storage.apply()
    for name, sources in skies.items():
        rows = rows_of(sources, CATALOGS[name])
        session.store.insert(f"{name}.sources", rows.to_arrow())
    assert 1 == len(match(session, NAMES).tiles)
    return session


def stored(session):
    """Return what a match stores, in a fixed order."""
    return {
        name: session.table(f"cross.{name}").sort(pl.all())
        for name in ("objects", "associations", "pairs")
    } | {"identities": session.table("cross.identities").drop(UNTIMED).sort(pl.all())}


def differing(before, after):
    """Return the tables that are not the same."""
    return [name for name in before if not before[name].equals(after[name])]


def test_every_cutting_and_either_order_gives_the_same_objects(matched):
    before = stored(matched)
    small = match(matched, ("chandra", "swift"), most_rows=SMALL, workers=2)

    assert len(small.tiles) > 4
    assert [] == differing(before, stored(matched))
    assert [] == matched.table("cross.tiles")["run_id"].to_list()


def test_every_row_is_counted(matched, skies):
    matching = match(matched, NAMES, most_rows=SMALL)

    assert {n: len(skies[n]) for n in NAMES} == matching.rows
    assert sum(matching.rows.values()) == sum(matching.errors.values()) + sum(
        matching.excluded.values()
    )
    assert matching.objects == matched.store.rows("cross.objects")


def test_a_stopped_match_continues_behind_its_finished_tiles(matched):
    before, seen = stored(matched), []

    def stop(done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        match(matched, NAMES, most_rows=SMALL, progress=stop)
    finished = matched.table("cross.tiles")["summary"].drop_nulls().len()
    match(
        matched, NAMES, most_rows=SMALL, progress=lambda done, _total: seen.append(done)
    )

    assert finished == 1
    assert seen[0] > 0
    assert [] == differing(before, stored(matched))


def children(pattern):
    """Return the processes of a program that this one or its children started."""
    listed = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", pattern],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in listed.stdout.split()]


def test_a_process_that_is_killed_loses_no_tile(matched):
    before, killed = stored(matched), []

    def kill_one(done, _total):
        if done and not killed:
            killed.append(children("session.matcher")[0])
            os.kill(killed[0], signal.SIGKILL)

    match(matched, NAMES, most_rows=SMALL, workers=2, progress=kill_one)

    assert len(killed) == 1
    assert [] == differing(before, stored(matched))
    assert [] == children("session.matcher")


KILLED_WHILE_IT_WRITES = """
import os, signal, sys
from orbital_kernel import connect
from orbital_kernel.questions.matching import tt_now
from orbital_kernel.questions.matching.marks import Mark, writing
from orbital_kernel.questions.matching.plan import make_plan

store = connect(sys.argv[1], database="pointed").store
plan = make_plan(
    store, ("swift", "chandra"), within_arcsec=None, region=None, most_rows=int(sys.argv[2])
)
tile = plan.tiles[0]
with writing(store, Mark(plan.run_id, tile.low, tile.high), tt_now()) as tx:
    tx.delete("cross.objects", [])
    print(tx.number, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_transaction_of_a_process_that_was_killed_is_rolled_back(matched):
    """It has claimed every object: until it ends, nobody else can replace them."""
    before = stored(matched)
    program = [sys.executable, "-c", KILLED_WHILE_IT_WRITES, str(matched.home)]
    killed = subprocess.run([*program, str(SMALL)], stdout=subprocess.PIPE, check=False)

    match(matched, NAMES, most_rows=SMALL)

    assert -signal.SIGKILL == killed.returncode
    assert not matched.store.roll_back(int(killed.stdout))
    assert [] == differing(before, stored(matched))


@pytest.fixture
def cluster(matched, tmp_path):
    """Return the address of a Dask scheduler and its three workers' processes."""
    pytest.importorskip("distributed", reason="needs the extra dask")
    file = tmp_path / "scheduler.json"
    environment = {**os.environ, **matched.settings.environment(), **EAGER}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker"]
    run = {"env": environment, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    processes = [
        subprocess.Popen(
            [*dask, "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
            **run,
        )
    ]
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    processes += [
        subprocess.Popen([*worker, "--scheduler-file", str(file), *options], **run)
        for _ in range(3)
    ]
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield json.loads(file.read_text())["address"], processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_dask_workers_give_the_same_objects_even_if_one_is_killed(matched, cluster):
    from distributed import Client  # noqa: PLC0415 - an extra

    address, workers = cluster
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=60)
    before, killed = stored(matched), []

    def kill_one(done, _total):
        if done and not killed:
            workers[0].kill()
            killed.append(workers[0].wait())

    matching = match(matched, NAMES, most_rows=SMALL, dask=address, progress=kill_one)

    assert [-signal.SIGKILL] == killed
    assert len(matching.tiles) > 4
    assert [] == differing(before, stored(matched))


def test_a_region_matches_its_own_sources_and_leaves_the_others(matched):
    before = stored(matched)
    first = before["objects"].sort("ra").row(0, named=True)
    region = (first["ra"], first["dec"], 0.2)
    pairs = matched.match("swift", "chandra", region=region)
    inside = separation_deg(*region[:2], pairs["ra"], pairs["dec"]) <= region[2]

    assert pairs.height > 0
    assert inside.all()
    after = stored(matched)
    far = pl.Series(
        separation_deg(*region[:2], before["objects"]["ra"], before["objects"]["dec"])
        > region[2]
    )

    assert (
        before["objects"]
        .filter(far)
        .equals(
            after["objects"].join(
                before["objects"].filter(far).select("object_id"),
                on="object_id",
                how="semi",
            )
        )
    )


def test_the_command_prints_pairs_that_add_up(matched, monkeypatch):
    monkeypatch.setenv("ORBITAL_DATABASE", "pointed")  # set back afterwards
    result = CliRunner().invoke(
        cli,
        ["--database", "pointed", "match", "swift", "chandra", "--json"],
        env={"ORBITAL_HOME": str(matched.home)},
        catch_exceptions=False,
    )
    document = json.loads(result.stdout)
    sums = (
        pl.DataFrame(document["pairs"]).group_by("left_id").agg(pl.col("p_i").sum())
    )["p_i"]

    assert document["objects"] == matched.store.rows("cross.objects")
    assert {} == document["excluded"]
    assert document["seconds"] > 0
    assert sums.to_list() == pytest.approx([1.0] * len(sums))


def test_a_database_without_sources_has_no_pairs_and_no_objects(home):
    session = connect(home, database="empty-sky")
    session.storage.apply()
    matching = match(session, NAMES)

    assert (0, 0, {}) == (len(matching.pairs), matching.objects, matching.excluded)


@pytest.mark.parametrize(
    ("names", "more", "message"),
    [
        (("swift", "swift"), {}, "two or more different"),
        (("swift",), {}, "two or more different"),
        (NAMES, {"region": (0.0, 91.0, 1.0)}, "Dec"),
        (NAMES, {"within_arcsec": 0.0}, "above 0"),
    ],
)
def test_a_match_that_cannot_be_is_refused(matched, names, more, message):
    with pytest.raises(QueryError, match=message):
        match(matched, names, **more)


def test_an_id_stays_when_a_sharper_catalogue_and_repeats_join(matched, skies):
    """The sharper list has the same sources; of one object only a new source is near."""
    before = matched.table("cross.objects")
    sharper = rows_of(skies["chandra"], "sharper").with_columns(
        pl.format("S-{}", "source_id").alias("source_id"),
        error_radius_arcsec=pl.lit(0.05),
    )
    matched.store.insert("chandra.sources", sharper.to_arrow())
    matching = match(matched, NAMES)
    after = matched.table("cross.objects")
    same = before.join(after, on="object_id", how="inner")
    names = matched.table("cross.associations").filter(pl.col("catalog") == "sharper")

    assert same.height > 0.97 * before.height
    assert names.height > 0.97 * after.height
    assert (after["name"].str.starts_with("S-")).mean() > 0.9
    assert matching.sources["chandra"] < matching.rows["chandra"] * 0.51
