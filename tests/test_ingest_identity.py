"""One content is stored once, one point of a curve once, whatever files carry them."""

import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from astropy.io import fits
from ingest_kills import start, wait_for_files

from orbital_kernel import config, connect, embedded
from orbital_kernel.archives.formats import text
from orbital_kernel.ingest import pool
from orbital_kernel.ingest.offered import hashed

MAPPING = """
table = "photometry"
observatory = "swift"
format = "csv"
[columns]
time = "day"
value = "flux"
[constants]
object = "AT 2012x"
[time]
format = "mjd"
scale = "utc"
[unit]
value = "UNIT"
[band]
kev = [0.3, 10.0]
"""
SOURCES = """
table = "sources"
observatory = "chandra"
format = "csv"
[columns]
source_id = "id"
ra = "ra"
dec = "dec"
"""
HEADER = """READ TERR 1 2
! Swift-XRT count rate of name: GRB 050315
! Time +err -err Rate +err -err
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    home = tmp_path_factory.mktemp("identity")
    session = connect(home)
    session.storage.apply()
    yield session
    embedded.stop(home)


@pytest.fixture
def orbital(platform):
    yield platform
    with platform.store.transaction() as tx:
        for name, rows in platform.tables().items():
            if rows:
                tx.delete(name, [])


@pytest.fixture
def light_curve(sample):
    return min(sample.archive.rglob("*1chan_1s.lc"))


def packed(source, target, level=9):
    target.write_bytes(gzip.compress(source.read_bytes(), level))
    return target


def state(report, name):
    return next(f.state for f in report.files if Path(f.path).name == name)


def content(orbital, *columns):
    """Return the observatories' rows, in an order of their own, without provenance."""
    tables = {}
    for name, rows in orbital.tables().items():
        if rows and not name.startswith(("ops.", "cross.")):
            frame = orbital.table(name).drop(
                "file_sha256", "file_row", *columns, strict=False
            )
            tables[name] = frame.sort(pl.all(), nulls_last=True)
    return tables


def same(first, second):
    return first.keys() == second.keys() and all(
        frame.equals(second[name]) for name, frame in first.items()
    )


def curve(path, points, header=HEADER):
    rows = [f"{at} {half} -{half} {rate} 0.1 -0.1" for at, half, rate in points]
    path.write_text(header + "\n".join(rows) + "\n")
    return path


GROWING = [(100.0, 10.0, 5.0), (200.0, 20.0, 4.0), (400.0, 50.0, 2.0)]
GROWN = [*GROWING[:2], (420.0, 70.0, 1.9), (900.0, 100.0, 1.0), (2000.0, 300.0, 0.5)]


@pytest.mark.parametrize("workers", [None, 2])
def test_a_file_beside_its_packed_copies_is_one_content(
    orbital, light_curve, tmp_path, workers
):
    shutil.copy(light_curve, tmp_path / "a.lc")
    packed(light_curve, tmp_path / "a.lc.gz")
    packed(light_curve, tmp_path / "b.lc.gz", level=1)

    report = orbital.ingest(tmp_path, workers=workers)

    assert "ingested" == state(report, "a.lc")
    assert "unchanged" == state(report, "a.lc.gz") == state(report, "b.lc.gz")
    assert report.rows == report.files[0].rows
    assert 1 == orbital.tables()["ops.files"]


@pytest.mark.parametrize("first", ["plain", "packed", "loosely packed"])
def test_packing_makes_no_difference_in_any_order(
    orbital, light_curve, tmp_path, first
):
    files = {
        "plain": shutil.copy(light_curve, tmp_path / "a.lc"),
        "packed": packed(light_curve, tmp_path / "a.lc.gz"),
        "loosely packed": packed(light_curve, tmp_path / "c.lc.gz", level=1),
    }
    orbital.ingest(files.pop(first))
    before = content(orbital)

    for path in files.values():
        assert "unchanged" == orbital.ingest(path).files[0].state
        assert "unchanged" == orbital.survey(path).files[0].state
        assert orbital.validate(path).agrees
    assert same(before, content(orbital))
    assert 1 == orbital.tables()["ops.files"]


