"""A photon is stored once, and an exposure once, whatever files of an ObsID carry them."""

import itertools

import numpy as np
import pytest
from astropy.io import fits

from orbital_kernel import connect, embedded
from orbital_kernel.model.predicate import Clause, Equal

CLOCK = {
    "TELESCOP": "CHANDRA",
    "INSTRUME": "ACIS",
    "OBJECT": "simulated",
    "TIMESYS": "TT",
    "MJDREF": 50814.0,
}
FRAME_S = 3.2
NUMBERS = itertools.count(90_001)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    session = connect(tmp_path_factory.mktemp("photons"))
    session.storage.apply()
    yield session
    embedded.stop(session.home)


@pytest.fixture
def obs_id():
    return str(next(NUMBERS))


def photons(frames, *, first=0, seed=1):
    """Return photons of so many frames of 3.2 s, ten in each, over a chip."""
    chance = np.random.default_rng(seed)
    count = 10 * frames
    table = np.zeros(
        count,
        np.dtype(
            {
                "names": ["time", "x", "y", "ccd_id", "pi", "energy"],
                "formats": [">f8", ">f4", ">f4", ">i2", ">i4", ">f4"],
            }
        ),
    )
    table["time"] = 5e8 + FRAME_S * (first + np.repeat(np.arange(frames), 10))
    table["x"], table["y"] = chance.uniform(3000, 5000, (2, count))
    table["ccd_id"] = 7
    table["pi"] = chance.integers(20, 600, count)
    table["energy"] = table["pi"] * 14.6
    return table


def event_list(path, obs_id, rows, **header):
    path.parent.mkdir(exist_ok=True)
    head = fits.PrimaryHDU()
    head.header["SIMULATE"] = True
    table = fits.BinTableHDU(rows, name="EVENTS")
    table.header.update({**CLOCK, "OBS_ID": obs_id, **header})
    ends = (rows["time"].min(), rows["time"].max() + FRAME_S)
    times = np.array([ends], np.dtype([("START", ">f8"), ("STOP", ">f8")]))
    gti = fits.BinTableHDU(times, name="GTI")
    gti.header.update({**CLOCK, "OBS_ID": obs_id})
    fits.HDUList([head, table, gti]).writeto(path, checksum=True)
    return path


def stored(session, obs_id, table="chandra.events"):
    clauses = [Clause("obs_id", (Equal(obs_id),))]
    return session.store.read(table, clauses).to_pylist()


@pytest.mark.parametrize("new_name", ["evt2.fits", "acis_repro_evt2.fits"])
def test_an_event_list_with_another_header_stores_no_photon_twice(
    platform, obs_id, tmp_path, new_name
):
    rows = photons(20)
    platform.ingest(event_list(tmp_path / "a" / "evt2.fits", obs_id, rows))
    newer = event_list(tmp_path / "b" / new_name, obs_id, rows, HISTORY="again")

    (file,) = platform.ingest(newer).files

    assert (200, 0) == (len(stored(platform, obs_id)), file.rows)
    assert {"inserted": 0, "updated": 0, "unchanged": 200} == file.tables[
        "chandra.events"
    ]
    assert 1 == len(stored(platform, obs_id, "chandra.intervals"))
    assert platform.validate(tmp_path).agrees


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", ["shorter first", "longer first"])
def test_of_a_list_and_a_longer_one_each_photon_is_stored_once(
    platform, obs_id, tmp_path, order, together
):
    longer = photons(30)
    names = ["a", "b"] if order == "shorter first" else ["b", "a"]
    event_list(tmp_path / names[0] / "evt2.fits", obs_id, longer[:200])
    event_list(tmp_path / names[1] / "evt2.fits", obs_id, longer)

    for path in [tmp_path] if together else [tmp_path / "a", tmp_path / "b"]:
        platform.ingest(path)

    times = sorted(row["met_s"] for row in stored(platform, obs_id))
    assert longer["time"].tolist() == times
    assert platform.validate(tmp_path).agrees


def test_photons_processed_again_replace_those_of_before_and_are_counted(
    platform, obs_id, tmp_path
):
    rows = photons(20)
    platform.ingest(event_list(tmp_path / "old" / "old_evt2.fits", obs_id, rows))
    again = rows.copy()
    again["x"] += np.random.default_rng(3).uniform(-0.5, 0.5, len(rows))
    again["pi"] += 3

    (file,) = platform.ingest(
        event_list(tmp_path / "new" / "repro_evt2.fits", obs_id, again)
    ).files

    assert sorted(again["pi"]) == sorted(row["pi"] for row in stored(platform, obs_id))
    assert 200 == sum(file.replaced.values())


