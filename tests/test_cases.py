"""Files that were read wrongly once: each is read right by what a user calls."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orbital_kernel import connect
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

CASES = Path(__file__).parents[2] / "shared/cases/data"
FLUX, JANSKY = "erg / (cm2 s)", "mJy"


@dataclass(frozen=True)
class Case:
    """A file, how it is ingested, and what is right: values by column, in order of rows."""

    file: str
    table: str
    right: dict[str, list[Any]]
    mapping: str | None = None
    mapped: tuple[tuple[str, str], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    understood: str = ""


SWIFT_CLOCK = (
    ('format = "since"', 'format = "swift"'),
    ('scale = "utc"\nt0 = "2001-01-01T00:00:00"\nunit = "s"\n', ""),
)
FLAGGED = {"is_limit": [False, True], "value_err_plus": [5e-14, None]}
READ = [
    Case(
        "01_pcul_limits/SN2006aj_flux_cut.qdp",
        "swift.photometry",
        {
            "is_limit": [False] * 11 + [True] * 3,
            "limit_confidence": [None] * 11 + [0.9973] * 3,
        },
    ),
    Case(
        "03_xrt_log_slews/swiftxrlog_4rows.txt",
        "swift.intervals",
        {
            "kind": ["slewing", "slewing", "settling", "snapshot"],
            "live_s": [None, None, None, 107.38294],
        },
    ),
    Case(
        "04_bat_trigger_catalogue/recent_bcttb.fits.gz",
        "swift.sources",
        {"catalog": ["bat-trigger-catalogue"] * 1296},
    ),
    Case(
        "06_stale_datasum/chandra_time.fits",
        "chandra.events",
        {"time_rule": ["chandra-tt"] * 2},
        options={"accept_checksums": True},
        understood="accepted as requested",
    ),
    Case(
        "07_declared_ids/catB.csv",
        "chandra.sources",
        {"catalog": ["catB"] * 3, "source_id": ["1", "2", "3"]},
        mapping="src.toml",
    ),
    *(
        Case(f"08_limit_flag/{name}", "swift.photometry", FLAGGED, mapping=mapping)
        for name, mapping in (
            ("flag_bool.csv", "flag.toml"),
            ("flag_float.csv", "flag.toml"),
            ("flag_tf.csv", "flag.toml"),
            ("flag_bool.fits", "flagfits.toml"),
        )
    ),
    *(
        Case(
            f"10_hrcs_region/{name}_src.lc",
            "chandra.photometry",
            {"ra": [161.26] * 5, "dec": [-59.68] * 5},
        )
        for name in ("hrcs", "hrci")
    ),
    Case(
        "11_flux_density_jy/GRB 201013A_Density_PC.json",
        "swift.photometry",
        {"value": [0.012, 0.011], "unit": [JANSKY] * 2, "band": ["10 keV"] * 2},
    ),
    Case(
        "11_flux_density_jy/GRB200101A_density.qdp",
        "swift.photometry",
        {"value": [0.12, 0.1, 0.0012], "unit": [JANSKY] * 3},
    ),
    Case(
        "15_bat_monitor/CenX-3.lc.fits",
        "swift.rates",
        {"unit": ["count / (cm2 s)"] * 6, "bin_s": [86400.0] * 6},
    ),
    Case(
        "17_mjd_tdb_axis/tdb.qdp",
        "swift.photometry",
        {"since_t0_s": [None] * 2, "time_rule": ["mjd-tdb"] * 2},
        understood="TDB",
    ),
    Case(
        "18_uvot_maghist/maghist.fits",
        "swift.photometry",
        {"time": ["2016-11-05T00:54:11.684", "2016-11-05T01:10:51.684"]},
        mapping="maghist.toml",
        mapped=SWIFT_CLOCK,
        understood="UTCFINIT",
    ),
    Case(
        "19_overflow/over.vot",
        "chandra.sources",
        {"source_id": ["o1", "o2"]},
        mapping="srcvot.toml",
        understood="rows are missing",
    ),
    Case(
        "21_votables/chanmaster.vot", "chandra.observations", {"obs_id": ["4", "16454"]}
    ),
    Case("21_votables/csc.vot", "chandra.sources", {"catalog": ["csc2"]}),
    Case(
        "22_iso_offset/doy.csv",
        "swift.photometry",
        {"time": ["2012-05-02T04:06:12.973"]},
        mapping="iso.toml",
    ),
    Case(
        "22_iso_offset/iso_tz.csv",
        "swift.photometry",
        {"time": ["2012-05-02T04:06:12.184"]},
        mapping="iso.toml",
    ),
    Case(
        "22_iso_offset/guano_offset.json",
        "swift.notices",
        {"time": ["2024-01-02T03:01:09.307"]},
    ),
    Case(
        "25_gcn_classic_text/classic.txt",
        "swift.notices",
        {"time": ["2021-12-11T13:11:08.834"]},
    ),
    Case(
        "26_events_no_mapping/xrt_xselect.lc",
        "swift.photometry",
        {"time_rule": ["swift-met-utcf"] * 5},
        understood="UTCF -16.5 s",
    ),
    Case(
        "27_qdp_inline_comment/comments_inline.qdp",
        "swift.photometry",
        {"value": [1.0, 2.0], "is_limit": [False, False]},
    ),
]
REFUSED = [
    ("06_stale_datasum/filtered_1561_sgra_2-4keV_lc300.fits", "--accept-checksums"),
    ("21_votables/err.vot", "Table not found"),
    ("24_tar/00035023000.tar", "a tar archive: unpack it first"),
    ("24_tar/prods.tar.gz", "a tar archive: unpack it first"),
    ("26_events_no_mapping/sw00035023003bevshsp_uf.evt", "an event list of SWIFT BAT"),
    ("26_events_no_mapping/sw00035023003uw1w1po_uf.evt", "an event list of SWIFT UVOT"),
]


@pytest.fixture(scope="module")
def session(home):
    session = connect(home, database="cases")
    session.storage.apply()
    return session


def path_of(name):
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path} is missing")
    return path


def ingested(session, path, **options):
    """Ingest one file; return its report and the rows of a table that came from it."""
    return session.ingest(path, **options).to_json()["files"][0]


def rows_of_file(session, report, table):
    of_file = Clause("file_sha256", (Equal(report["sha256"]),))
    return frame_of(session.store.read(table, [of_file])).sort("file_row")


@pytest.mark.parametrize("case", READ, ids=lambda case: case.file)
def test_a_file_that_was_read_wrongly_once_is_read_right(session, tmp_path, case):
    path, options = path_of(case.file), dict(case.options)
    if case.mapping is not None:
        text = (path.parent / case.mapping).read_text()
        for before, after in case.mapped:
            text = text.replace(before, after)
        options["mapping"] = tmp_path / case.mapping
        options["mapping"].write_text(text)

    report = ingested(session, path, **options)

    assert ("ingested", None) == (report["state"], report["reason"])
    assert case.understood in " ".join(report["understood"])
    rows = rows_of_file(session, report, case.table)
    for name, right in case.right.items():
        values, expected = rows[name], right
        if values.dtype.is_temporal():
            values = values.dt.round("1ms").dt.to_string("%Y-%m-%dT%H:%M:%S%.3f")
        if values.dtype.is_float():
            numbers = [math.nan if value is None else value for value in right]
            expected = pytest.approx(numbers, rel=1e-5, nan_ok=True)
            values = values.fill_null(math.nan)
        assert values.to_list() == expected


@pytest.mark.parametrize(("name", "words"), REFUSED, ids=[n for n, _ in REFUSED])
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(session, name, words):
    report = ingested(session, path_of(name))

    assert "refused" == report["state"]
    assert words in report["reason"]


def test_catalogues_with_the_same_running_numbers_keep_all_their_sources(session):
    mapping = path_of("07_declared_ids/src.toml")
    reports = [
        ingested(session, mapping.parent / f"cat{letter}.csv", mapping=mapping)
        for letter in "AB"
    ]

    rows = [rows_of_file(session, report, "chandra.sources") for report in reports]
    assert 6 == pl.concat(rows).unique(["catalog", "source_id"]).height


def test_a_file_and_its_gzip_are_one(session):
    plain = path_of("13_gz_and_plain/sw00035023000_1chan_1s.lc")
    report = ingested(session, plain)
    again = ingested(session, plain.with_name(f"{plain.name}.gz"))

    assert ("ingested", "unchanged") == (report["state"], again["state"])
    assert 5 == rows_of_file(session, report, "swift.rates").height
