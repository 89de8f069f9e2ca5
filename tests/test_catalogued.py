"""What Orbital says of a burst is the same in whatever order its catalogues came in."""

import json
import time
from datetime import datetime, timedelta

import burst_catalogues
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

from orbital_kernel import connect, embedded, plots
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model import times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.sky import healpix
from orbital_kernel.monitor.coincident import Coincident
from orbital_kernel.science import population

FIRST, SECOND, THIRD = burst_catalogues.NAMES
TT = datetime(2025, 1, 1, 7, 49, 7, 154000)  # noqa: DTZ001 the BAT catalogue's, TT
UVOT = (100.002, 20.002)
CATALOGUES = (
    "swift_bat/catalogs/swift_grb_table_to_230911C.tsv",
    "swift_bat/catalogs/bat_catalog_burst_durations.txt",
    "swift_bat/catalogs/bat_catalog_redshift.txt",
    "swift_bat/catalogs/bat_catalog_summary_general.txt",
)
OTHERS = (
    "chandra/obs_logs/chanmaster_2011-08.tsv",
    "swift_xrt/xrt_grb_flux_qdp",
    "joint/GRB130427A-SN2013cq/GRB130427A_swift_xrt_flux.qdp",
)
REAL = 40


def notice(kind, trigger, **more):
    row = {"kind": kind, "notice_id": f"{kind}/{trigger}", "trigger_id": trigger}
    return {**row, "role": "observation", "alert_type": "initial", **more}


def with_chandra(session):
    """Store what refers to the bursts: points, a pointing, an excursion, notices."""
    points = [
        {"object": FIRST, "time": TT + timedelta(seconds=s), "value": 1e-9}
        | {"unit": "erg / (cm2 s)", "band_low_kev": 0.3, "band_high_kev": 10.0}
        | {"is_limit": False, "instrument": "XRT", "since_t0_s": float(s)}
        for s in (10, 1000, 100_000)
    ]
    pointing = {"obs_id": "99001", "object": "afterglow", "ra": 100.0, "dec": 20.0}
    pointing |= {"healpix": int(healpix(100.0, 20.0)[0])}
    pointing |= {
        "time": TT + timedelta(days=2),
        "exposure_s": 1e4,
        "instrument": "ACIS",
    }
    matches = [{"catalog": "swift-grb-table", "name": FIRST, "relation": "coincident"}]
    excursion = {"burst_id": "one", "series": "x", "time": TT, "cause": "burst"}
    notices = [
        notice("swift.bat.position", "900003", time=TT, ra=120.001, dec=35.001)
        | {"error_radius_arcsec": 90.0},
        notice("swift.xrt.position", "900003", time=TT, ra=120.002, dec=35.002),
        notice("swift.bat.position", "900004", time=TT, ra=10.0, dec=5.0)
        | {"alert_type": "retraction"},
    ]
    for table, rows in {
        "swift.photometry": points,
        "chandra.observations": [pointing],
        "cross.bursts": [{**excursion, "matches": json.dumps(matches)}],
        "swift.notices": notices,
    }.items():
        session.store.insert(table, pa.Table.from_pylist(rows))


@pytest.fixture(scope="module")
def platforms(tmp_path_factory):
    """Return two platforms that took in the same files in opposite orders."""
    paths = burst_catalogues.write(tmp_path_factory.mktemp("catalogues") / "files")
    homes = [tmp_path_factory.mktemp(name) for name in ("forth", "back")]
    sessions = [connect(home) for home in homes]
    for session, order in zip(sessions, (paths, paths[::-1]), strict=True):
        session.storage.apply()
        for path in order:
            assert () == session.ingest(path).in_state("refused")
        with_chandra(session)
    yield sessions
    for home in homes:
        embedded.stop(home)


def labels(session, names):
    """Return what excursions at the bursts' times coincide with, as the watcher says."""
    content = Coincident(session.store)
    content.refresh({"swift": session.store.counts("swift")})
    starts = {name: session.objects.trigger(name) for name in names}
    rows = [
        {"burst_id": name, "series": name, "timescale_s": 1.0, "cause": "burst"}
        | {"time": int(np.datetime64(start, "ns").astype(int))}
        | dict.fromkeys(("t90_s", "t90_start_s"))
        for name, start in starts.items()
        if start is not None
    ]
    return content.of(rows)