CUTS = {
    "a source": lambda rows: rows["x"] < 3400,
    "high energies": lambda rows: rows["pi"] > 300,
    "some minutes": lambda rows: (rows["time"] > 5e8 + 20) & (rows["time"] < 5e8 + 40),
}


@pytest.mark.parametrize("order", ["whole first", "cut-out first"])
@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_out_of_a_list_adds_no_photon_and_no_good_time(
    platform, obs_id, tmp_path, order, cut
):
    rows = photons(20)
    part = rows[CUTS[cut](rows)]
    names = ["a", "b"] if order == "whole first" else ["b", "a"]
    event_list(tmp_path / names[0] / "evt2.fits", obs_id, rows)
    event_list(tmp_path / names[1] / "source.fits", obs_id, part)

    platform.ingest(tmp_path / "a")
    (file,) = platform.ingest(tmp_path / "b").files

    new = 0 if order == "whole first" else len(rows) - len(part)
    counts = {"inserted": new, "updated": 0, "unchanged": len(part)}
    assert counts == file.tables["chandra.events"]
    assert sorted(rows["pi"]) == sorted(row["pi"] for row in stored(platform, obs_id))
    (good,) = stored(platform, obs_id, "chandra.intervals")
    ends = good["met_start_s"], good["met_stop_s"]
    assert ends == (rows["time"][0], rows["time"][-1] + FRAME_S)
    assert platform.validate(tmp_path).agrees


def test_a_list_offered_after_its_halves_is_counted_once(platform, obs_id, tmp_path):
    rows = photons(20)
    for name, half in (("west", rows["x"] < 4000), ("east", rows["x"] >= 4000)):
        event_list(tmp_path / name / f"{name}.fits", obs_id, rows[half])
        platform.ingest(tmp_path / name)

    (file,) = platform.ingest(
        event_list(tmp_path / "w" / "evt2.fits", obs_id, rows)
    ).files

    assert 0 == file.rows
    for table, count in (("events", 200), ("intervals", 1)):
        counts = {"inserted": 0, "updated": 0, "unchanged": count}
        assert counts == file.tables[f"chandra.{table}"]
        assert count == len(stored(platform, obs_id, f"chandra.{table}"))


def test_two_sources_cut_out_of_one_list_are_both_stored(platform, obs_id, tmp_path):
    rows = photons(20)
    west, east = rows[rows["x"] < 3500], rows[rows["x"] > 4500]
    platform.ingest(event_list(tmp_path / "a" / "west.fits", obs_id, west))
    platform.ingest(event_list(tmp_path / "b" / "east.fits", obs_id, east))

    assert len(west) + len(east) == len(stored(platform, obs_id))
    assert 1 == len(stored(platform, obs_id, "chandra.intervals"))


def test_parts_of_one_observation_are_both_stored(platform, obs_id, tmp_path):
    platform.ingest(event_list(tmp_path / "a" / "evt2.fits", obs_id, photons(20)))
    later = photons(20, first=1000, seed=2)
    platform.ingest(event_list(tmp_path / "b" / "evt2.fits", obs_id, later))

    assert 400 == len(stored(platform, obs_id))
    assert 2 == len(stored(platform, obs_id, "chandra.intervals"))


def test_a_log_of_intervals_that_has_grown_doubles_no_exposure(platform, tmp_path):
    head = (
        "Begin Time,End Time,Target Name,Observation Number,Exposure (s),Slewtime (s)"
    )
    rows = [
        f"2022-03-28 {hour:02d}:50:00,2022-03-28 {hour + 1:02d}:00:00,OGP,3104295003,600,55"
        for hour in range(8)
    ]
    for name, count in (("early", 5), ("late", 8)):
        (tmp_path / name).mkdir()
        lines = ["# SIMULATED", head, *rows[:count]]
        (tmp_path / name / "flown.csv").write_text("\n".join(lines) + "\n")
        platform.ingest(tmp_path / name)

    starts = [row["time"] for row in stored(platform, "03104295003", "swift.intervals")]
    assert 8 == len(starts) == len({*starts})
