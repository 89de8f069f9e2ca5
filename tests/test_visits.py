"""Who looked at a place and when: equal to brute force over intervals and fields."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import healpix, separation_deg

START = datetime(2015, 6, 1)  # noqa: DTZ001 - TT
RA, DEC = 210.0, -35.0
LOOKS = 25


@pytest.fixture(scope="module")
def pointed(orbital, holding):
    """Return a session and, by observatory, its pointings and good times at random."""
    rng = np.random.default_rng(12)
    tables = {}
    for name, detector in (("swift", "XRT"), ("chandra", "ACIS-S")):
        ra, dec = (
            RA + rng.uniform(-0.4, 0.4, LOOKS),
            DEC + rng.uniform(-0.3, 0.3, LOOKS),
        )
        begin = rng.uniform(0, 200_000, LOOKS)
        logs = [
            {
                "obs_id": f"{name[0]}{k:03d}",
                "object": "SAA-COLD-1" if k == 3 else "Field",
                "ra": ra[k],
                "dec": dec[k],
                "healpix": int(healpix([ra[k]], [dec[k]])[0]),
                "time": START + timedelta(seconds=begin[k]),
                "time_stop": START + timedelta(seconds=begin[k] + 9_000),
                "instrument": detector,
                "exposure_s": 0.0 if k == 4 else 5_000.0,
                "simulated": True,
            }
            for k in range(LOOKS)
        ]
        good = [
            {
                "obs_id": log["obs_id"],
                "object": log["object"],
                "ra": log["ra"],
                "dec": log["dec"],
                "time": log["time"] + timedelta(seconds=first),
                "time_stop": log["time"] + timedelta(seconds=first + 2_500),
                "kind": "slew" if k == 5 else "gti",
                "instrument": detector,
                "time_rule": "chandra-tdb" if k == 6 else "chandra-tt",
                "simulated": True,
            }
            for k, log in enumerate(logs)
            if k != 7
            for first in (0, 5_000)
        ]
        tables[name] = (logs, good)

    def arrow(rows):
        return pl.DataFrame(
            rows,
            schema_overrides={n: pl.Datetime("ns") for n in ("time", "time_stop")},
        ).to_arrow()

    with (
        holding("swift.observations", arrow(tables["swift"][0]), "obs_id"),
        holding("swift.intervals", arrow(tables["swift"][1]), "obs_id"),
        holding("chandra.observations", arrow(tables["chandra"][0]), "obs_id"),
        holding("chandra.intervals", arrow(tables["chandra"][1]), "obs_id"),
    ):
        yield orbital, tables


def _counts_as_look(row):
    return (
        row["kind"] == "gti"
        and row["time_rule"] != "chandra-tdb"
        and not row["object"].startswith("SAA")
    )


def test_simultaneous_equals_brute_force(pointed):
    orbital, tables = pointed
    expected = []
    for a in filter(_counts_as_look, tables["swift"][1]):
        for b in filter(_counts_as_look, tables["chandra"][1]):
            low, high = max(a["time"], b["time"]), min(a["time_stop"], b["time_stop"])
            apart = 60 * separation_deg(a["ra"], a["dec"], [b["ra"]], [b["dec"]])[0]
            if low < high and apart <= 12:
                expected.append((a["obs_id"], b["obs_id"], low, high))

    rows = orbital.simultaneous(
        "swift", "chandra", start="2015-05-30", stop="2015-07-01"
    )

    shared = rows.select("obs_id_a", "obs_id_b", "time", "time_stop").rows()
    assert len(expected) > 3
    assert sorted(expected) == sorted(shared)


def test_visits_equal_brute_force_and_count_what_is_no_look(pointed):
    orbital, tables = pointed
    answer = orbital.visits((RA, DEC), by=["swift"])

    logs, good = tables["swift"]
    near = {
        log["obs_id"]
        for log in logs
        if 60 * separation_deg(RA, DEC, [log["ra"]], [log["dec"]])[0]
        <= 23.6 / np.sqrt(np.pi)
        and log["exposure_s"] > 0
        and not log["object"].startswith("SAA")
    }
    expected = sorted(
        (row["obs_id"], row["time"])
        for row in good
        if row["obs_id"] in near and _counts_as_look(row)
    )
    by_intervals = answer.rows.filter(good_time="intervals")
    assert expected == sorted(by_intervals.select("obs_id", "time").rows())
    assert {2_500.0} == set(by_intervals["good_s"])


def test_a_look_without_intervals_lasts_as_long_as_its_log_says(pointed):
    orbital, tables = pointed
    log = tables["swift"][0][7]
    looks = orbital.visits((log["ra"], log["dec"]), by=["swift"]).rows
    (look,) = looks.filter(obs_id=log["obs_id"]).to_dicts()

    assert ("observation", 5_000.0) == (look["good_time"], look["good_s"])
    assert timedelta(seconds=9_000) == look["time_stop"] - look["time"]


def test_first_and_last_look_are_those_of_the_rows(pointed):
    orbital, _ = pointed
    answer = orbital.visits((RA, DEC))

    for row in answer.summary.iter_rows(named=True):
        rows = answer.rows.filter(observatory=row["observatory"])
        assert rows["time"].min() == row["first_look"]
        assert rows["time_stop"].max() == row["last_look"]
        assert len(rows) == row["looks"]


def test_nobody_looked_at_an_empty_place(pointed):
    orbital, _ = pointed

    assert 0 == len(orbital.visits((10.0, 80.0)).rows)
    with pytest.raises(QueryError, match="give \\(ra, dec\\)"):
        orbital.visits("no such object")
    with pytest.raises(QueryError, match="did you mean swift"):
        orbital.visits((10.0, 80.0), by=["swft"])
