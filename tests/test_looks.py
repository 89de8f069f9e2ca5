"""Looks at a target: neither pointings of 0 s nor those that only wait count as one."""

from datetime import datetime, timedelta

import polars as pl
import pyarrow as pa
import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.model import sky

PLACE = (150.0, 20.0)
START = datetime(2015, 3, 1)  # noqa: DTZ001 on the TT scale
LOOKS = (
    ("00010001001", "NGC 1", 1000.0, True),
    ("00010001002", "NGC 1", 0.0, False),
    ("00074100090", "saa-cold-218-0", 1080.0, False),
    ("00074100091", "SAA_COLD-3", 500.0, False),
    ("00010001003", "NGC 1", None, True),
)
EXPOSED = [obs_id for obs_id, _, _, look in LOOKS if look]


def placed(**row):
    ra, dec = PLACE
    return row | {"ra": ra, "dec": dec, "healpix": int(sky.healpix(ra, dec)[0])}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return a session on a platform with looks and others at one place."""
    home = tmp_path_factory.mktemp("looks")
    session = connect(home)
    session.storage.apply()
    logged = [
        placed(obs_id=obs_id, object=target, time=START, exposure_s=seconds)
        | {"instrument": "XRT"}
        for obs_id, target, seconds, _ in LOOKS
    ]
    chandra = placed(obs_id="9", object="NGC 1", time=START, exposure_s=100.0)
    chandra["instrument"] = "ACIS-S"
    burst = placed(catalog="swift-grb-table", name="GRB 150228A")
    burst["time"] = START - timedelta(days=1)
    stretch = {"time": START, "time_stop": START + timedelta(seconds=100)}
    swift = [
        stretch | {"obs_id": obs_id, "kind": "snapshot", "instrument": "XRT"}
        for obs_id, _, _, _ in LOOKS
        if obs_id != "00010001002"
    ]
    gti = stretch | {"obs_id": "9", "kind": "gti", "instrument": "ACIS ccd 7"}
    for table, rows in {
        "swift.observations": logged,
        "chandra.observations": [chandra],
        "swift.grbs": [burst],
        "swift.intervals": swift,
        "chandra.intervals": [gti],
    }.items():
        session.store.insert(table, pa.Table.from_pylist(rows))
    yield session
    embedded.stop(home)


def test_only_exposed_pointings_are_pairs_of_observations(session):
    pairs = session.objects_observed_by("swift", "chandra", within_arcmin=5)

    assert sorted(EXPOSED) == sorted(pairs["obs_id_a"])


def test_only_exposed_pointings_are_follow_ups(session):
    later = session.follow_ups("GRB 150228A", by="swift", within_arcmin=5)

    assert sorted(EXPOSED) == sorted(later["obs_id"])


def test_only_exposed_pointings_are_known_at_a_place(session):
    known = session.known_at(PLACE)

    assert sorted(EXPOSED) == sorted(known.tables["swift.observations"]["obs_id"])


def test_what_only_waits_shares_no_good_time(session):
    shared = session.simultaneous("swift", "chandra")

    assert sorted(EXPOSED) == sorted(shared["obs_id_a"])


def test_a_follow_up_says_that_the_error_of_the_position_is_assumed(session):
    uvot = placed(catalog="swift-grb-table", name="GRB 150228B", time=START)
    bat = placed(catalog="bat-catalog-summary", name="GRB 150228B", time=START)
    bat |= {"ra": PLACE[0] + 0.04, "error_radius_arcsec": 140.0, "extra": None}
    uvot |= {"extra": '{"position from": "UVOT"}'}
    session.store.insert("swift.grbs", pa.Table.from_pylist([bat, uvot]))

    later = session.follow_ups(
        ["GRB 150228B"], by="chandra", within_arcmin=1, after_days=-1
    )
    place = session.objects.place("GRB 150228B")

    assert [("UVOT", 1.0, True)] == later.select(
        "position_instrument", "error_radius_arcsec", "error_assumed"
    ).rows()
    assert (PLACE[0], 1.0, 0.9, True) == (
        *(place[n] for n in ("ra", "error_radius_arcsec", "error_confidence")),
        place["error_assumed"],
    )


def test_the_archives_follow_ups_are_found_though_no_error_is_written(
    archive, tmp_path
):
    session = connect(tmp_path)
    session.storage.apply()
    catalogues = archive / "swift_bat" / "catalogs"
    for path in (
        catalogues / "swift_grb_table_to_230911C.tsv",
        catalogues / "bat_catalog_summary_general.txt",
        archive / "chandra" / "obs_logs" / "chanmaster_2011-08.tsv",
    ):
        assert () == session.ingest(path).in_state("refused")

    later = session.follow_ups(
        "GRB 060729", by="chandra", within_arcmin=1, within_days=400
    )
    embedded.stop(tmp_path)

    assert 4 == len(later)
    assert later["error_assumed"].all()
    assert {"UVOT"} == set(later["position_instrument"])
    assert pl.Float64 == later.schema["error_radius_arcsec"]