def answers(session, names, *, placed=None):
    """Return every public answer about these bursts, by what was asked.

    Everything known at the place is asked of the first `placed` of them.
    """
    views = population.views(session.bursts.catalog())
    curves = set(session.objects.names()["object"]) & set(names)
    content = {
        name: session.known_at(name, radius_arcmin=2.0) for name in names[:placed]
    }
    return {
        "catalog": session.bursts.catalog(),
        "follow-ups of all": session.follow_ups(within_days=4000),
        **{("view", name): view.rows for name, view in views.items()},
        **{("numbers", name): repr(view.summary()) for name, view in views.items()},
        "labels": labels(session, names),
        **{("catalogued", n): session.bursts.catalogued(n) for n in names},
        **{("trigger", n): session.objects.trigger(n) for n in names},
        **{("place", n): session.objects.place(n) for n in names},
        **{("curve", n): session.light_curve(n).frame for n in sorted(curves)},
        **{
            ("known", n, t): rows
            for n in content
            for t, rows in content[n].tables.items()
        },
        **{
            ("position", n): (k.ra, k.dec, k.position_catalog)
            for n, k in content.items()
        },
        "follow-ups": session.follow_ups(names, within_days=4000),
    }


def differing(first, second):
    """Return which answers differ."""
    assert set(first) == set(second)

    def same(a, b):
        return a.equals(b) if isinstance(a, pl.DataFrame) else a == b

    return [call for call in first if not same(first[call], second[call])]


