"""Times of pointings: their rule is stored, and those of another place are not compared."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from archive_files import CHANDRA, rows_of, table, write
from astropy.io import fits

from orbital_kernel.archives import open_source
from orbital_kernel.archives.mapped.reader import declared_reader
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.sky import healpix
from orbital_kernel.model.times import to_tt

AT = datetime(2016, 3, 1, 12)  # noqa: DTZ001 - TT
RA, DEC = 95.0, 61.0
BARYCENTRE = "utc at barycentre"
SWIFT_LOG = "name,obsid,ra,dec,start_time,stop_time,xrt_exposure\nX,35014061,10.0,5.0,{},57696.5,900\n"
CHANDRA_LOG = "obsid\tra\tdec\ttime\texposure\tstatus\tdetector\tgrating\n4\t83.6\t22.0\t{}\t1000\tarchived\tACIS-S\tNONE\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("swift.csv", SWIFT_LOG.format("57696.25")),
        ("swift.csv", SWIFT_LOG.format("2016-11-04T06:00:00")),
        ("chandra.tsv", CHANDRA_LOG.format("55000.1")),
    ],
)
def test_times_of_a_log_are_marked_as_utc(tmp_path, name, content):
    (tmp_path / name).write_text(content)

    assert ["utc"] == rows_of(tmp_path / name)[0]["observations"]["time_rule"].to_pylist()  # fmt: skip


def test_a_pointing_not_yet_done_has_no_rule(tmp_path):
    (tmp_path / "plan.tsv").write_text(CHANDRA_LOG.format("0"))

    assert [None] == rows_of(tmp_path / "plan.tsv")[0]["observations"]["time_rule"].to_pylist()  # fmt: skip


VOTABLE = """<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE><TIMESYS ID="t" timeorigin="MJD-origin" timescale="{scale}" refposition="{place}"/>
<TABLE name="swiftmastr">{fields}<DATA><TABLEDATA><TR>{cells}</TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
"""
ROW = {"name": "X", "obsid": "00035014061", "ra": "10", "dec": "5", "start_time": "57696.25", "stop_time": "57696.5", "xrt_exposure": "900"}  # fmt: skip

DOUBLE = 'datatype="double"'


def votable(path, scale, place):
    kinds = {"name": 'datatype="char" arraysize="*"'}
    kinds["obsid"] = kinds["name"]
    fields = [f'<FIELD name="{n}" {kinds.get(n, DOUBLE)}/>' for n in ROW]
    cells = [f"<TD>{cell}</TD>" for cell in ROW.values()]
    path.write_text(
        VOTABLE.format(
            scale=scale, place=place, fields="".join(fields), cells="".join(cells)
        )
    )
    return path


@pytest.mark.parametrize(
    ("place", "rule"),
    [("TOPOCENTER", "utc"), ("BARYCENTER", BARYCENTRE), ("UNKNOWN", "utc")],
)
def test_a_log_as_votable_has_the_place_of_its_time_system(tmp_path, place, rule):
    tables, account = rows_of(votable(tmp_path / "log.vot", "UTC", place))

    assert [rule] == tables["observations"]["time_rule"].to_pylist()
    assert (rule != "utc") == ("times are of arrival at the barycentre" in account.understood)  # fmt: skip


def test_a_log_on_another_scale_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ArchiveError, match=r"time\.scale = 'tdb'"):
        rows_of(votable(tmp_path / "log.vot", "TDB", "BARYCENTER"))


MAPPED = """
table = "{table}"
observatory = "{observatory}"
format = "{form}"
columns = {{ {columns} }}
time = {{ format = "{clock}", scale = "{scale}" }}
"""


def mapped(tmp_path, path, **written):
    (tmp_path / "m.toml").write_text(MAPPED.format(**written))
    account = Account("")
    reader = declared_reader(tmp_path / "m.toml")
    return [b for _, b in reader.read(open_source(path), account)][0], account  # noqa: RUF015


@pytest.mark.parametrize("scale", ["utc", "tt", "tdb"])
def test_a_mapped_log_states_its_clock(tmp_path, scale):
    (tmp_path / "log.csv").write_text("id,start\n4,57696.25\n")
    columns = 'obs_id = "id", time_start = "start"'
    rows, _ = mapped(tmp_path, tmp_path / "log.csv", table="observations", observatory="chandra", form="csv", columns=columns, clock="mjd", scale=scale)  # fmt: skip

    assert [f"mjd-{scale}"] == rows["time_rule"].to_pylist()


CLOCK = {n: v for n, v in CHANDRA.items() if n != "TIMEZERO"} | {"TIMESYS": "TT"}
TABLES = {
    "observations": ("START", 'obs_id = "ID", time_start = "START"'),
    "intervals": ("START", 'obs_id = "ID", time = "START", time_stop = "START"'),
    "events": ("START", 'obs_id = "ID", time = "START"'),
}


@pytest.mark.parametrize("target", TABLES)
@pytest.mark.parametrize(
    ("header", "rule", "seconds"),
    [
        ({}, "chandra-tt", 5e8),
        ({"TIMEREF": "SOLARSYSTEM"}, "chandra-tt at barycentre", 5e8),
        ({"TREFPOS": "GEOCENTER"}, "chandra-tt at geocentre", 5e8),
        ({"TIMEZERO": 100.0}, "chandra-tt", 5e8 + 100),
        ({"TIMEUNIT": "d"}, "chandra-tt", 5e3 * 86400),
        ({"TIMEZERI": 3, "TIMEZERF": 0.5, "TIMEUNIT": "s"}, "chandra-tt", 5e8 + 3.5),
    ],
)
def test_a_mapped_fits_table_obeys_its_headers_clock(tmp_path, target, header, rule, seconds):  # fmt: skip
    written = 5e8 if header.get("TIMEUNIT") != "d" else 5e3
    column, names = TABLES[target]
    data = [
        fits.Column("ID", "4A", array=["4"]),
        fits.Column(column, "D", array=[written]),
    ]
    path = write(tmp_path / "t.fits", table("LOG", data, keywords=CLOCK | header))  # fmt: skip

    rows, _ = mapped(tmp_path, path, table=target, observatory="chandra", form="fits", columns=names, clock="chandra", scale="tt")  # fmt: skip

    assert [rule] == rows["time_rule"].to_pylist()
    assert to_tt("chandra-tt", [seconds]) == rows["time"].to_numpy()


@pytest.fixture(scope="module")
def pointed(orbital, holding):
    """Return a session with a burst and pointings at its place, some at the barycentre."""
    cell = int(healpix([RA], [DEC])[0])
    place = {"ra": RA, "dec": DEC, "healpix": cell, "simulated": True}

    def pointing(obs_id, rule, hours=1.0):
        times = {"time": AT + timedelta(hours=hours), "time_stop": AT + timedelta(hours=hours + 1)}  # fmt: skip
        return {"obs_id": obs_id, "object": "Clock field", "exposure_s": 900.0, "time_rule": rule} | times | place  # fmt: skip

    def arrow(*rows):
        kinds = {n: pl.Datetime("ns") for n in ("time", "time_stop") if n in rows[0]}
        return pl.DataFrame(rows, schema_overrides=kinds).to_arrow()

    swift = arrow(pointing("ck1", "utc") | {"instrument": "XRT"})
    chandra = arrow(
        *(
            pointing(i, rule) | {"instrument": "ACIS-S"}
            for i, rule in (
                ("ck2", "chandra-tt"),
                ("ck3", "chandra-tdb"),
                ("ck4", BARYCENTRE),
                ("ck5", None),
            )
        )
    )
    burst = {"catalog": "clocks", "trigger_id": "", "error_radius_arcsec": 1.0, "error_confidence": 0.9} | place  # fmt: skip
    grbs = arrow(
        burst | {"name": "GRB 160301X", "time": AT, "time_rule": "utc"},
        burst | {"name": "GRB 160301Y", "time": AT, "time_rule": BARYCENTRE},
    )
    with (
        holding("swift.observations", swift, "obs_id"),
        holding("chandra.observations", chandra, "obs_id"),
        holding("swift.grbs", grbs, "catalog"),
    ):
        yield orbital


def test_pairs_exclude_times_of_another_place_and_count_them(pointed):
    answer = pointed.questions.observed_by("swift", "chandra", within_arcmin=1)

    of_it = answer.frame.filter(pl.col("obs_id_a") == "ck1")
    assert ["ck2", "ck5"] == sorted(of_it["obs_id_b"])
    assert any(text.startswith("2 pointings with times of") for text in answer.how.residual)  # fmt: skip


def test_follow_ups_exclude_times_of_another_place_and_count_them(pointed):
    answer = pointed.questions.follow_ups(
        ["GRB 160301X"], by="chandra", within_arcmin=1, within_days=1, catalog="clocks"
    )

    assert ["ck2", "ck5"] == sorted(answer.frame["obs_id"])
    assert any(text.startswith("2 pointings with times of") for text in answer.how.residual)  # fmt: skip


def test_bursts_with_times_of_another_place_have_no_follow_ups(pointed):
    answer = pointed.questions.follow_ups(
        by="chandra", within_arcmin=1, within_days=1, catalog="clocks"
    )

    assert {"GRB 160301X"} == set(answer.frame["name"])
    assert any(text.startswith("1 bursts with times of") for text in answer.how.residual)  # fmt: skip


def test_visits_without_good_time_exclude_pointings_of_another_place(pointed):
    answer = pointed.visits((RA, DEC), by=["chandra"])

    assert ["ck2", "ck5"] == sorted(answer.rows["obs_id"])
    assert {"chandra: pointings timed at another place": 2} == answer.excluded
    assert {"observation"} == set(answer.rows["good_time"])
