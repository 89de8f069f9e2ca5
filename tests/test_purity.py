"""Simulated and real rows never share a database, however they would come in."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import polars as pl
import pyarrow as pa
import pytest
from test_ingest import MAPPING, empty, totals
from test_listening import KIND, Tape, notice

from orbital_kernel import connect, embedded, ingest
from orbital_kernel.__main__ import cli
from orbital_kernel.archives.services.gcn_topics import Message
from orbital_kernel.errors import ArchiveError, ConfigError, StoreError
from orbital_kernel.ingest import purity, run
from orbital_kernel.monitor import Replay
from orbital_kernel.monitor.notices import listen
from orbital_kernel.reports import demo

ROWS = "day,flux,err\n56000.5,3.0,0.5\n56001.5,2.0,0.4\n"
PHOTOMETRY = "swift.photometry"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    home = tmp_path_factory.mktemp("purity")
    session = connect(home)
    session.storage.apply()
    yield session
    embedded.stop(home)


@pytest.fixture
def fresh(platform):
    yield platform
    empty(connect(platform.home))


@pytest.fixture
def files(tmp_path):
    """Return a small file of each kind, and the mapping they are read by."""
    mapping = tmp_path / "flux.toml"
    mapping.write_text(MAPPING)
    simulated, measured = tmp_path / "simulated_flux.csv", tmp_path / "flux.csv"
    simulated.write_text(ROWS)
    measured.write_text(ROWS.replace("3.0", "3.5"))
    return {"simulated": simulated, "real": measured, "mapping": mapping}


def kinds(session, table=PHOTOMETRY):
    return session.table(table, ["simulated"])["simulated"].unique().to_list()


ROUTES = {
    "together": {},
    "processes": {"workers": 2},
    "streamed": {},
    "bulk": {"bulk_above": 0},
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("first", ["simulated", "real"])
def test_a_file_of_the_other_kind_is_refused_and_writes_nothing(
    fresh, files, monkeypatch, first, route
):
    other = {"simulated": "real", "real": "simulated"}[first]
    fresh.ingest(files[first], mapping=files["mapping"])
    before = totals(fresh)
    if route in ("streamed", "bulk"):
        monkeypatch.setattr(run, "TOGETHER_BYTES", 0)

    report = fresh.ingest(files[other], mapping=files["mapping"], **ROUTES[route])

    (file,) = report.files
    assert ("refused", 0) == (file.state, file.rows)
    assert f"{other} rows and database 'orbital' holds {first} ones" in file.reason
    assert "ORBITAL_HOME" in file.reason
    assert "declared" in file.format
    assert before == totals(fresh)
    assert [first == "simulated"] == kinds(fresh)


@pytest.mark.parametrize("streamed", [True, False])
def test_of_a_folder_with_both_kinds_the_first_file_decides(
    fresh, files, monkeypatch, streamed
):
    if streamed:
        monkeypatch.setattr(run, "TOGETHER_BYTES", 0)

    report = fresh.ingest(files["real"], files["simulated"], mapping=files["mapping"])

    assert {"flux.csv": "ingested", "simulated_flux.csv": "refused"} == {
        file.path.rpartition("/")[2]: file.state for file in report.files
    }
    assert [False] == kinds(fresh)


def test_a_broken_file_decides_nothing(fresh, files, monkeypatch):
    monkeypatch.setattr(run, "TOGETHER_BYTES", 0)
    broken = files["real"].with_name("a.csv")
    lines = [f"{56000 + n},3.0,0.5" for n in range(30_000)]
    broken.write_text("\n".join(["day,flux,err", *lines, "soon,,,,,"]))

    report = fresh.ingest(broken, files["simulated"], mapping=files["mapping"])

    assert ["refused", "ingested"] == [file.state for file in report.files]
    assert [True] == kinds(fresh)


def test_two_ingests_at_once_leave_one_kind(fresh, files):
    def take(kind):
        session = connect(fresh.home)
        return session.ingest(files[kind], mapping=files["mapping"]).files[0].state

    with ThreadPoolExecutor(2) as pool:
        states = sorted(pool.map(take, ("simulated", "real")))

    assert ["ingested", "refused"] == states
    assert 1 == len(kinds(fresh))


def test_rows_of_no_known_kind_go_with_either():
    empty_handed = frozenset()

    assert purity.refusal("x", empty_handed, "orbital", frozenset({True})) is None
    assert purity.refusal("x", frozenset({True}), "orbital", empty_handed) is None


def test_a_file_of_both_kinds_is_refused_anywhere():
    why = purity.refusal("x", frozenset({True, False}), "orbital", frozenset())

    assert "split it" in why


def forget_kinds(session):
    """Remove from the ledger what an older Orbital did not write."""
    rows = session.table("ops.files").with_columns(
        pl.col("account").str.replace(r', "simulated": (true|false)', "")
    )
    assert not rows["account"].str.contains("simulated").any()
    with session.store.transaction() as tx:
        tx.delete("ops.files", [])
        tx.insert("ops.files", rows.to_arrow())


@pytest.mark.parametrize("first", ["simulated", "real"])
def test_an_older_store_is_known_by_its_rows(fresh, files, first):
    other = {"simulated": "real", "real": "simulated"}[first]
    fresh.ingest(files[first], mapping=files["mapping"])
    forget_kinds(fresh)

    assert (first == "simulated") is fresh.simulated
    assert (
        "refused" == fresh.ingest(files[other], mapping=files["mapping"]).files[0].state
    )
    assert [first == "simulated"] == kinds(fresh)


def test_an_older_store_that_holds_both_takes_no_more_of_either(fresh, files):
    for flag in (True, False):
        row = {"object": "x", "simulated": flag}
        fresh.store.insert(PHOTOMETRY, pa.Table.from_pylist([row]))

    reports = [
        fresh.ingest(files[kind], mapping=files["mapping"]).files[0]
        for kind in ("simulated", "real")
    ]

    assert ["refused", "refused"] == [report.state for report in reports]
    assert "holds simulated and real ones" in reports[0].reason
    assert fresh.simulated is True
    assert "simulated and real rows" == fresh.holds


def test_a_survey_shows_which_files_would_be_refused(fresh, files):
    fresh.ingest(files["simulated"], mapping=files["mapping"])

    plan = fresh.survey(files["real"], mapping=files["mapping"])

    assert ["refused"] == [file.state for file in plan.files]


def test_a_notice_heard_live_is_refused_by_a_simulated_store(fresh, files, tmp_path):
    fresh.ingest(files["simulated"], mapping=files["mapping"])
    tape = Tape(Message(KIND, 0, 1, notice(1).encode()))

    heard = listen(tape, fresh.ingest, tmp_path / "in", stop=Event(), for_s=1)

    assert (0, 1) == (heard.ingested, len(heard.refused))
    assert 0 == fresh.tables()["swift.notices"]


def test_a_replay_of_the_other_kind_is_refused(fresh, files, sample, tmp_path):
    fresh.ingest(files["real"], mapping=files["mapping"])
    tape = min(sample.archive.rglob("*1chan_1s.lc"))

    with pytest.raises(ArchiveError, match="holds simulated rows and database"):
        fresh.bursts.watch(tmp_path / "watch", replay=tape)

    assert 0 == fresh.tables()["swift.rates"]


def test_a_replay_that_an_ingest_overtook_is_refused_before_its_first_row(fresh, files):
    rates = pl.DataFrame({"series": ["s"], "met_s": [1.0], "simulated": [True]})
    replay = Replay(fresh.store, [("swift", rates)], speed=0)
    fresh.ingest(files["real"], mapping=files["mapping"])

    with pytest.raises(ArchiveError, match="never mix"):
        replay.feed()

    assert 0 == fresh.tables()["swift.rates"]


def test_what_a_replay_put_in_decides_for_files(fresh, files):
    rates = pl.DataFrame({"series": ["s"], "met_s": [1.0], "simulated": [False]})
    replay = Replay(fresh.store, [("swift", rates)], speed=0)
    while not replay.done:
        replay.feed()

    report = fresh.ingest(files["simulated"], mapping=files["mapping"])

    assert "refused" == report.files[0].state


def test_preparing_an_empty_database_gives_it_the_sample(fresh):
    report = fresh.prepare()
    again = fresh.prepare()

    assert () == report.in_state("refused")
    assert len(report.files) == len(again.in_state("unchanged"))
    assert fresh.simulated is True


def test_preparing_a_database_of_real_rows_adds_nothing(fresh, files):
    fresh.ingest(files["real"], mapping=files["mapping"])
    before = totals(fresh)

    assert () == fresh.prepare().files
    assert before == totals(fresh)
    assert "real rows" == fresh.holds


def test_preparing_a_database_of_other_simulated_rows_adds_nothing(fresh, files):
    fresh.ingest(files["simulated"], mapping=files["mapping"])

    assert () == fresh.prepare().files
    assert 2 == sum(totals(fresh).values())


def test_preparing_continues_with_a_sample_that_is_half_ingested(fresh):
    first = min(fresh.sample().rglob("*.qdp"))
    fresh.ingest(first)

    report = fresh.prepare()

    assert 1 == len(report.in_state("unchanged"))
    assert len(report.files) - 1 == len(report.in_state("ingested"))


def test_preparing_an_archive_of_which_nothing_comes_in_is_an_error(
    fresh, files, sample
):
    fresh.ingest(files["real"], mapping=files["mapping"])

    with pytest.raises(ArchiveError, match=r"no file of .* can be ingested.*never mix"):
        fresh.prepare(sample.archive)


def test_a_scan_of_files_matches_no_catalogue_burst_of_the_other_kind(fresh, sample):
    fresh.ingest(*sample.archive.rglob("*grb*"))
    catalogue = fresh.bursts.catalog()
    fresh.bursts.scan_store()
    assert (fresh.bursts.stored()["matches"] != "[]").any()
    with fresh.store.transaction() as tx:
        tx.delete("swift.grbs", [])
        tx.insert("swift.grbs", catalogue.with_columns(simulated=False).to_arrow())

    bursts = fresh.bursts.scan(*sample.archive.rglob("*1chan_1s.lc"))

    assert ["[]"] == bursts["matches"].unique().to_list()


def test_another_database_of_the_platform_takes_the_other_kind(fresh, files):
    fresh.ingest(files["simulated"], mapping=files["mapping"])
    other = connect(fresh.home, database="measured")
    other.storage.apply()

    report = other.ingest(files["real"], mapping=files["mapping"])

    assert "ingested" == report.files[0].state
    assert ([True], [False]) == (kinds(fresh), kinds(other))
    assert fresh.storage.plan().empty
    assert other.storage.plan().empty
    names = {row.name for row in other.storage.desired() if row.kind == "view"}
    assert "measured" in names
    assert "orbital" not in names
    empty(other)


def test_a_database_is_named_like_a_bucket(tmp_path):
    with pytest.raises(ConfigError, match="lower-case letters"):
        connect(tmp_path, database="My Data")


def test_the_demo_takes_a_database_without_rows_of_the_other_kind(
    fresh, files, monkeypatch
):
    monkeypatch.setenv("ORBITAL_HOME", str(fresh.home))
    monkeypatch.setenv("ORBITAL_DATABASE", "orbital")
    assert fresh is demo._database(fresh, simulated=True)
    fresh.ingest(files["real"], mapping=files["mapping"])

    assert fresh is demo._database(fresh, simulated=False)
    other = demo._database(fresh, simulated=True)
    assert "sample" == other.database == connect().database
    other.storage.apply()
    other.ingest(files["real"], mapping=files["mapping"])
    with pytest.raises(StoreError, match="found real rows in database 'orbital'"):
        demo._database(fresh, simulated=True)
    empty(other)


def test_a_folder_is_of_the_kind_its_first_file_says(files, sample, tmp_path):
    (tmp_path / "notice").mkdir()
    (tmp_path / "notice" / "note.txt").write_text("no format")
    (tmp_path / "notice" / "notice.json").write_text(notice(1))

    assert ingest.kind_of([sample.archive]) is True
    assert ingest.kind_of([tmp_path / "notice"]) is False
    assert ingest.kind_of([files["mapping"]]) is None


def some_of(archive, folder):
    """Copy a handful of real files of both observatories."""
    folder.mkdir()
    patterns = (
        "*130427A*1chan_1s.lc",
        "*130427A*.qdp",
        "swift_grb_table*",
        "*oif.fits",
        "*chanmaster*",
    )
    for pattern in patterns:
        for path in sorted(archive.rglob(pattern))[:2]:
            shutil.copy(path, folder / f"{path.parent.name}_{path.name}")
    return folder


def simulated_rows(session):
    counts = {}
    for name, rows in session.tables().items():
        table = session.store.actual()[name] if rows else None
        if table and "simulated" in table.arrow.names:
            flags = session.table(name, ["simulated"])["simulated"]
            counts[name] = int(flags.fill_null(value=False).sum())
    return counts


def test_on_real_files_no_public_call_and_no_report_leaves_a_simulated_row(
    archive, fresh, tmp_path, monkeypatch
):
    reports = pytest.importorskip("orbital_kernel.reports")
    monkeypatch.setenv("ORBITAL_HOME", str(fresh.home))
    report = fresh.ingest(some_of(archive, tmp_path / "some"))
    assert report.in_state("ingested")

    fresh.prepare()
    fresh.bursts.scan_store()
    fresh.match()
    fresh.light_curve("GRB 130427A")
    fresh.known_at("GRB 130427A", radius_arcmin=1)
    fresh.follow_ups(by="chandra", within_arcmin=5, within_days=400)
    fresh.objects_observed_by("swift", "chandra", within_arcmin=12, within_days=30)
    name = reports.find("05_build_light_curves")
    page = reports.run(name, tmp_path / "out", {"name": "GRB 130427A"})

    counts = simulated_rows(fresh)
    assert counts
    assert {0} == set(counts.values())
    assert "SIMULATED" not in page.read_text()
    assert "holds real rows" in page.read_text()


def test_the_command_line_refuses_in_a_sentence_and_goes_to_another_database(
    fresh, files, monkeypatch, capsys
):
    monkeypatch.setenv("ORBITAL_HOME", str(fresh.home))
    monkeypatch.setenv("ORBITAL_DATABASE", "orbital")
    fresh.ingest(files["simulated"], mapping=files["mapping"])
    arguments = [
        "ingest",
        str(files["real"]),
        "--mapping",
        str(files["mapping"]),
        "--json",
    ]

    codes, documents = [], []
    for database in ("orbital", "measured"):
        with pytest.raises(SystemExit) as ended:
            cli(["--database", database, *arguments], standalone_mode=False)
        codes.append(ended.value.code)
        documents.append(json.loads(capsys.readouterr().out))

    assert [1, 0] == codes
    assert ["refused", "ingested"] == [d["files"][0]["state"] for d in documents]
    assert "--database NAME" in documents[0]["files"][0]["reason"]
    empty(connect(database="measured"))