def in_step(session, table="swift.grbs"):
    """Wait until the database has sorted a table's rows by time."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        stored = frame_of(session.store.read(table, columns=["time"]))["time"]
        if stored.is_sorted(nulls_last=True):
            return
        time.sleep(0.05)
    raise AssertionError(f"the rows of {table} are not sorted after 60 s")


def test_no_answer_depends_on_the_order_of_ingest_nor_on_sorting(platforms):
    unsorted, also = (answers(session, burst_catalogues.NAMES) for session in platforms)
    for session in platforms:
        in_step(session)
    after = [answers(session, burst_catalogues.NAMES) for session in platforms]

    assert [] == differing(unsorted, also)
    assert [] == differing(unsorted, after[0])
    assert [] == differing(*after)


def test_the_catalogues_are_one_call_away_and_say_what_is_used(platforms):
    for session in platforms:
        rows = session.bursts.catalogued("grb250101s")

        assert [
            ("bat-catalog-summary", "time, T90"),
            ("bat-catalog-redshift", ""),
            ("swift-grb-table", "position, redshift"),
            ("xrt-lightcurve-types", ""),
        ] == rows.select("catalog", "used").rows()
        assert ["2025-01-01T07:47:57.970", "2025-01-01T07:47:57.000"] == [
            text.removesuffix("000000")[:23] for text in rows["time_utc"].drop_nulls()
        ]
        assert [False, True, False, False] == rows["redshift_doubtful"].to_list()


def test_a_light_curve_begins_at_the_bat_catalogues_trigger_and_says_so(platforms):
    for session in platforms:
        curve = session.light_curve(FIRST)
        figure = plots.light_curve(curve)

        assert [10.0, 1000.0, 100_000.0] == pytest.approx(curve["since_s"].to_list())
        assert {"bat-catalog-summary"} == set(curve["t0_source"])
        assert (
            "time since 2025-01-01 07:47:57.970 UTC, T0: bat-catalog-summary (s)"
            == figure.xaxis[0].axis_label
        )


def test_a_t0_that_is_given_is_named_so(platforms):
    curve = platforms[0].light_curve(FIRST, t0=TT)

    assert {"given"} == set(curve["t0_source"])


def test_a_place_is_the_best_instruments_and_named(platforms):
    for session in platforms:
        place = session.objects.place(FIRST)
        followed = session.bursts.follow_up("one", days=0.1)

        assert pytest.approx(UVOT) == session.objects.position(FIRST)
        assert ("swift-grb-table", "UVOT") == (
            place["position_catalog"],
            place["position_instrument"],
        )
        assert pytest.approx(UVOT) == (followed.place.ra, followed.place.dec)
        assert (
            f'{FIRST} of swift-grb-table (UVOT), error assumed 1"'
            == followed.place.source
        )
        assert "swift-grb-table" == session.known_at(FIRST).position_catalog


def test_follow_ups_name_the_catalogues_of_time_and_place(platforms):
    for session in platforms:
        (row,) = session.follow_ups(FIRST, within_days=3).to_dicts()

        assert ("99001", "bat-catalog-summary", "swift-grb-table", "UVOT") == (
            row["obs_id"],
            row["t0_source"],
            row["position_catalog"],
            row["position_instrument"],
        )
        assert "bat-catalog-summary" == row["t90_catalog"]
        assert pytest.approx(2.0) == row["dt_days"]


def test_notices_come_after_catalogues_but_for_a_better_place(platforms):
    for session in platforms:
        rows = session.bursts.catalogued(THIRD)

        assert [
            ("swift-grb-table", "BAT", "T90"),
            ("swift.bat.position", "BAT", "time"),
            ("swift.xrt.position", "XRT", "position"),
        ] == rows.select("catalog", "position_instrument", "used").rows()


def test_a_retracted_notice_is_listed_and_never_used(platforms):
    rows = platforms[0].bursts.catalogued("swift.bat.position/900004")

    assert [("retracted", "")] == rows.select("excluded", "used").rows()
    assert platforms[0].objects.position("swift.bat.position/900004") is None


def test_a_burst_nobody_lists_is_refused_in_a_sentence(platforms):
    with pytest.raises(
        QueryError, match="no burst catalogue and no notice has 'GRB X'"
    ):
        platforms[0].bursts.catalogued("GRB X")


def test_the_command_shows_each_catalogue(platforms, monkeypatch):
    monkeypatch.setenv("ORBITAL_HOME", str(platforms[0].home))

    shown = CliRunner().invoke(cli, ["bursts", "catalogued", FIRST, "--json"])

    rows = json.loads(shown.output)["rows"]
    assert "time, T90" == rows[0]["used"]
    assert 0.34 == rows[2]["redshift"]


def test_real_catalogues_give_the_same_in_either_order(platforms, archive):
    paths = [archive / name for name in CATALOGUES]
    for session, order in zip(platforms, (paths, paths[::-1]), strict=True):
        for path in order:
            assert () == session.ingest(path).in_state("refused")
        session.ingest(*(archive / name for name in OTHERS))
    rows = platforms[0].bursts.catalog()
    twice = rows.filter(pl.len().over("name") > 2)["name"].unique().sort()
    names = ["GRB 130427A", *twice.gather_every(len(twice) // REAL)[:REAL]]

    first, second = (answers(session, names, placed=4) for session in platforms)

    assert [] == differing(first, second)
    start = np.array([first["trigger", "GRB 130427A"]], "datetime64[ns]")
    assert "2013-04-27T07:47:57.512" == str(times.to_utc_iso(start, unit="ms")[0])
    assert {"bat-catalog-summary"} == set(first["curve", "GRB 130427A"]["t0_source"])


def test_the_page_of_an_object_has_its_trigger_and_the_sources_at_its_place(
    platforms, monkeypatch
):
    monkeypatch.setenv("ORBITAL_HOME", str(platforms[0].home))
    place, dec = platforms[0].objects.position(FIRST)[:2]
    rows = [
        {"catalog": "test", "source_id": name, "ra": ra, "dec": dec}
        | {"healpix": int(healpix(ra, dec)[0]), "flux": 1e-13}
        | {"flux_unit": "erg / (cm2 s)", "error_radius_arcsec": 1.0}
        for name, ra in (("near", place), ("far", place + 0.1))
    ]
    schema = platforms[0].store.actual()["chandra.sources"].arrow
    platforms[0].store.insert(
        "chandra.sources", pa.Table.from_pylist(rows, schema=schema)
    )
    page = platforms[0].object(FIRST)

    assert ["near"] == page.sources["source_id"].to_list()
    assert 0.0 == pytest.approx(page.sources["separation_arcsec"][0], abs=1e-6)
    shown = CliRunner().invoke(cli, ["object", FIRST]).output
    assert "trigger 2025-01-01T07:47:57.970 UTC (bat-catalog-summary)" in shown
    assert "far" not in shown.split()