def test_a_ledger_of_packed_hashes_is_upgraded_and_nothing_is_read_twice(
    orbital, light_curve, tmp_path
):
    path = packed(light_curve, tmp_path / "a.lc.gz")
    orbital.ingest(path)
    as_earlier_versions_did(orbital, path)
    before = content(orbital)

    assert "unchanged" == orbital.ingest(path).files[0].state
    plain = shutil.copy(light_curve, tmp_path / "a.lc")
    assert "unchanged" == orbital.ingest(plain).files[0].state

    assert same(before, content(orbital))
    assert orbital.validate(tmp_path).agrees
    assert 1 == orbital.tables()["ops.files"]
    orbital.ingest(path, replace=True)
    assert same(before, content(orbital))
    assert 1 == orbital.tables()["ops.files"]


def as_earlier_versions_did(orbital, path):
    """Give a stored file the ledger entry of an Orbital that hashed packed bytes."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    for name, rows in orbital.tables().items():
        column = "sha256" if name == "ops.files" else "file_sha256"
        if not rows or (name.startswith(("cross.", "ops.")) and name != "ops.files"):
            continue
        frame = orbital.table(name).with_columns(pl.lit(sha256).alias(column))
        if name == "ops.files":
            account = json.loads(frame["account"][0])
            account.pop("curves")
            frame = frame.with_columns(pl.lit(json.dumps(account)).alias("account"))
        with orbital.store.transaction() as tx:
            tx.delete(name, [])
            tx.insert(name, frame.to_arrow())


def test_an_older_store_does_not_double_the_points_of_an_unpacked_file(
    orbital, light_curve, tmp_path
):
    path = packed(light_curve, tmp_path / "a.lc.gz")
    orbital.ingest(path)
    as_earlier_versions_did(orbital, path)
    before = content(orbital)

    (file,) = orbital.ingest(shutil.copy(light_curve, tmp_path / "a.lc")).files

    assert same(before, content(orbital))
    assert 0 == file.tables["swift.rates"]["inserted"] == file.rows


def test_a_changed_mapping_replaces_the_rows_of_the_first(orbital, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("day,flux\n55000.5,2\n55001.5,3\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING.replace("UNIT", "mJy"))
    orbital.ingest(table, mapping=mapping)
    assert "unchanged" == orbital.ingest(table, mapping=mapping).files[0].state
    mapping.write_text(MAPPING.replace("UNIT", "Jy"))
    assert "ingest" == orbital.survey(table, mapping=mapping).files[0].state

    (file,) = orbital.ingest(table, mapping=mapping).files

    assert "ingested" == file.state
    assert {
        "rows that another mapping to its table gave of this file": 2
    } == file.replaced
    assert 2 == orbital.tables()["swift.photometry"]
    assert "unchanged" == orbital.ingest(table, mapping=mapping).files[0].state
    assert 1 == orbital.tables()["ops.files"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("packed", [False, True])
def test_mappings_of_one_file_to_two_tables_keep_both(orbital, tmp_path, order, packed):
    content = "day,flux,id,ra,dec\n55000.5,2,a,10,5\n55001.5,3,b,11,6\n"
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    mappings = [tmp_path / "points.toml", tmp_path / "places.toml"]
    mappings[0].write_text(MAPPING.replace("UNIT", "mJy"))
    mappings[1].write_text(SOURCES)
    for k in order:
        assert "ingest" == orbital.survey(path, mapping=mappings[k]).files[0].state
        (file,) = orbital.ingest(path, mapping=mappings[k]).files
        assert ("ingested", 2, {}) == (file.state, file.rows, file.replaced)

    def stored():
        tables = orbital.tables()
        return (
            tables["swift.photometry"],
            tables["chandra.sources"],
            tables["ops.files"],
        )

    assert (2, 2, 2) == stored()
    for mapping in mappings:
        assert "unchanged" == orbital.ingest(path, mapping=mapping).files[0].state
        assert orbital.validate(path, mapping=mapping).agrees

    mappings[1].write_text(SOURCES.replace('"chandra"', '"chandra"\nskip_lines = 0'))
    (file,) = orbital.ingest(path, mapping=mappings[1]).files
    orbital.ingest(path, mapping=mappings[0], replace=True)

    assert 2 == sum(file.replaced.values())
    assert (2, 2, 2) == stored()


def test_what_an_older_reader_read_is_read_again(orbital, tmp_path):
    path = curve(tmp_path / "a.qdp", GROWING)
    orbital.ingest(path)
    ledger = orbital.table("ops.files").with_columns(pl.lit(0).alias("reader_version"))
    with orbital.store.transaction() as tx:
        tx.delete("ops.files", [])
        tx.insert("ops.files", ledger.cast({"reader_version": pl.Int64}).to_arrow())

    (file,) = orbital.ingest(path).files

    assert "ingested" == file.state
    assert {"rows that were read from this file before": 3} == file.replaced
    assert 3 == orbital.tables()["swift.photometry"]


def grown(orbital, folder, order, names=("v1.qdp", "v2.qdp")):
    files = [
        curve(folder / names[0], GROWING),
        curve(folder / names[1], GROWN, HEADER.replace("Swift-XRT", "New Swift-XRT")),
    ]
    reports = [orbital.ingest(files[n]).files[0] for n in order]
    return files, reports


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("names", [("v1.qdp", "v2.qdp"), ("c.qdp", "c (1).qdp")])
def test_a_curve_that_has_grown_never_doubles_points(orbital, tmp_path, order, names):
    files, reports = grown(orbital, tmp_path, order, names)

    points = orbital.table("swift.photometry").sort("since_t0_s")
    assert [at for at, _, _ in GROWN] == points["since_t0_s"].to_list()
    assert [rate for _, _, rate in GROWN] == points["value"].to_list()
    if order == (0, 1):
        put = reports[1].tables["swift.photometry"]
        assert {"inserted": 3, "updated": 0, "unchanged": 2} == put
        assert [1] == list(reports[1].replaced.values())
    else:
        put = reports[1].tables["swift.photometry"]
        assert {"inserted": 0, "updated": 0, "unchanged": 2} == put
        assert [1] == list(reports[1].skipped.values())
    assert orbital.validate(tmp_path).agrees
    for path in files:
        assert "unchanged" == orbital.ingest(path).files[0].state


def test_a_file_that_is_read_again_leaves_later_versions_as_they_are(orbital, tmp_path):
    files, _ = grown(orbital, tmp_path, (0, 1))
    before = content(orbital)

    orbital.ingest(files[0], replace=True)
    assert same(before, content(orbital))
    orbital.ingest(tmp_path, replace=True)

    assert same(before, content(orbital))
    assert orbital.validate(tmp_path).agrees


def test_versions_in_one_run_are_one_curve(orbital, tmp_path):
    curve(tmp_path / "v1.qdp", GROWING)
    curve(tmp_path / "v2.qdp", GROWN)

    orbital.ingest(tmp_path)

    assert len(GROWN) == orbital.tables()["swift.photometry"]
    assert orbital.validate(tmp_path).agrees


def test_new_values_of_a_curve_update_its_points(orbital, tmp_path):
    curve(tmp_path / "c.qdp", GROWING)
    orbital.ingest(tmp_path)
    curve(tmp_path / "c.qdp", [(at, half, 2 * rate) for at, half, rate in GROWING])

    (file,) = orbital.ingest(tmp_path).files

    put = file.tables["swift.photometry"]
    assert {"inserted": 0, "updated": 3, "unchanged": 0} == put
    points = orbital.table("swift.photometry").sort("since_t0_s")
    assert [10.0, 8.0, 4.0] == points["value"].to_list()


def test_curves_that_share_times_but_neither_name_nor_values_are_two(orbital, tmp_path):
    curve(tmp_path / "a.qdp", GROWING)
    curve(tmp_path / "b.qdp", [(at, half, rate + 1) for at, half, rate in GROWING])

    orbital.ingest(tmp_path)

    assert 2 * len(GROWING) == orbital.tables()["swift.photometry"]


def test_a_newer_header_does_not_double_bins_or_good_times(
    orbital, light_curve, tmp_path
):
    old = Path(shutil.copy(light_curve, tmp_path))
    orbital.ingest(old)
    before = content(orbital)
    newer = tmp_path / "new"
    newer.mkdir()
    with fits.open(old) as hdus:
        hdus[0].header["HISTORY"] = "processed again"
        hdus.writeto(newer / old.name, checksum=True)

    (file,) = orbital.ingest(newer).files

    assert "ingested" == file.state
    assert 0 == file.rows
    assert same(before, content(orbital))
    assert orbital.validate(tmp_path).agrees


def sources(folder, **tables):
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("id,ra,dec\n" + "\n".join(lines) + "\n")
    mapping = folder.parent / "src.toml"
    mapping.write_text(SOURCES)
    return mapping


def test_catalogues_with_running_numbers_keep_their_sources_apart(orbital, tmp_path):
    folder = tmp_path / "catalogues"
    folder.mkdir()
    mapping = sources(
        folder,
        catA=["1,10.0,20.0", "2,11.0,21.0", "3,12.0,22.0"],
        catB=["1,110.0,-20.0", "2,111.0,-21.0", "3,112.0,-22.0"],
    )

    report = orbital.ingest(folder, mapping=mapping)

    assert 6 == report.rows == orbital.tables()["chandra.sources"]
    stored = orbital.table("chandra.sources")
    assert {"catA", "catB"} == set(stored["catalog"])
    assert {10.0, 11.0, 12.0, 110.0, 111.0, 112.0} == set(stored["ra"])


def test_a_catalogue_of_a_generic_name_is_called_after_its_folder(orbital, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "wide").mkdir()
    mapping = sources(tmp_path / "deep", sources=["1,10.0,20.0"])
    sources(tmp_path / "wide", sources=["1,110.0,-20.0"])

    orbital.ingest(tmp_path / "deep", tmp_path / "wide", mapping=mapping)

    names = set(orbital.table("chandra.sources")["catalog"])
    assert {"deep sources", "wide sources"} == names


def test_rows_of_one_key_and_different_cells_are_counted_and_named(orbital, tmp_path):
    folder = tmp_path / "catalogues"
    folder.mkdir()
    mapping = sources(
        folder, agn=["1,10.0,20.0", "2,11.0,21.0", "1,10.5,20.0", "2,11.0,21.0"]
    )

    (file,) = orbital.ingest(folder, mapping=mapping).files

    assert 2 == file.rows
    reasons = sorted(file.skipped.items(), key=lambda item: item[0])
    assert [1, 1] == [rows for _, rows in reasons]
    assert "repeated with the same" in reasons[0][0]
    assert "other cells, the last is stored: agn 1" in reasons[1][0]
    assert orbital.validate(folder, mapping=mapping).agrees


def test_twins_in_one_file_are_counted_also_if_it_is_written_in_parts(
    orbital, tmp_path, monkeypatch
):
    monkeypatch.setattr("orbital_kernel.ingest.run.TOGETHER_BYTES", 1)
    folder = tmp_path / "catalogues"
    folder.mkdir()
    (folder / "sds82.csv").write_text(SDS82)
    monkeypatch.setattr(text.batches, "__defaults__", (1,))

    (file,) = orbital.ingest(folder).files

    assert 2 == file.rows == orbital.tables()["swift.sources"]
    assert [1] == [n for why, n in file.skipped.items() if "other cells" in why]
    assert [1] == [n for why, n in file.skipped.items() if "and cells" in why]
    assert 0.3 in orbital.table("swift.sources")["flux"].to_list()


SDS82 = """RA;DEC;countrates_0.3-10keV(ph.s-1);countrates_error_0.3-10keV(ph.s-1);\
exposure_time(s)
00:56:24.480;-01:16:38.317;0.1;0.01;4572.8
00:56:25.480;-01:16:38.317;0.2;0.01;4572.8
00:56:24.480;-01:16:38.317;0.3;0.01;4000.0
00:56:25.480;-01:16:38.317;0.2;0.01;4572.8
"""


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("GRB 050315", "lc.qdp", "GRB 050315"),
        ("GRB050315", "curve_PC.qdp", "GRB 050315"),
        ("SN2008D", "flux.qdp", "SN2008D"),
        ("AT_2018cow", "PCCURVE.qdp", "AT 2018cow"),
        ("2CXO_J123456.7+123456", "lc.qdp", "2CXO J123456.7+123456"),
        ("GRB 050315/XRT/PC_incbad", "PCCURVE.qdp", "GRB 050315"),
        ("GRB 050315", "GRB060124_lc.qdp", "GRB 060124"),
        ("downloads", "lc.qdp", None),
        ("downloads", "V404Cyg.qdp", "V404Cyg"),
    ],
)
def test_an_object_is_never_named_after_a_generic_file(
    orbital, tmp_path_factory, folder, name, expected
):
    path = tmp_path_factory.mktemp("x") / folder
    path.mkdir(parents=True)
    curve(path / name, GROWING, HEADER.replace("name: GRB 050315", ""))

    orbital.ingest(path)

    assert {expected} == set(orbital.table("swift.photometry")["object"])


def test_curves_of_two_folders_and_one_name_are_two(orbital, tmp_path):
    header = HEADER.replace("name: GRB 050315", "")
    for rate, name in enumerate(("GRB 050315", "GRB 060124", "x", "y"), start=1):
        (tmp_path / name).mkdir()
        curve(tmp_path / name / "lc.qdp", [(1, 0.5, rate), (2, 0.5, rate)], header)

    orbital.ingest(tmp_path)

    assert 8 == orbital.tables()["swift.photometry"]


@pytest.fixture(params=["whole", "in parts"])
def writing(request, monkeypatch):
    if request.param == "in parts":
        monkeypatch.setattr("orbital_kernel.ingest.run.TOGETHER_BYTES", 1)


@pytest.fixture
def changes_once_hashed(monkeypatch):
    """Return a function that has a file changed as soon as its content is hashed."""

    def arrange(name, change):
        def hashed_and_changed(path):
            offered = hashed(path)
            if path.name == name:
                change(path)
            return offered

        monkeypatch.setattr(pool, "hashed", hashed_and_changed)

    return arrange


def appended(path):
    with path.open("a") as file:
        file.write("3000 100 -100 0.4 0.1 -0.1\n")


def rewritten(path):
    """Change a digit; size and time of modification remain."""
    status = path.stat()
    path.write_text(path.read_text().replace("5.0", "6.0"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path):
    other = path.with_name("other")
    other.write_text(path.read_text().replace("5.0", "6.0"))
    other.rename(path)


@pytest.mark.usefixtures("writing")
@pytest.mark.parametrize("change", [appended, rewritten, replaced])
def test_a_file_that_changes_while_it_is_read_is_refused_and_nothing_stored(
    orbital, tmp_path, changes_once_hashed, change
):
    curve(tmp_path / "a.qdp", GROWING)
    shutil.copy(tmp_path / "a.qdp", tmp_path / "b.qdp")
    changes_once_hashed("a.qdp", change)

    report = orbital.ingest(tmp_path)

    assert "refused" == state(report, "a.qdp")
    assert "changed" in report.in_state("refused")[0].reason
    assert {} == content(orbital)
    assert 0 == orbital.tables()["ops.files"]
    changes_once_hashed("", change)
    assert not orbital.ingest(tmp_path).in_state("refused")


def test_a_file_that_is_only_touched_is_ingested(
    orbital, tmp_path, changes_once_hashed
):
    curve(tmp_path / "a.qdp", GROWING)
    changes_once_hashed("a.qdp", lambda path: path.chmod(0o600))

    assert "ingested" == orbital.ingest(tmp_path).files[0].state


def variants(light_curve, folder):
    """Return a few files as they are, packed, and packed otherwise."""
    plain = [
        curve(folder / "grb.qdp", GROWING, f"! SIMULATED\n{HEADER}"),
        Path(shutil.copy(light_curve, folder / "bat.lc")),
    ]
    twice = [packed(path, folder / f"{path.name}.gz") for path in plain]
    return plain, [
        *plain,
        *twice,
        *(packed(path, folder / f"{path.name}.GZ", level=1) for path in plain),
        *(Path(shutil.copy(path, folder / f"copy {path.name}")) for path in plain),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_same_files_packed_renamed_and_in_any_order_give_the_same_tables(
    orbital, light_curve, tmp_path, seed
):
    chance = random.Random(seed)
    plain, files = variants(light_curve, tmp_path)
    orbital.ingest(*plain)
    expected = content(orbital, *NAMED_AFTER_FILES)
    with orbital.store.transaction() as tx:
        for name, rows in orbital.tables().items():
            if rows:
                tx.delete(name, [])
    chance.shuffle(files)
    while files:
        some = [files.pop() for _ in range(min(len(files), chance.randint(1, 4)))]
        orbital.ingest(*some, workers=chance.choice([None, 1, 2]))

    assert same(expected, content(orbital, *NAMED_AFTER_FILES))
    assert 2 == orbital.tables()["ops.files"]


NAMED_AFTER_FILES = ("series",)


def test_an_ingest_of_versions_that_is_killed_doubles_nothing_when_run_again(
    orbital, tmp_path
):
    for day in range(1, 7):
        header = HEADER.replace("Swift-XRT", f"Day {day} Swift-XRT")
        points = [(100.0 * n, 10.0, 5.0 + n) for n in range(1, 4 * day)]
        curve(tmp_path / f"day{day}.qdp", points, header)
    orbital.ingest(tmp_path)
    expected = content(orbital)
    assert 23 == len(expected["swift.photometry"])
    for name in ("swift.photometry", "ops.files"):
        with orbital.store.transaction() as tx:
            tx.delete(name, [])

    for count in (1, 3, 5):
        process = start(orbital.home, tmp_path, one_by_one=True)
        wait_for_files(orbital, process, 1 if count == 1 else 2)
        process.kill()
        process.wait()
        points = orbital.table("swift.photometry")["since_t0_s"]
        assert len(points) == points.n_unique()
    orbital.ingest(tmp_path)

    assert same(expected, content(orbital))
    assert orbital.validate(tmp_path).agrees


@pytest.fixture(scope="module")
def cases():
    folder = Path(__file__).parents[2] / "shared" / "cases" / "data"
    if not folder.exists():
        pytest.skip(f"the cases are missing: {folder}")
    return folder


def offered_by_command(home, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "orbital_kernel", "ingest", *map(str, arguments)],
        env={**config.without_vendor_variables(os.environ), "ORBITAL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_the_case_of_a_packed_and_a_plain_file_holds_five_bins(
    orbital, cases, tmp_path
):
    for path in (cases / "13_gz_and_plain").glob("*.lc*"):
        shutil.copy(path, tmp_path)

    reply = json.loads(offered_by_command(orbital.home, tmp_path, "--json"))

    assert ["ingested", "unchanged"] == [file["state"] for file in reply["files"]]
    assert 5 == orbital.tables()["swift.rates"]


def test_the_case_of_two_catalogues_holds_six_sources_and_the_text_counts_them(
    orbital, cases
):
    folder = cases / "07_declared_ids"
    mapping = ("--mapping", folder / "src.toml")

    first = offered_by_command(orbital.home, folder / "catA.csv", *mapping)
    again = offered_by_command(orbital.home, folder / "catB.csv", *mapping)

    assert 6 == orbital.tables()["chandra.sources"]
    assert "3 rows written" in first
    assert "already there" in again


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_versions_the_one_with_absolute_times_is_stored(
    orbital, tmp_path, order
):
    timed = HEADER + "! T0 for this burst is Swift MET=132569976.0 s, = 2005 Mar 15 at "
    timed += "20:59:42.800 UT\n"
    files = [
        curve(tmp_path / "GRB050315_lc.qdp", GROWING),
        curve(tmp_path / "GRB050315_flux.qdp", GROWING, timed),
    ]

    for place in order:
        orbital.ingest(files[place])

    points = orbital.table("swift.photometry")
    assert len(GROWING) == len(points) == points["time"].count()
    assert orbital.validate(tmp_path).agrees
